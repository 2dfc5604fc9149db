"""Goal: a stream's mapping hands every change to its function, in order, as on AWS, across failures and restarts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import BASIC, counts, make_function, make_queue, make_role
from tests.polling import until

EVERYTHING = "arn:aws:iam::aws:policy/AdministratorAccess"
# Writes what it saw into a table of its own: the number of the attempt, and the keys in their order.
CODE = """
import json, os, boto3
table = boto3.resource("dynamodb").Table("Seen")
def note(records, fate):
    keys = [record["dynamodb"]["Keys"]["id"]["S"] for record in records]
    number = table.update_item(Key={"id": "count"}, UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": 1}, ReturnValues="UPDATED_NEW")["Attributes"]["n"]
    table.put_item(Item={"id": "call%05d" % number, "keys": keys, "fate": fate})
def handler(event, context):
    records = event["Records"]
    bad = [record for record in records if record["dynamodb"]["Keys"]["id"]["S"].startswith("bad")]
    note(records, "failed" if bad else "ok")
    if bad and os.environ.get("PARTIAL"):
        return {"batchItemFailures": [{"itemIdentifier": bad[0]["dynamodb"]["SequenceNumber"]}]}
    if bad:
        raise ValueError("bad record")
"""


def make_table(client: Callable[..., Any]) -> Any:
    """The stream's ARN of a new table."""
    for name, stream in (("Items", True), ("Seen", False)):
        settings = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
        table = client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            **(settings if stream else {}),
        )
        if stream:
            arn = table["TableDescription"]["LatestStreamArn"]
    return arn


def put(client: Callable[..., Any], *keys: Any) -> None:
    for key in keys:
        client("dynamodb").put_item(TableName="Items", Item={"id": {"S": key}, "n": {"N": "1"}})


def seen(client: Callable[..., Any]) -> Any:
    """The calls in their order: the keys of each, and its fate."""
    items = client("dynamodb").scan(TableName="Seen")["Items"]
    calls = sorted((item["id"]["S"], item) for item in items if "keys" in item)
    return [([key["S"] for key in item["keys"]["L"]], item["fate"]["S"]) for _, item in calls]


def map_stream(client: Callable[..., Any], arn: Any, **settings: Any) -> Any:
    role = make_role(client, EVERYTHING)
    variables = settings.pop("variables", {})
    make_function(client, CODE, Role=role, Environment={"Variables": variables})
    request = {"FunctionName": "function", "EventSourceArn": arn, "StartingPosition": "TRIM_HORIZON", **settings}
    return client("lambda").create_event_source_mapping(**request)


def refusal(call: Any, **parameters: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_changes_come_in_order_and_have_aws_defaults(client: Callable[..., Any]) -> None:
    arn = make_table(client)
    put(client, *(f"k{number:03}" for number in range(30)))
    mapping = map_stream(client, arn, BatchSize=7)
    assert (mapping["ParallelizationFactor"], mapping["MaximumRetryAttempts"], mapping["State"]) == (1, -1, "Creating")
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    told = (mapping["StateTransitionReason"], mapping["LastProcessingResult"])
    assert told == ("User action", "No records processed")
    with pytest.raises(ClientError, match=r"provided mapping already exists\. Please"):
        client("lambda").create_event_source_mapping(
            FunctionName="function", EventSourceArn=arn, StartingPosition="LATEST"
        )
    until(lambda: sum(len(keys) for keys, _ in seen(client)) == 30, "the changes")
    calls = seen(client)
    assert [key for keys, _ in calls for key in keys] == [f"k{number:03}" for number in range(30)]
    assert max(len(keys) for keys, _ in calls) == 7
    put(client, "later")
    until(lambda: seen(client)[-1] == (["later"], "ok"), "the next change")
    client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])


def test_mapping_from_latest_sees_only_later_changes(client: Callable[..., Any]) -> None:
    arn = make_table(client)
    put(client, "before")
    map_stream(client, arn, StartingPosition="LATEST")
    put(client, "after")
    until(lambda: seen(client) == [(["after"], "ok")], "the later change")


def test_failing_record_is_bisected_retried_and_sent_to_the_destination(client: Callable[..., Any]) -> None:
    arn = make_table(client)
    url, queue = make_queue(client)
    put(client, "a", "b", "bad", "c")
    map_stream(
        client,
        arn,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": queue}},
    )
    until(lambda: counts(client, url)[0] == 1, "the failure's record")
    until(lambda: (["c"], "ok") in seen(client), "what comes after it")
    calls = seen(client)
    assert calls[0] == (["a", "b", "bad", "c"], "failed")
    assert (["a", "b"], "ok") in calls
    assert calls.count((["bad"], "failed")) == 2
    [message] = client("sqs").receive_message(QueueUrl=url)["Messages"]
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert (record["DDBStreamBatchInfo"]["batchSize"], record["DDBStreamBatchInfo"]["streamArn"]) == (1, arn)


