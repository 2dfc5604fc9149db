"""Goal: a batch gets its answer and its log lines, whatever its orders hold."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO, TextIOWrapper
from itertools import zip_longest
from types import ModuleType
from typing import Any

import pytest

from orders.processor import tracing

ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "TABLE_NAME": "Orders",
}


class Context:
    aws_request_id = "r-1"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class Endpoint:
    """Stores whatever comes."""

    def limit_wait(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s

    def call(self, operation: str, body: bytes, now_ms: int) -> bytes:
        return json.dumps({"Responses": [{"TableName": "Orders"} for _ in json.loads(body)["Statements"]]}).encode()


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module("orders.processor.lambda_handler")
    monkeypatch.setattr(module._store, "_endpoint", Endpoint())
    yield module
    sys.modules.pop("orders.processor.lambda_handler")


def run(
    handler: ModuleType, monkeypatch: pytest.MonkeyPatch, *bodies: str, headers: Sequence[str | None] = ()
) -> tuple[dict[str, Any], list[Any]]:
    """The answer and the log's lines, written as Lambda's standard output takes them. ``headers``: X-Ray's, a record
    each."""
    output = TextIOWrapper(BytesIO(), encoding="utf-8", errors="strict")
    records = [
        {"messageId": f"m-{index}", "body": body, "attributes": {} if header is None else {"AWSTraceHeader": header}}
        for index, (body, header) in enumerate(zip_longest(bodies, headers))
    ]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", output)
        answer = handler.lambda_handler({"Records": records}, Context())
    output.seek(0)
    return answer, [json.loads(line) for line in output.read().splitlines()]


def test_handler_writes_a_line_for_each_order_and_one_of_metrics(
    handler: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, lines = run(handler, monkeypatch, '{"orderId":"A"}', '{"orderId":"B","items":[{"quantity":"x"}]}')
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert [(line.get("messageId"), line.get("field")) for line in lines] == [
        ("m-0", None),
        ("m-1", "items[0].quantity"),
        (None, None),
    ]
    assert (lines[2]["OrdersStored"], lines[2]["OrdersRejected"], lines[2]["Reason"]) == (1, 1, "items[].quantity")


@pytest.mark.parametrize("half", ['{"orderId":"\\ud800"}', '{"orderId":"H","total":"\\udfff"}', '{"\\ud800":NaN}'])
def test_handler_of_half_a_character_gives_back_that_order_alone(
    handler: ModuleType, monkeypatch: pytest.MonkeyPatch, half: str
) -> None:
    answer, lines = run(handler, monkeypatch, half, '{"orderId":"good"}')
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}
    assert [line["outcome"] for line in lines[:2]] == ["rejected", "stored"]


def test_line_of_a_traced_order_has_the_trace_id(handler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace is looked for once in each record."""
    looked_at: list[str] = []
    find_trace = tracing.find_trace

    def noted(record: dict[str, Any]) -> tracing.Trace | None:
        looked_at.append(record["messageId"])
        return find_trace(record)

    monkeypatch.setattr(tracing, "find_trace", noted)
    headers = ["Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Sampled=1", "anything", None]
    _, lines = run(handler, monkeypatch, *('{"orderId":"A"}',) * 3, headers=headers)
    assert [line.get("traceId") for line in lines[:3]] == ["4bf92f3577b34da6a3ce929d0e0e4736", None, None]
    assert looked_at == ["m-0", "m-1"]
