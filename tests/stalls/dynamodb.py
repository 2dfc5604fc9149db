"""The hostile requests to DynamoDB: large ones, and small ones that make it look into large items."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.polling import until
from tests.stalls.box import Box
from tests.stalls.row import Body, Row, call, rpc

KEY = {"k": {"S": "a"}}
Value = dict[str, Any]


def _put_item(value: Body) -> Callable[[Box], int]:
    def attack(box: Box) -> int:
        _make_table(box)
        body = b'{"TableName":"stalls","Item":{"k":{"S":"a"},"v":%b}}' % value()
        return rpc("DynamoDB_20120810.PutItem", "dynamodb", lambda: body)(box)

    return attack


def _make_table(box: Box) -> None:
    call(
        "dynamodb",
        "create_table",
        TableName="stalls",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )(box)
    dynamodb = box.client("dynamodb")
    until(lambda: dynamodb.describe_table(TableName="stalls")["Table"]["TableStatus"] == "ACTIVE", "the table")


def _send(box: Box, operation: str, request: dict[str, Any]) -> int:
    body = json.dumps(request, separators=(",", ":")).encode()
    return rpc(f"DynamoDB_20120810.{operation}", "dynamodb", lambda: body)(box)


def _put(value: Callable[[], Value]) -> Callable[[Box], int]:
    return _put_item(lambda: json.dumps(value(), separators=(",", ":")).encode())


def _ask(operation: str, **request: Any) -> Callable[[Box], int]:
    """A request about the table; members that can be called are made when it is sent."""

    def attack(box: Box) -> int:
        _make_table(box)
        made = {name: member() if callable(member) else member for name, member in request.items()}
        return _send(box, operation, made if "Statement" in made else {"TableName": "stalls", **made})

    return attack


def _after(
    value: Callable[[], Value], operation: str, request: dict[str, Any], copies: int = 1
) -> Callable[[Box], int]:
    """A small request about large items, which are stored before."""

    def attack(box: Box) -> int:
        _make_table(box)
        item = value()
        for number in range(copies):
            key = KEY if copies == 1 else {"k": {"S": str(number)}}
            assert _send(box, "PutItem", {"TableName": "stalls", "Item": {**key, "v": item}}) == 200
        return _send(box, operation, request)

    return attack


def numbers(count: int) -> list[str]:
    """Different numbers with exponents: as long as numbers may be, once they are written out."""
    return [f"{at % 9_999 + 1}E{at // 9_999 % 120}" for at in range(count)]


def lists(count: int) -> Value:
    """Lists of seven numbers."""
    texts = numbers(7 * count)
    return {"L": [{"L": [{"N": text} for text in texts[at : at + 7]]} for at in range(0, 7 * count, 7)]}


def mixed(count: int) -> Value:
    """Numbers between truth values."""
    return {"L": [one for text in numbers(count) for one in ({"N": text}, {"BOOL": True})]}


def _updates(count: int) -> list[dict[str, Any]]:
    change = {
        "TableName": "stalls",
        "UpdateExpression": "SET w = :w",
        "ExpressionAttributeValues": {":w": {"N": "1"}},
    }
    return [{"Update": {**change, "Key": {"k": {"S": str(number)}}}} for number in range(count)]


_EQUAL = {"Item": KEY, "ConditionExpression": "v = :v"}
_SET_W = {
    "TableName": "stalls",
    "Key": KEY,
    "UpdateExpression": "SET w = :w",
    "ExpressionAttributeValues": {":w": {"N": "1"}},
}

DYNAMODB_ROWS = [
    Row(
        "DynamoDB: list of 2 M elements",
        _put_item(lambda: b'{"L":[%b{"N":"1"}]}' % (b'{"N":"1"},' * 1_500_000)),
        (400, 413),
    ),
    Row(
        "DynamoDB: list of 60,000 numbers",
        _put_item(lambda: b'{"L":[%b]}' % b",".join(b'{"N":"%d.5"}' % number for number in range(60_000))),
        (200,),
    ),
    Row(
        "DynamoDB: list of 100,000 numbers",
        _put_item(
            lambda: b'{"L":[%b]}' % b",".join(b'{"N":"%dE%d"}' % (at % 99 + 1, at // 99 % 120) for at in range(100_000))
        ),
        (200,),
        is_long=True,
    ),
    Row(
        "DynamoDB: 19 sets of 20,000 numbers",
        _put_item(
            lambda: b'{"L":[%b]}' % b",".join([b'{"NS":[%b]}' % b",".join(b'"%d"' % n for n in range(20_000))] * 19)
        ),
        (400,),
        is_long=True,
    ),
    Row("DynamoDB: string of 100 MB", _put_item(lambda: b'{"S":"%b"}' % (b"x" * 100_000_000)), (413,), is_long=True),
    Row("DynamoDB: string of 15 MB", _put_item(lambda: b'{"S":"%b"}' % (b"x" * 15_000_000)), (400,)),
    Row("DynamoDB: 5 M nested brackets", _put_item(lambda: b"[" * 5_000_000), (400,)),
    Row("DynamoDB: number of 15 M digits", _put_item(lambda: b'{"N":"%b"}' % (b"9" * 15_000_000)), (400,)),
    Row("DynamoDB: lists of 7 new numbers", _put(lambda: lists(13_000)), (200, 400)),
    Row("DynamoDB: lists of 7 new numbers, 1.7 MB", _put(lambda: lists(15_000)), (400,), is_long=True),
    Row(
        "DynamoDB: map of 50,000 numbers",
        _put(lambda: {"M": {f"{at:x}": {"N": text} for at, text in enumerate(numbers(50_000))}}),
        (200, 400),
        is_long=True,
    ),
    Row("DynamoDB: numbers mixed with other kinds", _put(lambda: mixed(60_000)), (200,), is_long=True),
    Row(
        "DynamoDB: condition with a set of 390,000 numbers",
        _ask("PutItem", **_EQUAL, ExpressionAttributeValues=lambda: {":v": {"NS": numbers(390_000)}}),
        (400,),
        is_long=True,
    ),
    Row(
        "DynamoDB: condition with 16,000 lists of numbers",
        _ask("PutItem", **_EQUAL, ExpressionAttributeValues=lambda: {":v": lists(16_000)}),
        (400,),
    ),
    Row(
        "DynamoDB: Expected with a set of 380,000 numbers",
        _ask("PutItem", Item=KEY, Expected=lambda: {"v": {"Value": {"NS": [str(at) for at in range(380_000)]}}}),
        (400,),
        is_long=True,
    ),
    Row(
        "DynamoDB: filter of 250 comparisons of large values",
        _ask(
            "Scan",
            FilterExpression=" OR ".join([":a = :b"] * 250),
            ExpressionAttributeValues=lambda: {":a": lists(7_000), ":b": lists(7_000)},
        ),
        (400,),
        is_long=True,
    ),
    Row(
        "DynamoDB: PartiQL parameter of 15,000 lists",
        _ask(
            "ExecuteStatement",
            Statement="SELECT * FROM stalls WHERE k = 'a' AND v = ?",
            Parameters=lambda: [lists(15_000)],
        ),
        (200,),
        is_long=True,
    ),
    Row(
        "DynamoDB: a small change of an item of 80,000 numbers",
        _after(lambda: {"L": [{"N": str(at)} for at in range(80_000)]}, "UpdateItem", _SET_W),
        (200,),
    ),
    Row(
        "DynamoDB: 60,000 strings added to a set of 60,000",
        _after(
            lambda: {"SS": [str(at) for at in range(60_000)]},
            "UpdateItem",
            {
                **_SET_W,
                "UpdateExpression": "ADD v :w",
                "ExpressionAttributeValues": {":w": {"SS": [str(at) for at in range(60_000, 120_000)]}},
            },
        ),
        (400,),
    ),
    Row(
        "DynamoDB: 10 small changes of large items at once",
        _after(
            lambda: {"L": [{"N": str(at)} for at in range(80_000)]},
            "TransactWriteItems",
            {"TransactItems": _updates(10)},
            copies=10,
        ),
        (200,),
        is_long=True,
    ),
    Row(
        "DynamoDB: one element of each of 40 large items",
        _after(
            lambda: {"L": [{"N": str(at)} for at in range(80_000)]},
            "BatchGetItem",
            {
                "RequestItems": {
                    "stalls": {"Keys": [{"k": {"S": str(at)}} for at in range(100)], "ProjectionExpression": "v[0]"}
                }
            },
            copies=40,
        ),
        (200,),
        is_long=True,
    ),
]
