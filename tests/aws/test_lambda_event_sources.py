"""Goal: a queue's messages reach the function as on AWS, and mappings are shown and refused as there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.functions import Functions
from tests.aws.queues import in_flight, make_queue
from tests.aws.support import Client, Unique, code_of

PRINT_EVENT = "import json\ndef handler(event, context):\n    print(json.dumps(event))\n"


@pytest.fixture
def sqs(client: Client) -> Any:
    return client("sqs")


def connect(functions: Functions, queue_arn: Any, **settings: Any) -> Any:
    return functions.map({"FunctionName": functions.name, "EventSourceArn": queue_arn, **settings})


def printed(logs: Any, function: str) -> list[str]:
    """The lines of JSON that the function printed; none while it has no log."""
    if not logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{function}")["logGroups"]:
        return []
    events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    return [event["message"] for event in events if event["message"].startswith("{")]


def test_mapping_delivers_the_event_as_aws_does_and_deletes_it(
    functions: Functions, client: Client, sqs: Any, unique: Unique, region: str, until: Any
) -> None:
    functions.make(PRINT_EVENT)
    url, arn = make_queue(sqs, unique("queue"))
    connect(functions, arn)
    attributes = {
        "colour": {"DataType": "String", "StringValue": "red"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sent = sqs.send_message(QueueUrl=url, MessageBody='{"a": 1}', MessageAttributes=attributes)
    [line] = until(lambda: printed(client("logs"), functions.name), "a batch")
    [record] = json.loads(line)["Records"]
    assert record.pop("receiptHandle")
    times = record["attributes"]
    assert times.pop("SentTimestamp").isdigit()
    assert times.pop("ApproximateFirstReceiveTimestamp").isdigit()
    assert record == {
        "messageId": sent["MessageId"],
        "body": '{"a": 1}',
        "attributes": {"ApproximateReceiveCount": "1", "SenderId": times["SenderId"]},
        "messageAttributes": {
            "colour": {
                "stringValue": "red",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            },
            "bytes": {
                "binaryValue": "AP8=",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "Binary",
            },
        },
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "md5OfBody": sent["MD5OfMessageBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    }
    until(lambda: in_flight(sqs, url) == 0, "no message in flight")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_mapping_life_is_shown_as_on_aws(functions: Functions, sqs: Any, unique: Unique, until: Any) -> None:
    function_arn = functions.make(PRINT_EVENT)["FunctionArn"]
    _, arn = make_queue(sqs, unique("queue"))
    created = connect(functions, arn)
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (created["State"], created["BatchSize"]) == ("Creating", 10)
    assert (created["FunctionArn"], created["EventSourceArn"]) == (function_arn, arn)
    lambda_, uuid = functions.api, created["UUID"]

    def has_state(state: str) -> bool:
        return bool(lambda_.get_event_source_mapping(UUID=uuid)["State"] == state)

    until(lambda: has_state("Enabled"), "the mapping to be enabled")
    assert lambda_.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    until(lambda: has_state("Disabled"), "the mapping to be disabled")
    (listed,) = lambda_.list_event_source_mappings(FunctionName=functions.name)["EventSourceMappings"]
    assert listed["UUID"] == uuid
    assert lambda_.update_event_source_mapping(UUID=uuid, BatchSize=5)["BatchSize"] == 5
    until(lambda: has_state("Disabled"), "the change to be made")
    assert lambda_.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    until(
        lambda: code_of(lambda_.get_event_source_mapping, UUID=uuid) == "ResourceNotFoundException",
        "the mapping to be gone",
    )


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"BatchSize": 11}, "InvalidParameterValueException", "Maximum batch window in seconds must be greater than 0"),
        ({"BatchSize": 0}, "ValidationException", "'batchSize'"),
        ({"BatchSize": 10_001}, "ValidationException", "less than or equal to 10000"),
        ({"MaximumBatchingWindowInSeconds": 301}, "ValidationException", "'maximumBatchingWindowInSeconds'"),
        ({"ScalingConfig": {"MaximumConcurrency": 1}}, "ValidationException", "'scalingConfig.maximumConcurrency'"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "x"}]}}, "InvalidParameterValueException", "Invalid filter"),
        ({"FunctionResponseTypes": ["Nope"]}, "ValidationException", "ReportBatchItemFailures"),
        ({"EventSourceArn": "arn:aws:s3:::b"}, "InvalidParameterValueException", "Unrecognized event source."),
        ({"FunctionName": "nope"}, "InvalidParameterValueException", "Function does not exist"),
    ],
)
def test_create_event_source_mapping_invalid_is_refused(
    functions: Functions, sqs: Any, settings: Any, code: Any, words: Any, unique: Unique
) -> None:
    functions.make(PRINT_EVENT)
    _, arn = make_queue(sqs, unique("queue"))
    with pytest.raises(ClientError) as caught:
        connect(functions, arn, **settings)
    assert caught.value.response["Error"]["Code"] == code
    assert words in caught.value.response["Error"]["Message"]


def test_create_event_source_mapping_short_visibility_is_refused(
    functions: Functions, sqs: Any, unique: Unique
) -> None:
    functions.make(PRINT_EVENT, Timeout=31)
    _, arn = make_queue(sqs, unique("queue"))
    words = "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds"
    with pytest.raises(ClientError, match=words):
        connect(functions, arn)


def test_create_event_source_mapping_twice_is_conflict(functions: Functions, sqs: Any, unique: Unique) -> None:
    functions.make(PRINT_EVENT)
    _, arn = make_queue(sqs, unique("queue"))
    uuid = connect(functions, arn)["UUID"]
    with pytest.raises(functions.api.exceptions.ResourceConflictException, match=uuid):
        connect(functions, arn)


def test_create_event_source_mapping_missing_queue_is_refused(
    functions: Functions, account: str, unique: Unique, region: str
) -> None:
    functions.make(PRINT_EVENT)
    with pytest.raises(ClientError, match="NonExistentQueue"):
        connect(functions, f"arn:aws:sqs:{region}:{account}:{unique('nope')}")
