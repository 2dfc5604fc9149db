"""Goal: SQS's query protocol answers as AWS does where it differs from the JSON protocol, and from other services."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest

from onebox.testing import EngineThread


class QueryClient:
    """Sends query requests as an old SDK does."""

    def __init__(self, onebox: EngineThread, account: str) -> None:
        self._endpoint = onebox.endpoint_url
        scope = f"{account}/20260101/us-east-1/sqs/aws4_request"
        self._authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x"
        self.account = account

    def call(
        self, method: str, path: str = "/", headers: dict[str, str] | None = None, **parameters: str
    ) -> tuple[int, str]:
        """Status and body of the answer."""
        form = urlencode({"Version": "2012-11-05", **parameters}) if parameters else ""
        url = f"{self._endpoint}{path}" + (f"?{form}" if method == "GET" and form else "")
        request = urllib.request.Request(
            url,
            data=form.encode() if method == "POST" else None,
            method=method,
            headers={
                "Authorization": self._authorization,
                "Content-Type": "application/x-www-form-urlencoded",
                **(headers or {}),
            },
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture
def query(onebox: EngineThread, account: str) -> QueryClient:
    client = QueryClient(onebox, account)
    assert client.call("POST", Action="CreateQueue", QueueName="q")[0] == 200
    return client


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_get_of_a_queue_without_an_action_is_an_unknown_operation(query: QueryClient, accept: str) -> None:
    answer = query.call("GET", f"/{query.account}/q", {"Accept": accept})
    assert answer == (404, "<UnknownOperationException/>\n")


@pytest.mark.parametrize("action", ["CreateQueue", "ListQueues"])
def test_get_of_a_queue_takes_no_action_of_the_account(query: QueryClient, action: str) -> None:
    status, body = query.call("GET", f"/{query.account}/q", Action=action, QueueName="r")
    assert status == 400
    assert "<Code>InvalidAction</Code>" in body
    assert f"<Message>The action {action} is not valid for this endpoint.</Message>" in body


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_queue_that_is_not_there_is_named_as_for_this_wsdl_version(query: QueryClient, method: str) -> None:
    status, body = query.call(method, f"/{query.account}/none", Action="ReceiveMessage")
    assert status == 400
    assert "<Code>AWS.SimpleQueueService.NonExistentQueue</Code>" in body
    assert "<Message>The specified queue does not exist for this wsdl version.</Message>" in body


def test_queue_url_may_be_a_bare_name(query: QueryClient, client: Any) -> None:
    status, _ = query.call("POST", Action="SendMessage", QueueUrl="q", MessageBody="x")
    assert status == 200
    sqs = client("sqs")
    assert sqs.receive_message(QueueUrl="q")["Messages"][0]["Body"] == "x"
    assert sqs.get_queue_attributes(QueueUrl="q", AttributeNames=["QueueArn"])["Attributes"]
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        client("sqs", region="eu-west-1").receive_message(QueueUrl="q")


@pytest.mark.parametrize("action", ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_batch_without_entries_is_an_empty_batch(query: QueryClient, action: str) -> None:
    status, body = query.call("POST", f"/{query.account}/q", Action=action)
    assert status == 400
    assert "<Code>AWS.SimpleQueueService.EmptyBatchRequest</Code>" in body


def test_empty_result_is_one_element(query: QueryClient) -> None:
    status, body = query.call("GET", f"/{query.account}/q", Action="ReceiveMessage")
    assert status == 200
    assert "<ReceiveMessageResult/>" in body


def test_accept_json_is_answered_in_json(query: QueryClient) -> None:
    accept = {"Accept": "application/json"}
    status, body = query.call("GET", "/", accept, Action="ListQueues")
    assert status == 200
    answer = json.loads(body)["ListQueuesResponse"]
    assert [url.rpartition("/")[2] for url in answer["ListQueuesResult"]["queueUrls"]] == ["q"]
    assert answer["ResponseMetadata"]["RequestId"]

    path = f"/{query.account}/q"
    query.call("POST", path, Action="SendMessage", MessageBody="x")
    _, body = query.call("GET", path, accept, Action="ReceiveMessage")
    (message,) = json.loads(body)["ReceiveMessageResponse"]["ReceiveMessageResult"]["messages"]
    assert message["Body"] == "x"

    status, body = query.call("GET", f"/{query.account}/none", accept, Action="ReceiveMessage")
    assert status == 400
    assert json.loads(body)["Error"] == {
        "Code": "AWS.SimpleQueueService.NonExistentQueue",
        "Message": "The specified queue does not exist for this wsdl version.",
        "Type": "Sender",
    }
    status, body = query.call("GET", "/", Action="ListQueues")
    assert body.startswith('<?xml version="1.0"?><ListQueuesResponse')
