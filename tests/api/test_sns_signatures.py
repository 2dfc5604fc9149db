"""Goal: who verifies a notification by the algorithm that AWS documents, with the certificate served, finds it good.

AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
"""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from onebox.testing import EngineThread
from tests.api.lambda_support import log_messages, make_function, make_queue
from tests.api.test_sns_http import Endpoint
from tests.polling import PATIENCE_S, until

Client = Callable[..., Any]
SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def verify(envelope: dict[str, Any], version: str) -> None:
    """Raise InvalidSignature unless the message is signed by the certificate that it names."""
    url = envelope.get("SigningCertURL") or envelope["SigningCertUrl"]
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        key = load_pem_x509_certificate(answer.read()).public_key()
    assert isinstance(key, RSAPublicKey)
    assert key.key_size == 2048
    text = "".join(f"{name}\n{envelope[name]}\n" for name in SIGNED if envelope.get(name) is not None)
    algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
    key.verify(base64.b64decode(envelope["Signature"]), text.encode(), PKCS1v15(), algorithm)


def received(client: Client, url: str) -> dict[str, Any]:
    sqs = client("sqs")
    (message,) = until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages"), "the message")
    envelope: dict[str, Any] = json.loads(message["Body"])
    return envelope


def subscribed_queue(client: Client, topic: str) -> str:
    url, arn = make_queue(client)
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


@pytest.mark.parametrize("version", ["1", "2"])
def test_topics_that_set_the_version_sign_for_queues(client: Client, version: str) -> None:
    sns = client("sns")
    topic = sns.create_topic(Name="t", Attributes={"SignatureVersion": version})["TopicArn"]
    url = subscribed_queue(client, topic)
    sns.publish(TopicArn=topic, Message="täxt\n", Subject="a subject")
    envelope = received(client, url)
    assert envelope["SignatureVersion"] == version
    verify(envelope, version)
    for name in ("Message", "Subject", "Timestamp"):
        with pytest.raises(InvalidSignature):
            verify({**envelope, name: envelope[name] + "x"}, version)


def test_functions_get_signatures_that_say_version_1(client: Client) -> None:
    sns = client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="2")
    function = make_function(
        client, "import json\ndef handler(event, context):\n    print('GOT ' + json.dumps(event))\n"
    )
    client("lambda").add_permission(
        FunctionName="function", StatementId="sns", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com"
    )
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function["FunctionArn"])
    sns.publish(TopicArn=topic, Message="m")
    (line,) = until(lambda: [line for line in log_messages(client) if line.startswith("GOT ")], "the event")
    notice = json.loads(line[4:])["Records"][0]["Sns"]
    assert notice["SignatureVersion"] == "1"
    verify(notice, "2")


def test_whatever_goes_to_http_endpoints_is_signed(client: Client) -> None:
    endpoint = Endpoint()
    sns = client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    confirmation = json.loads(endpoint.next()[1])
    verify(confirmation, "1")
    sns.confirm_subscription(TopicArn=topic, Token=confirmation["Token"])
    sns.publish(TopicArn=topic, Message="m")
    verify(json.loads(endpoint.next()[1]), "1")
    endpoint.close()


def test_topics_that_do_not_set_it_name_no_certificate(client: Client) -> None:
    topic = client("sns").create_topic(Name="t")["TopicArn"]
    url = subscribed_queue(client, topic)
    client("sns").publish(TopicArn=topic, Message="m")
    with pytest.raises(HTTPError):
        verify(received(client, url), "1")


def test_the_key_outlives_a_restart(tmp_path: Path) -> None:
    with EngineThread(data=tmp_path) as engine:
        topic = engine.client("sns").create_topic(Name="t", Attributes={"SignatureVersion": "2"})["TopicArn"]
        url = subscribed_queue(engine.client, topic)
        engine.client("sns").publish(TopicArn=topic, Message="before")
        before = received(engine.client, url)
    with EngineThread(data=tmp_path) as engine:
        engine.client("sns").publish(TopicArn=topic, Message="after")
        after = received(engine.client, url)
        path = before["SigningCertURL"].partition("/_onebox")[2]
        assert after["SigningCertURL"].endswith(path)
        verify({**before, "SigningCertURL": after["SigningCertURL"]}, "2")
