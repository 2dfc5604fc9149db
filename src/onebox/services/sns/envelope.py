"""The notification as subscribers read it: AWS's JSON, to the character, for queues, functions and HTTP.

AWS's order of members and layout (two spaces, `` : ``) are kept, since people compare and grep these bodies.

Where the origin has a signer, ``Signature`` is an RSA signature and ``SigningCertURL`` the address of its certificate.
Elsewhere the member is present, so that readers who expect it find it, and holds a plain digest of the message's id
(SHA-1, or SHA-256 for SignatureVersion 2), in base64; no certificate is served at its ``SigningCertURL``, so that a
verifying library refuses the message at once. FIFO topics carry no signature in AWS either.
AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from datetime import datetime, timezone
from functools import lru_cache, partial
from typing import NamedTuple

import orjson

from onebox.services.context import Wire
from onebox.services.sns.model import Message
from onebox.services.sns.signing import Signer

_NO_CERTIFICATE_PATH = "/SimpleNotificationService-unsigned.pem"


class Origin(NamedTuple):
    """Where and when something was published: what every envelope of a request says."""

    topic_arn: str
    now_ms: int
    endpoint_url: str
    signature_version: str
    """Empty for FIFO topics, which carry no signature."""
    signer: Signer | None = None

    def sign(self, message_id: str, make_text: Callable[[], str]) -> str:
        """The signature of AWS's string to sign, which ``make_text`` makes; or the digest that stands for it."""
        if self.signer is not None:
            return self.signer.sign(make_text(), self.signature_version)
        return _digest_of(message_id, self.signature_version)

    @property
    def certificate_url(self) -> str:
        path = _NO_CERTIFICATE_PATH if self.signer is None else self.signer.certificate_path
        return self.endpoint_url + path


class Envelope:
    """The envelope of all notifications of one publication to one subscription."""

    __slots__ = ("_certificate", "_origin", "_timestamp", "_unsubscribe")

    def __init__(self, origin: Origin, subscription_arn: str) -> None:
        self._origin = origin
        self._timestamp = iso_milliseconds(origin.now_ms)
        self._certificate = origin.certificate_url
        self._unsubscribe = f"{origin.endpoint_url}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}"

    def wrap(self, message: Message, body: str) -> str:
        """One notification with its text."""
        origin = self._origin
        number = "" if message.sequence is None else f'  "SequenceNumber" : "{message.sequence}",\n'
        subject = "" if message.subject is None else f'  "Subject" : {_json(message.subject)},\n'
        signature = self._signature_lines(message, body) if origin.signature_version else ""
        attributes = _attribute_lines(message.attributes) if message.attributes else ""
        return (
            f'{{\n  "Type" : "Notification",\n  "MessageId" : "{message.message_id}",\n{number}'
            f'  "TopicArn" : "{origin.topic_arn}",\n{subject}  "Message" : {_json(body)},\n'
            f'  "Timestamp" : "{self._timestamp}",\n{signature}'
            f'  "UnsubscribeURL" : "{self._unsubscribe}"{attributes}\n}}'
        )

    def _signature_lines(self, message: Message, body: str) -> str:
        origin = self._origin
        make_text = partial(_notification_to_sign, message, body, origin.topic_arn, self._timestamp)
        signature = origin.sign(message.message_id, make_text)
        return (
            f'  "SignatureVersion" : "{origin.signature_version}",\n  "Signature" : "{signature}",\n'
            f'  "SigningCertURL" : "{self._certificate}",\n'
        )


def notification(message: Message, body: str, origin: Origin, subscription_arn: str) -> str:
    """The envelope of a single notification."""
    return Envelope(origin, subscription_arn).wrap(message, body)


