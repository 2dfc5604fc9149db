"""Goal: no request to DynamoDB, however large or dense, holds up its neighbours for more than a tenth of a second."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from onebox.gateway.protocols.json_bounds import SEPARATORS_MAX, TOO_MANY_VALUES
from onebox.services.dynamodb.values.numbers import measure_numbers
from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table
from tests.stalls.loop import loop_turns

STALL_S = 0.1
"""Of the loop's processor time, as other programs take turns away. `make stalls` measures waits, decoding included."""


@pytest.fixture(scope="module")
def engine() -> Any:
    with EngineThread() as engine:
        create_table(engine.client("dynamodb"), "Orders", "id:S")
        yield engine


def send(engine: EngineThread, operation: str, body: bytes) -> tuple[int, Any]:
    """Send a request as it is; its status and answer."""
    connection = http.client.HTTPConnection(urlsplit(engine.endpoint_url).netloc)
    scope = "Credential=test/20260101/us-east-1/dynamodb/aws4_request"
    headers = {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
    }
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    text = response.read()
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, text


def put(value: bytes) -> bytes:
    return b'{"TableName":"Orders","Item":{"id":{"S":"1"},"v":' + value + b"}}"


DENSE_PUTS = [
    b'{"PutRequest":{"Item":{"id":{"S":"%d"},"v":{"L":[' % number + b'{"N":"1"},' * 60_000 + b'{"N":"1"}]}}}}'
    for number in range(25)
]
BODIES: dict[str, Callable[[], tuple[str, bytes]]] = {
    "list of 2 million": lambda: ("PutItem", put(b'{"L":[' + b'{"N":"1"},' * 2_000_000 + b'{"N":"1"}]}')),
    "string of 100 MB": lambda: ("PutItem", put(b'{"S":"' + b"a" * 100_000_000 + b'"}')),
    "empty objects": lambda: ("PutItem", put(b'{"L":[' + b"{}," * 5_000_000 + b"{}]}")),
    "braces in a string": lambda: ("PutItem", put(b'{"S":"' + b"{[," * 5_000_000 + b'"}')),
    "open brackets": lambda: ("PutItem", put(b"[" * 10_000_000)),
    "batch of dense items": lambda: ("BatchWriteItem", b'{"RequestItems":{"Orders":[' + b",".join(DENSE_PUTS) + b"]}}"),
    "blanks of PartiQL": lambda: ("ExecuteStatement", json.dumps({"Statement": "SELECT" + " " * 8000 + "~"}).encode()),
    "quotes of PartiQL": lambda: ("ExecuteStatement", json.dumps({"Statement": "SELECT " + "''" * 4000}).encode()),
    "deep PartiQL": lambda: (
        "ExecuteStatement",
        json.dumps({"Statement": "SELECT * FROM a WHERE " + "(" * 8000}).encode(),
    ),
    "paths": lambda: (
        "GetItem",
        json.dumps(
            {
                "TableName": "Orders",
                "Key": {"id": {"S": "1"}},
                "ProjectionExpression": ",".join(f"a[{n}]" for n in range(550)),
            }
        ).encode(),
    ),
    "long expression": lambda: (
        "DeleteItem",
        json.dumps({"TableName": "Orders", "Key": {"id": {"S": "1"}}, "ConditionExpression": "(" * 5_000_000}).encode(),
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_hostile_body_delays_nobody(engine: EngineThread, name: str) -> None:
    operation, body = BODIES[name]()
    with loop_turns(engine) as turns:
        status, _ = send(engine, operation, body)
    assert 200 <= status < 500
    assert max(turns) < STALL_S


def test_body_over_16_mb_is_refused(engine: EngineThread) -> None:
    status, _ = send(engine, "PutItem", put(b'{"S":"' + b"a" * 16 * 1024 * 1024 + b'"}'))
    assert status == 413


def test_dense_but_legal_item_is_stored(engine: EngineThread) -> None:
    value = b'{"L":[' + b'{"N":"1"},' * 130_000 + b'{"N":"1"}]}'
    status, answer = send(engine, "PutItem", put(value))
    assert (status, answer) == (200, {})


def test_a_list_that_no_item_holds_is_refused_in_the_words_of_its_operation(engine: EngineThread) -> None:
    numbers = b",".join(b'{"N":"%d.5"}' % number for number in range(90_000))
    value = b'{"L":[' + numbers + b"]}"
    update = b'{"TableName":"Orders","Key":{"id":{"S":"2"}},"UpdateExpression":"SET v = :v",'
    update += b'"ExpressionAttributeValues":{":v":' + value + b"}}"
    told = [send(engine, "PutItem", put(value))[1]["message"], send(engine, "UpdateItem", update)[1]["message"]]
    assert told == [
        "Item size has exceeded the maximum allowed size",
        "Item size to update has exceeded the maximum allowed size",
    ]


def test_a_large_item_is_refused_for_a_wrong_value_or_parameter_first(engine: EngineThread) -> None:
    large = b'{"S":"' + b"x" * 500_000 + b'"}'
    wrong_value = put(b'{"L":[' + large + b',{"N":"x"}]}')
    wrong_parameter = put(large)[:-1] + b',"ReturnValues":"ALL_NEW"}'
    told = [send(engine, "PutItem", body)[1]["message"] for body in (wrong_value, wrong_parameter, put(large))]
    assert told == [
        "The parameter cannot be converted to a numeric value: x",
        "ReturnValues can only be ALL_OLD or NONE",
        "Item size has exceeded the maximum allowed size",
    ]


def number_set(count: int) -> bytes:
    return b'{"NS":[' + b",".join(b'"%d"' % number for number in range(count)) + b"]}"


@pytest.mark.parametrize(
    "value",
    [
        b'{"L":[' + b",".join([number_set(20_000)] * 19) + b"]}",
        b'{"L":[' + b",".join([b'{"M":{"a":' + number_set(20_000) + b"}}"] * 19) + b"]}",
        b'{"M":{' + b",".join(b'"%d":' % name + number_set(20_000) for name in range(19)) + b"}}",
        number_set(390_000),
    ],
    ids=["list of sets", "list of maps", "map", "one set"],
)
def test_numbers_that_no_item_holds_are_not_all_looked_at(engine: EngineThread, value: bytes) -> None:
    looked_at: list[str] = []

    def counted(texts: list[str]) -> tuple[list[str], int]:
        looked_at.extend(texts)
        return measure_numbers(texts)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("onebox.services.dynamodb.values.attributes.measure_numbers", counted)
        answer = send(engine, "PutItem", put(value))
    assert answer[1]["message"] == "Item size has exceeded the maximum allowed size"
    assert len(looked_at) < 200_000


def test_a_body_with_more_members_of_sets_than_one_request_may_hold_is_refused_unread(engine: EngineThread) -> None:
    """Commas inside of a string are no members."""
    refused = send(engine, "PutItem", put(number_set(SEPARATORS_MAX)))
    assert (refused[0], refused[1]["message"]) == (400, TOO_MANY_VALUES)
    assert send(engine, "PutItem", put(b'{"S":"' + b"," * 2 * SEPARATORS_MAX + b'"}'))[1]["message"] != TOO_MANY_VALUES


def test_a_condition_may_name_a_list_that_no_item_holds(engine: EngineThread) -> None:
    numbers = b",".join(b'{"N":"%d.5"}' % number for number in range(90_000))
    request = b'{"TableName":"Orders","Key":{"id":{"S":"none"}},"ConditionExpression":"v <> :v",'
    request += b'"ExpressionAttributeValues":{":v":{"L":[' + numbers + b"]}}}"
    assert send(engine, "DeleteItem", request) == (200, {})


def test_condition_over_a_dense_item_is_bounded(engine: EngineThread) -> None:
    send(engine, "PutItem", put(b'{"L":[' + b'{"N":"1"},' * 100_000 + b'{"N":"1"}]}'))
    request = {
        "TableName": "Orders",
        "Key": {"id": {"S": "1"}},
        "ConditionExpression": " OR ".join(["contains(v, :x)"] * 140),
        "ExpressionAttributeValues": {":x": {"N": "2"}},
    }
    with loop_turns(engine) as turns:
        status, answer = send(engine, "DeleteItem", json.dumps(request).encode())
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "ValidationException")
    assert max(turns) < STALL_S


def test_scan_of_many_small_items_under_a_long_filter_goes_in_pages(engine: EngineThread) -> None:
    dynamodb = engine.client("dynamodb")
    create_table(dynamodb, "Small", "id:S")
    for start in range(0, 5000, 25):
        requests = [{"PutRequest": {"Item": {"id": {"S": str(n)}}}} for n in range(start, start + 25)]
        dynamodb.batch_write_item(RequestItems={"Small": requests})
    condition = " OR ".join(["v = :x"] * 140)
    found = 0
    request: dict[str, Any] = {
        "TableName": "Small",
        "FilterExpression": f"{condition} OR attribute_not_exists(v)",
        "ExpressionAttributeValues": {":x": {"N": "2"}},
    }
    with loop_turns(engine) as turns:
        while True:
            page = dynamodb.scan(**request)
            found += page["Count"]
            if "LastEvaluatedKey" not in page:
                break
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    assert found == 5000
    assert max(turns) < STALL_S
