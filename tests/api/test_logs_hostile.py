"""Goal: no pattern, number, name or token makes CloudWatch Logs fail or hold up its neighbours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.stalls.loop import longest_stall_s

LARGE = 900_000
STALL_S = 0.1


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as running:
        yield running


@pytest.fixture(scope="module")
def logs(engine: EngineThread) -> Any:
    client = engine.client("logs", parameter_validation=False)
    client.create_log_group(logGroupName="g")
    for name, message in (
        ("digits", "a" * 20_000),
        ("brackets", "[ " * (LARGE // 2)),
        ("array", f"[{'0,' * (LARGE // 2)}0]"),
    ):
        client.create_log_stream(logGroupName="g", logStreamName=name)
        put(client, name, [message])
    return client


def put(client: Any, stream: str, messages: list[str]) -> None:
    now_ms = int(time.time() * 1000)
    events = [{"timestamp": now_ms, "message": message} for message in messages]
    client.put_log_events(logGroupName="g", logStreamName=stream, logEvents=events)


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    code: str = caught.value.response["Error"]["Code"]
    return code


@pytest.mark.parametrize(
    ("stream", "pattern"),
    [
        ("digits", "%.*.*b%"),
        ("digits", "%a*a*a*a*a*a*a*a*b%"),
        ("digits", "%[a-z]+[a-z]+[a-z]+[a-z]+b%"),
        ("brackets", "[a, b=x*]"),
        ("brackets", "[..., b=%x.*y%]"),
        ("array", "{" + "||".join(["$[*]=1"] * 100) + "}"),
        ("array", "{" + "||".join(["$[*]=*a*b*"] * 80) + "}"),
        ("array", " ".join(f"?{letter}" for letter in "bcdefghijklmnopqrstuvwxyz" * 10)),
    ],
)
def test_a_pattern_takes_linear_time(engine: EngineThread, logs: Any, stream: str, pattern: str) -> None:
    started = time.perf_counter()
    stall_s = longest_stall_s(
        engine, lambda: logs.filter_log_events(logGroupName="g", logStreamNames=[stream], filterPattern=pattern)
    )
    assert time.perf_counter() - started < 20
    assert stall_s < STALL_S


def test_a_search_of_many_lines_lets_others_through(engine: EngineThread, logs: Any) -> None:
    logs.create_log_stream(logGroupName="g", logStreamName="many")
    for _ in range(6):
        put(logs, "many", [f"line {number} of many" for number in range(5_000)])

    def search() -> None:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName="g", logStreamNames=["many"], filterPattern="4999"
        )
        assert sum(len(page["events"]) for page in pages) == 6

    assert longest_stall_s(engine, search) < STALL_S


def test_metric_filters_of_a_large_batch_let_others_through(engine: EngineThread, logs: Any) -> None:
    pattern = "{" + "||".join(["$[*]=1"] * 100) + "}"
    transformation = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    for number in range(3):
        logs.put_metric_filter(
            logGroupName="g", filterName=f"f{number}", filterPattern=pattern, metricTransformations=[transformation]
        )
    message = f"[{'0,' * 100_000}0]"
    assert longest_stall_s(engine, lambda: put(logs, "array", [message])) < STALL_S


def test_numbers_and_names_at_the_edges_are_taken_or_refused(logs: Any) -> None:
    most = 2**63 - 1
    assert logs.filter_log_events(logGroupName="g", logStreamNames=["digits"], endTime=most)["events"]
    assert logs.get_log_events(logGroupName="g", logStreamName="digits", startTime=most, endTime=most)["events"] == []
    invalid = "InvalidParameterException"
    assert refusal(logs.filter_log_events, logGroupName="g", startTime=-1) == invalid
    assert refusal(logs.create_log_stream, logGroupName="g", logStreamName="a\x00b") == invalid
    for token in ("é", "5" * 5_000, "400", "W10", "WzFd", "[" * 3_000):
        for call in (logs.describe_log_groups, logs.describe_metric_filters):
            assert refusal(call, nextToken=token) == invalid
        for call in (logs.describe_log_streams, logs.filter_log_events):
            assert refusal(call, logGroupName="g", nextToken=token) == invalid


@pytest.mark.parametrize("regex", ["%[%", "%a{5,2}%", "%(a)%", "%*%", "%a{1000}{1000}%"])
def test_an_expression_that_is_none_is_refused(logs: Any, regex: str) -> None:
    for pattern in (regex, f"{{$.a = {regex}}}", f"[a = {regex}]"):
        assert refusal(logs.filter_log_events, logGroupName="g", filterPattern=pattern) == "InvalidParameterException"