def confirmation(origin: Origin, token: str, message_id: str) -> str:
    """The SubscriptionConfirmation that an HTTP endpoint receives first."""
    topic_arn, now_ms, endpoint_url, signature_version, _ = origin
    text = (
        f"You have chosen to subscribe to the topic {topic_arn}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    url = confirmation_url(topic_arn, token, endpoint_url)
    timestamp = iso_milliseconds(now_ms)
    to_sign = (
        f"Message\n{text}\nMessageId\n{message_id}\nSubscribeURL\n{url}\nTimestamp\n{timestamp}\n"
        f"Token\n{token}\nTopicArn\n{topic_arn}\nType\nSubscriptionConfirmation\n"
    )
    members = {
        "Type": "SubscriptionConfirmation",
        "MessageId": message_id,
        "Token": token,
        "TopicArn": topic_arn,
        "Message": text,
        "SubscribeURL": url,
        "Timestamp": timestamp,
        "SignatureVersion": signature_version or "1",
        "Signature": origin.sign(message_id, lambda: to_sign),
        "SigningCertURL": origin.certificate_url,
    }
    return "{\n" + ",\n".join(f'  "{name}" : {_json(value)}' for name, value in members.items()) + "\n}"


def confirmation_url(topic_arn: str, token: str, endpoint_url: str) -> str:
    """The link that confirms a subscription; it needs no credentials."""
    return f"{endpoint_url}/?Action=ConfirmSubscription&TopicArn={topic_arn}&Token={token}"


def lambda_event(message: Message, body: str, origin: Origin, subscription_arn: str) -> bytes:
    """The event of a function: one record, with AWS's own spellings (``SigningCertUrl``)."""
    topic_arn, now_ms, endpoint_url, _, _ = origin
    timestamp = iso_milliseconds(now_ms)
    notice = {
        "Type": "Notification",
        "MessageId": message.message_id,
        "TopicArn": topic_arn,
        "Subject": message.subject,
        "Message": body,
        "Timestamp": timestamp,
        "SignatureVersion": "1",  # on AWS too, even where the topic's is 2 and the signature made so
        "Signature": origin.sign(
            message.message_id, partial(_notification_to_sign, message, body, topic_arn, timestamp)
        ),
        "SigningCertUrl": origin.certificate_url,
        "UnsubscribeUrl": f"{endpoint_url}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}",
        "MessageAttributes": {
            name: {"Type": attribute["DataType"], "Value": attribute_text(attribute)}
            for name, attribute in message.attributes.items()
        },
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "Sns": notice,
    }
    return orjson.dumps({"Records": [record]})


def _notification_to_sign(message: Message, body: str, topic_arn: str, timestamp: str) -> str:
    subject = f"Subject\n{message.subject}\n" if message.subject is not None else ""
    return (
        f"Message\n{body}\nMessageId\n{message.message_id}\n{subject}"
        f"Timestamp\n{timestamp}\nTopicArn\n{topic_arn}\nType\nNotification\n"
    )


def attribute_text(attribute: Wire) -> str:
    """A message attribute's value as JSON shows it: text, or base64 of bytes."""
    if "BinaryValue" in attribute:
        return base64.b64encode(attribute["BinaryValue"]).decode()
    text: str = attribute["StringValue"]
    return text


def iso_milliseconds(moment_ms: int) -> str:
    """``2026-11-23T07:29:16.123Z``."""
    return f"{_iso_second(moment_ms // 1000)}.{moment_ms % 1000:03d}Z"


@lru_cache(maxsize=8)
def _iso_second(moment_s: int) -> str:
    return datetime.fromtimestamp(moment_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def _attribute_lines(attributes: Wire) -> str:
    lines = [
        f'    {_json(name)} : {{"Type":{_json(attribute["DataType"])},"Value":{_json(attribute_text(attribute))}}}'
        for name, attribute in attributes.items()
    ]
    return ',\n  "MessageAttributes" : {\n' + ",\n".join(lines) + "\n  }"


def _json(text: str) -> str:
    return orjson.dumps(text).decode()


def _digest_of(message_id: str, signature_version: str) -> str:
    # Not a signature (see above), so that SHA-1 is AWS's choice and protects nothing.
    algorithm = hashlib.sha256 if signature_version == "2" else hashlib.sha1
    return binascii.b2a_base64(algorithm(message_id.encode()).digest(), newline=False).decode()
