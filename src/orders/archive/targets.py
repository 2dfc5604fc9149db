"""The queue or topic that receives a replay.

A queue receives what SNS would deliver, so that its reader finds what it always finds; a topic receives the message
with its attributes, as the shop published it.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orders.archive.notification import Notification, to_envelope
from orders.archive.ports import Refused, Target
from orders.aws.clients import Aws, error_code
from orders.domain.sizes import MESSAGE_BYTES_MAX, QUEUE_BYTES_MAX
from orders.errors import OperatorError, OrderUnavailable


def find_target(aws: Aws, name: str, *, raw: bool) -> Target:
    """The queue or topic of this name or ARN. A queue is looked for first. Raises OperatorError if there is none."""
    service, _, resource = (
        name.removeprefix(f"arn:{aws.partition}:").partition(":")
        if name.startswith("arn:")
        else (
            "",
            "",
            name,
        )
    )
    if service not in ("", "sqs", "sns"):
        raise OperatorError(f"{name} is neither a queue nor a topic", "Give the name or the ARN of a queue or a topic.")
    short = resource.rpartition(":")[2]
    url = _find_queue(aws, short) if service != "sns" else None
    if url is not None:
        return QueueTarget(aws, short, url, raw=raw)
    arn = name if service == "sns" else aws.arn("sns", short)
    if service != "sqs" and _is_topic(aws, arn):
        return TopicTarget(aws, short, arn)
    raise OperatorError(f"there is no queue and no topic {name}", "Give the name or the ARN of a queue or a topic.")


def _find_queue(aws: Aws, name: str) -> str | None:
    from botocore.exceptions import ClientError

    try:
        return str(aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])
    except ClientError as error:
        code = error_code(error)
        if "NonExistentQueue" in code or "QueueDoesNotExist" in code or "InvalidParameterValue" in code:
            return None
        raise


def _is_topic(aws: Aws, arn: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        aws.client("sns").get_topic_attributes(TopicArn=arn)
    except ClientError as error:
        if error_code(error) in ("NotFound", "NotFoundException", "InvalidParameter", "InvalidParameterException"):
            return False
        raise
    return True


class QueueTarget:
    """Sends SNS's envelope, or with ``raw`` the message and its attributes."""

    bytes_max = QUEUE_BYTES_MAX

    def __init__(self, aws: Aws, name: str, url: str, *, raw: bool) -> None:
        self.name = name
        self._sqs = aws.client("sqs")
        self._url = url
        self._raw = raw

    def size_of(self, notification: Notification) -> int:
        size = len(self._body(notification).encode("utf-8", "surrogatepass"))
        return size + _attributes_size(notification) if self._raw else size

    def send(self, notifications: Sequence[Notification]) -> list[Refused | None]:
        entries = []
        for position, one in enumerate(notifications):
            attributes = {"MessageAttributes": _to_wire(one.attributes)} if self._raw and one.attributes else {}
            entries.append({"Id": str(position), "MessageBody": self._body(one), **attributes})
        return _ask(len(entries), lambda: self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries), self.name)

    def _body(self, notification: Notification) -> str:
        return notification.message if self._raw else to_envelope(notification)


class TopicTarget:
    """Publishes the message with its attributes. Each copy is a new notification with an id of its own."""

    bytes_max = MESSAGE_BYTES_MAX

    def __init__(self, aws: Aws, name: str, arn: str) -> None:
        self.name = name
        self._sns = aws.client("sns")
        self._arn = arn

    def size_of(self, notification: Notification) -> int:
        return len(notification.message.encode("utf-8", "surrogatepass")) + _attributes_size(notification)

    def send(self, notifications: Sequence[Notification]) -> list[Refused | None]:
        entries: list[dict[str, Any]] = []
        for position, one in enumerate(notifications):
            entry: dict[str, Any] = {"Id": str(position), "Message": one.message}
            if one.attributes:
                entry["MessageAttributes"] = _to_wire(one.attributes)
            if one.subject is not None:
                entry["Subject"] = one.subject
            entries.append(entry)
        return _ask(
            len(entries),
            lambda: self._sns.publish_batch(TopicArn=self._arn, PublishBatchRequestEntries=entries),
            self.name,
        )


def _ask(count: int, call: Callable[[], Mapping[str, Any]], name: str) -> list[Refused | None]:
    """The answer for each entry, whose ids are their positions."""
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

    try:
        failed = call().get("Failed", [])
    except ClientError as error:
        code = error_code(error)
        message = str(error.response["Error"].get("Message", code))
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500 or _is_throttling(code):
            raise OrderUnavailable(message, code) from error
        raise OperatorError(f"{name} refuses the call: {code}: {message}") from error
    except (ConnectionError, HTTPClientError) as error:
        raise OrderUnavailable(str(error), type(error).__name__) from error
    except BotoCoreError as error:
        raise OperatorError(str(error), "Check the credentials and their permissions.") from error
    answers: list[Refused | None] = [None] * count
    for one in failed:
        retryable = not one["SenderFault"] or _is_throttling(one["Code"])
        answers[int(one["Id"])] = Refused(one["Code"], one.get("Message") or one["Code"], retryable)
    return answers


def _is_throttling(code: str) -> bool:
    return "Throttl" in code or code in ("RequestLimitExceeded", "TooManyRequestsException", "InternalError")


def _to_wire(attributes: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    return {name: _attribute_to_wire(value["Type"], value["Value"]) for name, value in attributes.items()}


def _attribute_to_wire(kind: str, value: str) -> dict[str, Any]:
    if kind.partition(".")[0] == "Binary":
        return {"DataType": kind, "BinaryValue": base64.b64decode(value)}
    return {"DataType": kind, "StringValue": value}


def _attributes_size(notification: Notification) -> int:
    return sum(
        len(name.encode()) + len(value["Type"]) + len(value["Value"].encode("utf-8", "surrogatepass"))
        for name, value in notification.attributes.items()
    )
