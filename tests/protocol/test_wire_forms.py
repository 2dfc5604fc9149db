"""Goal: a running onebox understands, on its one port, every form in which SDKs address a service: SQS in JSON and
in its query form, CloudWatch in CBOR, JSON and query."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import boto3
import cbor2
import orjson
import pytest

from onebox.testing import EngineThread

Make = Callable[..., Any]
SQS = "{http://queue.amazonaws.com/doc/2012-11-05/}"
CLOUDWATCH = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"


class Wire:
    """Sends plain HTTP in the name of an account."""

    def __init__(self, engine: EngineThread, account: str) -> None:
        self._address = urlsplit(engine.endpoint_url).netloc
        self._account = account

    def send(
        self, signing_name: str, body: bytes, headers: dict[str, str], path: str = "/"
    ) -> tuple[int, dict[str, str], bytes]:
        scope = f"{self._account}/20260102/us-east-1/{signing_name}/aws4_request"
        authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        connection = http.client.HTTPConnection(self._address)
        connection.request("POST", path, body, {"Authorization": authorization, **headers})
        response = connection.getresponse()
        return response.status, {key.lower(): value for key, value in response.getheaders()}, response.read()

    def query(self, signing_name: str, path: str = "/", **parameters: Any) -> tuple[int, ElementTree.Element]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _, body = self.send(signing_name, urlencode(parameters).encode(), headers, path)
        return status, ElementTree.fromstring(body)


@pytest.fixture
def wire(onebox: EngineThread, account: str) -> Wire:
    return Wire(onebox, account)


def test_sqs_query_form_sends_and_receives_what_json_sees(wire: Wire, client: Make) -> None:
    text = 'a < b & "c" %+ é\n'
    _, created = wire.query("sqs", Action="CreateQueue", QueueName="older")
    url = created.findtext(f"{SQS}CreateQueueResult/{SQS}QueueUrl")
    attribute = {"MessageAttribute.1.Name": "n", "MessageAttribute.1.Value.DataType": "String"}
    sent = {**attribute, "MessageAttribute.1.Value.StringValue": "v"}

    status, answer = wire.query("sqs", urlsplit(str(url)).path, Action="SendMessage", MessageBody=text, **sent)
    newer = client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0)
    _, older = wire.query("sqs", Action="ReceiveMessage", QueueUrl=url, **{"MessageAttributeName.1": "All"})

    message = older.find(f"{SQS}ReceiveMessageResult/{SQS}Message")
    assert status == 200
    assert message is not None
    assert newer["Messages"][0]["Body"] == message.findtext(f"{SQS}Body") == text
    assert newer["Messages"][0]["MessageAttributes"]["n"]["StringValue"] == "v"
    assert message.findtext(f"{SQS}MessageAttribute/{SQS}Value/{SQS}StringValue") == "v"
    sent_id = answer.findtext(f"{SQS}SendMessageResult/{SQS}MessageId")
    assert newer["Messages"][0]["MessageId"] == sent_id


def test_sqs_missing_queue_is_named_in_each_forms_words(wire: Wire) -> None:
    headers = {"X-Amz-Target": "AmazonSQS.GetQueueUrl", "Content-Type": "application/x-amz-json-1.0"}

    status, answer_headers, body = wire.send("sqs", b'{"QueueName":"missing"}', headers)
    query_status, answer = wire.query("sqs", Action="GetQueueUrl", QueueName="missing")

    assert (status, orjson.loads(body)["__type"]) == (400, "com.amazonaws.sqs#QueueDoesNotExist")
    assert answer_headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert query_status == 400
    assert answer.findtext(f"{SQS}Error/{SQS}Code") == "AWS.SimpleQueueService.NonExistentQueue"


def _through_query(wire: Wire, operation: str) -> str | None:
    _, answer = wire.query("monitoring", Action=operation, Namespace="Wire")
    return answer.findtext(
        f"{CLOUDWATCH}{operation}Result/{CLOUDWATCH}Metrics/{CLOUDWATCH}member/{CLOUDWATCH}MetricName"
    )


def _through_json(wire: Wire, operation: str) -> str | None:
    headers = {
        "X-Amz-Target": f"GraniteServiceVersion20100801.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
    }
    content = orjson.loads(wire.send("monitoring", b'{"Namespace":"Wire"}', headers)[2])
    name: str = content["Metrics"][0]["MetricName"]
    return name


def _through_cbor(wire: Wire, operation: str) -> str | None:
    path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    _, answer_headers, body = wire.send("monitoring", cbor2.dumps({"Namespace": "Wire"}), headers, path)
    assert answer_headers["smithy-protocol"] == "rpc-v2-cbor"
    name: str = cbor2.loads(body)["Metrics"][0]["MetricName"]
    return name


@pytest.mark.parametrize("through", [_through_query, _through_json, _through_cbor])
def test_cloudwatch_answers_in_the_protocol_of_the_request(
    wire: Wire, client: Make, through: Callable[[Wire, str], str | None]
) -> None:
    client("cloudwatch").put_metric_data(Namespace="Wire", MetricData=[{"MetricName": "m", "Value": 1.5}])

    assert through(wire, "ListMetrics") == "m"


def test_compressed_request_signed_by_a_role_is_accepted(onebox: EngineThread, client: Make, account: str) -> None:
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
    )
    allow = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudwatch:*","Resource":"*"}]}'
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]
    client("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=allow)
    issued = client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]
    session = boto3.Session(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"], "us-east-1")
    cloudwatch = session.client("cloudwatch", endpoint_url=onebox.endpoint_url)

    # botocore compresses bodies of more than 10 KB, and signs what it sends.
    data = [{"MetricName": f"metric-{number:0100}", "Value": 1.0} for number in range(200)]
    cloudwatch.put_metric_data(Namespace="Compressed", MetricData=data)

    assert len(client("cloudwatch").list_metrics(Namespace="Compressed")["Metrics"]) == 200