def test_partial_answer_passes_what_comes_before_the_failure(client: Callable[..., Any]) -> None:
    arn = make_table(client)
    put(client, "a", "b", "bad", "c")
    map_stream(
        client,
        arn,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumRetryAttempts=0,
        variables={"PARTIAL": "1"},
    )
    put(client, "d")
    until(lambda: any("d" in keys for keys, _ in seen(client)), "the changes behind the failure")
    calls = seen(client)
    assert calls[0][0][:3] == ["a", "b", "bad"]
    assert not any("a" in keys for keys, _ in calls[1:])


def test_filters_leave_changes_out(client: Callable[..., Any]) -> None:
    arn = make_table(client)
    pattern = json.dumps({"eventName": ["INSERT"], "dynamodb": {"Keys": {"id": {"S": [{"prefix": "keep"}]}}}})
    map_stream(client, arn, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    put(client, "drop1", "keep1", "drop2", "keep1", "keep2")
    until(lambda: any("keep2" in keys for keys, _ in seen(client)), "the changes")
    assert [key for keys, _ in seen(client) for key in keys] == ["keep1", "keep2"]


def test_batch_window_gathers_changes(timed: EngineThread) -> None:
    arn = make_table(timed.client)
    map_stream(timed.client, arn, MaximumBatchingWindowInSeconds=10)
    put(timed.client, "a", "b")
    timed.clock.advance(9)
    assert seen(timed.client) == []
    timed.clock.advance(2)
    until(lambda: seen(timed.client) == [(["a", "b"], "ok")], "the batch")


def test_the_age_of_each_batch_is_a_metric(timed: EngineThread) -> None:
    arn = make_table(timed.client)
    put(timed.client, "late")
    timed.clock.advance(120)
    map_stream(timed.client, arn)
    until(lambda: seen(timed.client) == [(["late"], "ok")], "the change")
    timed.clock.advance(10)
    now = datetime.fromtimestamp(timed.clock.now_ms() / 1000, timezone.utc)
    request: dict[str, Any] = {
        "Namespace": "AWS/Lambda",
        "MetricName": "IteratorAge",
        "Dimensions": [{"Name": "FunctionName", "Value": "function"}],
        "StartTime": now - timedelta(minutes=10),
        "EndTime": now + timedelta(minutes=1),
        "Period": 3600,
        "Statistics": ["Maximum", "SampleCount"],
    }
    ask = timed.client("cloudwatch").get_metric_statistics
    (point,) = until(lambda: ask(**request)["Datapoints"], "the metric")
    assert 120_000 <= point["Maximum"] < 121_000
    assert (point["SampleCount"], point["Unit"]) == (1, "Milliseconds")


def test_old_changes_are_passed_over(timed: EngineThread) -> None:
    arn = make_table(timed.client)
    put(timed.client, "old")
    timed.clock.advance(120)
    put(timed.client, "new")
    map_stream(timed.client, arn, MaximumRecordAgeInSeconds=60)
    until(lambda: seen(timed.client) == [(["new"], "ok")], "the new change")


def test_restart_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with EngineThread(data=tmp_path) as engine:
        arn = make_table(engine.client)
        map_stream(engine.client, arn)
        put(engine.client, "a")
        until(lambda: seen(engine.client) == [(["a"], "ok")], "the first change")
        uuid = engine.client("lambda").list_event_source_mappings()["EventSourceMappings"][0]["UUID"]
        # Once the position is on disk, a restart does not repeat the change.
        put(engine.client, "b")
        until(lambda: len(seen(engine.client)) == 2, "the second change")
        engine.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=False)
        put(engine.client, "c")
    with EngineThread(data=tmp_path) as engine:
        engine.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)
        until(lambda: any("c" in keys for keys, _ in seen(engine.client)), "the change of the pause")
        assert [key for keys, _ in seen(engine.client) for key in keys][-1] == "c"


def test_mappings_that_are_refused(client: Callable[..., Any]) -> None:
    arn = make_table(client)
    role = make_role(client, BASIC)
    make_function(client, CODE, Role=role)
    create = client("lambda", parameter_validation=False).create_event_source_mapping
    request = {"FunctionName": "function", "EventSourceArn": arn, "StartingPosition": "LATEST"}
    code = "InvalidParameterValueException"
    assert refusal(create, FunctionName="function") == (code, "Unrecognized event source.")
    assert refusal(create, **{**request, "FunctionName": "absent"}) == (code, "Function does not exist")
    assert refusal(create, **{**request, "EventSourceArn": f"{arn}x"}) == (code, f"Stream not found: {arn}x")
    assert "Cannot access stream" in refusal(create, **request)[1]
    assert refusal(create, **{**request, "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1}) == (
        code,
        f"Unsupported starting position for arn type: {arn}",
    )
    assert "[LATEST, AT_TIMESTAMP, TRIM_HORIZON]" in refusal(create, **{**request, "StartingPosition": "x"})[1]
    kinesis = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
    assert refusal(create, **{**request, "EventSourceArn": kinesis}) == (code, f"Stream not found: {kinesis}")
    assert "startingPosition" in refusal(create, FunctionName="function", EventSourceArn=arn)[1]
    queue = "arn:aws:sqs:us-east-1:123456789012:q"
    config = {"OnFailure": {"Destination": queue}}
    assert refusal(create, FunctionName="function", EventSourceArn=queue, DestinationConfig=config) == (
        code,
        "Unsupported DestinationConfig parameter for given event source mapping type.",
    )
