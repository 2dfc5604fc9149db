"""Goal: what a client was told is made is there, and works, after SIGKILL at that very moment.

Each thing has a process of its own life: made, killed with the answer, there again in the last life.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.api.cloudformation_templates import every_type
from tests.api.dynamodb_support import create_table
from tests.api.lambda_support import log_messages, make_function, make_role, zipped
from tests.api.test_cloudformation_more_types import template as newer_types
from tests.api.test_s3_notifications import open_queue, records, to_queue
from tests.api.test_s3_notifications import received as queue_received
from tests.api.test_sns_signatures import received, subscribed_queue, verify
from tests.crash.test_power_loss_of_code import onebox
from tests.polling import PATIENCE_S, until

Client = Callable[..., Any]
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
ECHO = "import json\ndef handler(event, context):\n    print('GOT ' + json.dumps(event))\n    return event\n"
QUERY = "stats count(*) by @message"


class Thing(NamedTuple):
    """Something to make, and the check that it is there and works. The check gets what making it gave."""

    name: str
    make: Callable[[Client], Any]
    check: Callable[[Client, Any], None]


def stream_mapping(client: Client) -> str:
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    create_table(client("dynamodb"), "Mapped", StreamSpecification=stream)
    arn = client("dynamodb").describe_table(TableName="Mapped")["Table"]["LatestStreamArn"]
    make_function(client, ECHO, FunctionName="of-the-stream", Role=make_role(client, ADMIN, name="stream"))
    mapping = client("lambda").create_event_source_mapping(
        FunctionName="of-the-stream", EventSourceArn=arn, StartingPosition="TRIM_HORIZON"
    )
    return str(mapping["UUID"])


def check_stream_mapping(client: Client, uuid: str) -> None:
    assert client("lambda").get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    client("dynamodb").put_item(TableName="Mapped", Item={"orderId": {"S": "after the kill"}})
    until(
        lambda: any("after the kill" in line for line in log_messages(client, "/aws/lambda/of-the-stream")),
        "the stream's record in the function",
    )


def function_url(client: Client) -> str:
    make_function(client, ECHO, FunctionName="of-the-url", Role=make_role(client, ADMIN, name="url"))
    client("lambda").add_permission(
        FunctionName="of-the-url",
        StatementId="public",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    return str(client("lambda").create_function_url_config(FunctionName="of-the-url", AuthType="NONE")["FunctionUrl"])


def check_function_url(client: Client, url: str) -> None:
    endpoint = urlsplit(client("lambda").meta.endpoint_url)
    connection = http.client.HTTPConnection(endpoint.netloc, timeout=PATIENCE_S)
    connection.request("GET", "/path", headers={"Host": urlsplit(url).netloc})
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["rawPath"]) == (200, "/path")
    connection.close()


def layer(client: Client) -> str:
    """A function whose layer's version is deleted again."""
    files = zipped({"python/shared.py": "NAME = 'of the layer'\n"})
    arn = client("lambda").publish_layer_version(LayerName="kept", Content={"ZipFile": files})["LayerVersionArn"]
    code = "import shared\ndef handler(event, context):\n    return shared.NAME\n"
    role = make_role(client, ADMIN, name="layers")
    make_function(client, code, FunctionName="of-the-layer", Role=role, Layers=[arn])
    client("lambda").publish_layer_version(LayerName="kept", Content={"ZipFile": files})
    client("lambda").add_layer_version_permission(
        LayerName="kept", VersionNumber=2, StatementId="s", Action="lambda:GetLayerVersion", Principal="*"
    )
    client("lambda").delete_layer_version(LayerName="kept", VersionNumber=1)
    return str(arn)


