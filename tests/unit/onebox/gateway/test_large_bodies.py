"""Goal: a large request is gone when it is answered, whatever the answer: no cycle of references keeps its body until
the next garbage collection, which may be minutes away."""

from __future__ import annotations

import gc
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from onebox.gateway.limits import SMALL_BODY_BYTES
from onebox.gateway.message import Request
from onebox.testing import EngineThread
from tests.polling import PATIENCE_S, until
from tests.stalls.wire import JSON, http

LARGE = "x" * (SMALL_BODY_BYTES + 1)


def dynamodb(operation: str, body: bytes) -> bytes:
    return http("dynamodb", body, X_Amz_Target=f"DynamoDB_20120810.{operation}", Content_Type=JSON)


def put(table: str, *, key: str = "k", size: int = 1) -> bytes:
    item = {key: {"S": "a"}, "v": {"S": LARGE * size}}
    return dynamodb("PutItem", json.dumps({"TableName": table, "Item": item}).encode())


REQUESTS = {
    "stored": (put("large"), 200),
    "no operation": (http("dynamodb", LARGE.encode(), X_Amz_Target="None", Content_Type=JSON), 400),
    "no JSON": (dynamodb("PutItem", LARGE.encode()), 400),
    "no key": (put("large", key="other"), 400),
    "no table": (put("none"), 400),
    "an item that is too large": (put("large", size=2), 400),
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
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def are_gone() -> bool:
    """Whether no large request is left."""
    return not any(isinstance(one, Request) and one.body_bytes > SMALL_BODY_BYTES for one in gc.get_objects())


@pytest.mark.parametrize("name", REQUESTS)
def test_no_large_request_outlives_its_answer(engine: EngineThread, no_collection: None, name: str) -> None:
    request, status = REQUESTS[name]
    place = urlsplit(engine.endpoint_url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=PATIENCE_S) as connection:
        connection.sendall(request)
        assert connection.recv(4_096).startswith(b"HTTP/1.1 %d " % status)
        until(are_gone, "the end of the request")
