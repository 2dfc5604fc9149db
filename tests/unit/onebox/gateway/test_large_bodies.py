"""Goal: a large request is gone when it is answered, whatever the answer: no cycle of references keeps its body until
the next garbage collection, which may be minutes away."""

from __future__ import annotations

import gc
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from onebox.gateway.limits import SMALL_BODY_BYTES
from onebox.gateway.message import Request
from onebox.services.beside import Beside
from onebox.testing import EngineThread
from tests.polling import PATIENCE_S, until
from tests.quick_python import leave_out_what_is_there
from tests.stalls.wire import JSON, http

LARGE = "x" * (SMALL_BODY_BYTES + 1)


def dynamodb(operation: str, body: bytes) -> bytes:
    return http("dynamodb", body, X_Amz_Target=f"DynamoDB_20120810.{operation}", Content_Type=JSON)


def put(table: str, *, key: str = "k", size: int = 1, **members: Any) -> bytes:
    item = {key: {"S": "a"}, "v": {"S": LARGE * size}}
    return dynamodb("PutItem", json.dumps({"TableName": table, "Item": item, **members}).encode())


def transaction(**members: Any) -> bytes:
    write = {"TableName": "large", "Item": {"k": {"S": "a"}, "v": {"S": LARGE}}, **members}
    return dynamodb("TransactWriteItems", json.dumps({"TransactItems": [{"Put": write}]}).encode())


def batch(*items: Any) -> bytes:
    writes = [{"PutRequest": {"Item": item}} for item in items]
    return dynamodb("BatchWriteItem", json.dumps({"RequestItems": {"large": writes}}).encode())


def statement(text: str, *values: Any) -> bytes:
    return dynamodb(
        "BatchExecuteStatement", json.dumps({"Statements": [{"Statement": text, "Parameters": values}]}).encode()
    )


REQUESTS = {
    "stored": (put("large"), 200),
    "no operation": (http("dynamodb", LARGE.encode(), X_Amz_Target="None", Content_Type=JSON), 400),
    "no JSON": (dynamodb("PutItem", LARGE.encode()), 400),
    "no key": (put("large", key="other"), 400),
    "no table": (put("none"), 400),
    "an item that is too large": (put("large", size=2), 400),
    "a condition that fails": (put("large", ConditionExpression="attribute_not_exists(k) AND k <> k"), 400),
    "a wrong value": (put("large", ConditionExpression="k = :v", ExpressionAttributeValues={":v": {"N": "x"}}), 400),
    "a wrong JSON type": (put("large", ExpressionAttributeValues={":v": {"N": 1}}), 400),
    "a transaction": (transaction(), 200),
    "a cancelled transaction": (transaction(ConditionExpression="k <> k"), 400),
    "a batch": (batch({"k": {"S": "b"}, "v": {"S": LARGE}}), 200),
    "a wrong batch": (batch({"k": {"N": "x"}, "v": {"S": LARGE}}), 400),
    "a statement": (statement("UPDATE large SET v = ? WHERE k = 'a'", {"S": LARGE}), 200),
    "a wrong statement": (statement("UPDATE large SET v = ? WHERE k = 'a'", {"SS": [LARGE, LARGE]}), 200),
    "a statement that is none": (statement("UPDATE", {"S": LARGE}), 200),
    "no service": (http("none", LARGE.encode()), 404),
    "no bucket": (http("s3", LARGE.encode(), method="PUT", path="/none/key"), 404),
    "no form": (http("sns", b"Action=" + LARGE.encode(), Content_Type="application/x-www-form-urlencoded"), 400),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as running:
        running.client("dynamodb").create_table(
            TableName="large",
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield running


@pytest.fixture
def no_collection() -> Iterator[None]:
    leave_out_what_is_there()
    gc.disable()
    yield
    gc.enable()


def are_gone() -> bool:
    """Whether no large request is left, nor the work that it asked for."""
    return not any(
        (isinstance(one, Request) and one.body_bytes > SMALL_BODY_BYTES) or isinstance(one, Beside)
        for one in gc.get_objects()
    )


@pytest.mark.parametrize("name", REQUESTS)
def test_no_large_request_outlives_its_answer(engine: EngineThread, no_collection: None, name: str) -> None:
    request, status = REQUESTS[name]
    place = urlsplit(engine.endpoint_url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=PATIENCE_S) as connection:
        connection.sendall(request)
        assert connection.recv(4_096).startswith(b"HTTP/1.1 %d " % status)
        until(are_gone, "the end of the request")