def check_layer(client: Client, arn: str) -> None:
    api = client("lambda")
    assert [layer["Arn"] for layer in api.get_function_configuration(FunctionName="of-the-layer")["Layers"]] == [arn]
    assert json.loads(api.invoke(FunctionName="of-the-layer")["Payload"].read()) == "of the layer"
    assert [version["Version"] for version in api.list_layer_versions(LayerName="kept")["LayerVersions"]] == [2]
    policy = json.loads(api.get_layer_version_policy(LayerName="kept", VersionNumber=2)["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["s"]


def provisioned(client: Client) -> None:
    code = "import os\ndef handler(event, context):\n    return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\n"
    role = make_role(client, ADMIN, name="provisioned")
    make_function(client, code, FunctionName="of-the-provision", Role=role, Publish=True)
    client("lambda").put_provisioned_concurrency_config(
        FunctionName="of-the-provision", Qualifier="1", ProvisionedConcurrentExecutions=1
    )


def check_provisioned(client: Client, _: None) -> None:
    api, version = client("lambda"), {"FunctionName": "of-the-provision", "Qualifier": "1"}
    until(lambda: api.get_provisioned_concurrency_config(**version)["Status"] == "READY", "the provisioned process")
    assert json.loads(api.invoke(**version)["Payload"].read()) == "provisioned-concurrency"


def signing_topic(client: Client) -> str:
    return str(client("sns").create_topic(Name="signs", Attributes={"SignatureVersion": "2"})["TopicArn"])


def check_signing_topic(client: Client, topic: str) -> None:
    url = subscribed_queue(client, topic)
    client("sns").publish(TopicArn=topic, Message="m")
    verify(received(client, url), "2")


def log_events(client: Client, group: str) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    put_log_event(client, group, "made")


def put_log_event(client: Client, group: str, message: str) -> None:
    logs = client("logs")
    at_ms = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["creationTime"]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": at_ms + 1, "message": message}])


def query(client: Client) -> str:
    log_events(client, "queried")
    at_s = client("logs").describe_log_groups(logGroupNamePrefix="queried")["logGroups"][0]["creationTime"] // 1000
    request = {"logGroupName": "queried", "startTime": at_s - 60, "endTime": at_s + 60, "queryString": QUERY}
    return str(client("logs").start_query(**request)["queryId"])


def check_query(client: Client, query_id: str) -> None:
    def results() -> Any:
        answer = client("logs").get_query_results(queryId=query_id)
        return answer["results"] if answer["status"] == "Complete" else None

    (row,) = until(results, "the query's results")
    assert {field["field"]: field["value"] for field in row} == {"@message": "made", "count(*)": "1"}


def query_definition(client: Client) -> str:
    return str(client("logs").put_query_definition(name="d", queryString=QUERY)["queryDefinitionId"])


def check_query_definition(client: Client, definition_id: str) -> None:
    (found,) = client("logs").describe_query_definitions()["queryDefinitions"]
    assert (found["queryDefinitionId"], found["queryString"]) == (definition_id, QUERY)


def subscription(client: Client) -> None:
    log_events(client, "subscribed")
    make_function(client, ECHO, FunctionName="of-the-log", Role=make_role(client, ADMIN, name="log"))
    arn = client("lambda").get_function(FunctionName="of-the-log")["Configuration"]["FunctionArn"]
    client("lambda").add_permission(
        FunctionName="of-the-log", StatementId="l", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com"
    )
    client("logs").put_subscription_filter(
        logGroupName="subscribed", filterName="f", filterPattern="", destinationArn=arn
    )


def check_subscription(client: Client, _: Any) -> None:
    put_log_event(client, "subscribed", "after the kill")

    def received() -> bool:
        lines = [line for line in log_messages(client, "/aws/lambda/of-the-log") if line.startswith("GOT ")]
        data = [json.loads(line[4:])["awslogs"]["data"] for line in lines]
        return any("after the kill" in gzip.decompress(base64.b64decode(one)).decode() for one in data)

    until(received, "the subscribed event in the function")


def notifications(client: Client) -> tuple[str, str]:
    """Objects whose events wait at the kill: their queue is gone."""
    url, arn = open_queue(client, "told", "000000000000", "told")
    client("s3").create_bucket(Bucket="told")
    configuration = {"QueueConfigurations": [to_queue(arn)]}
    client("s3").put_bucket_notification_configuration(Bucket="told", NotificationConfiguration=configuration)
    client("sqs").delete_queue(QueueUrl=url)
    for key in ("1", "2"):
        client("s3").put_object(Bucket="told", Key=key)
    return url, arn


def check_notifications(client: Client, _: tuple[str, str]) -> None:
    url, _arn = open_queue(client, "told", "000000000000", "told")
    events = records(queue_received(client, url, 2))
    assert [event["s3"]["object"]["key"] for event in events] == ["1", "2"]


def parameter(client: Client) -> None:
    client("ssm").put_parameter(Name="/p", Value="1", Type="String")
    client("ssm").put_parameter(Name="/p", Value="2", Type="String", Overwrite=True)


def check_parameter(client: Client, _: Any) -> None:
    found = client("ssm").get_parameter(Name="/p", WithDecryption=True)["Parameter"]
    assert (found["Value"], found["Version"]) == ("2", 2)


def stack_of(template: Callable[[], str], name: str) -> Thing:
    """A stack that is killed while it is created, and is to be complete in the end, as its template says."""

    def make(client: Client) -> None:
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        client("cloudformation").create_stack(StackName=name, TemplateBody=template(), Capabilities=capabilities)

    def check(client: Client, _: Any) -> None:
        cloudformation = client("cloudformation")
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        cloudformation.detect_stack_drift(StackName=name)
        drifts = cloudformation.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
        assert drifts
        assert not [drift for drift in drifts if drift["StackResourceDriftStatus"] != "IN_SYNC"]

    return Thing(f"stack of {name}", make, check)


THINGS = [
    Thing("mapping of a stream", stream_mapping, check_stream_mapping),
    Thing("function URL", function_url, check_function_url),
    Thing("layer", layer, check_layer),
    Thing("topic with signatures", signing_topic, check_signing_topic),
    Thing("provisioned concurrency", provisioned, check_provisioned),
    Thing("query of Logs Insights", query, check_query),
    Thing("query definition", query_definition, check_query_definition),
    Thing("subscription of a log group", subscription, check_subscription),
    Thing("event notifications of a bucket", notifications, check_notifications),
    Thing("parameter", parameter, check_parameter),
    stack_of(lambda: newer_types(1), "newer-types"),
    stack_of(lambda: json.dumps(every_type(1)), "every-type"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A onebox in its last life, and what making each thing gave."""
    folder = tmp_path_factory.mktemp("made")
    given = _make_all(folder)
    with onebox(folder) as (_, client):
        yield client, given


def _make_all(folder: Path) -> dict[str, Any]:
    given = {}
    for thing in THINGS:
        with onebox(folder) as (process, client):
            given[thing.name] = thing.make(client)
            process.send_signal(signal.SIGKILL)
            process.wait()
    return given


@pytest.mark.crash
@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.name)
def test_made_and_killed_and_there_again(made: tuple[Client, dict[str, Any]], thing: Thing) -> None:
    client, given = made
    thing.check(client, given[thing.name])
