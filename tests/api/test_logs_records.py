"""Goal: the fields of one event and of a group's latest events are those that queries know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.polling import until

DEEP = json.dumps({"level": "INFO", "user": {"name": "ann", "tags": ["a", 2, None]}, "ok": True})


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread(manual_clock=True) as running:
        running.client("logs").create_log_group(logGroupName="app")
        running.client("logs").create_log_stream(logGroupName="app", logStreamName="s")
        yield running


def put(engine: EngineThread, *messages: str) -> None:
    events = [{"timestamp": engine.clock.now_ms(), "message": message} for message in messages]
    engine.client("logs").put_log_events(logGroupName="app", logStreamName="s", logEvents=events)


def pointer_to(engine: EngineThread, message: str) -> str:
    """``@ptr`` of the latest event with a text."""
    logs = engine.client("logs")
    now_s = engine.clock.now_ms() // 1000
    query = f"fields @message | filter @message = '{message}' | limit 1"
    asked = logs.start_query(logGroupName="app", queryString=query, startTime=now_s - 60, endTime=now_s)

    def row() -> list[dict[str, str]] | None:
        answer = logs.get_query_results(queryId=asked["queryId"])
        return answer["results"][0] if answer["status"] == "Complete" else None

    return {cell["field"]: cell["value"] for cell in until(row, "the query")}["@ptr"]


def test_a_record_holds_all_fields_as_text(engine: EngineThread) -> None:
    put(engine, DEEP)
    now = str(engine.clock.now_ms())
    record = engine.client("logs").get_log_record(logRecordPointer=pointer_to(engine, DEEP))["logRecord"]
    assert record == {
        "@ingestionTime": now,
        "@log": "000000000000:app",
        "@logStream": "s",
        "@message": DEEP,
        "@timestamp": now,
        "level": "INFO",
        "user.name": "ann",
        "user.tags.0": "a",
        "user.tags.1": "2",
        "ok": "1",
    }


@pytest.mark.parametrize("pointer", ["", "x", "9" * 56, "9" * 400, "0" * 56])
def test_what_is_no_pointer_is_refused(engine: EngineThread, pointer: str) -> None:
    with pytest.raises(ClientError) as caught:
        engine.client("logs").get_log_record(logRecordPointer=pointer)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"


def test_another_account_sees_no_record(engine: EngineThread) -> None:
    put(engine, "mine")
    pointer = pointer_to(engine, "mine")
    assert engine.client("logs").get_log_record(logRecordPointer=pointer)["logRecord"]["@message"] == "mine"
    with pytest.raises(ClientError, match="invalid"):
        engine.client("logs", account="111111111111").get_log_record(logRecordPointer=pointer)


def test_fields_of_a_group_come_by_frequency(engine: EngineThread) -> None:
    engine.clock.advance(3_600)
    assert fields(engine) == {}
    middle_s = engine.clock.now_ms() // 1000
    put(engine, '{"level": "INFO"}', '{"level": "WARN", "ms": 1}', "text", '{"level": "INFO", "deep": {"a": 1}}')
    own = {"@ingestionTime": 100, "@log": 100, "@logStream": 100, "@message": 100, "@timestamp": 100}
    expected = {**own, "level": 75, "deep.a": 25, "ms": 25}
    assert fields(engine) == expected
    assert list(fields(engine)) == list(expected)
    engine.clock.advance(3_600)
    assert fields(engine) == {}
    assert fields(engine, time=middle_s + 400) == expected
    assert fields(engine, time=middle_s + 500) == {}
    assert fields(engine, time=(1 << 63) - 1) == {}


def fields(engine: EngineThread, **request: Any) -> dict[str, int]:
    answer = engine.client("logs").get_log_group_fields(logGroupName="app", **request)
    return {field["name"]: field["percent"] for field in answer["logGroupFields"]}


def test_the_fields_of_many_events_are_bounded(engine: EngineThread) -> None:
    engine.clock.advance(3_600)
    put(engine, *(json.dumps({f"f{event}-{number}": 1 for number in range(100)}) for event in range(30)))
    found = fields(engine)
    assert len(found) == 1_000
    assert (found["@message"], found["f29-0"]) == (100, 3)  # the newest events are looked at first


def test_a_hostile_document_costs_no_more_than_its_length(engine: EngineThread) -> None:
    engine.clock.advance(3_600)
    deep = '{"' + "x" * 900 + '":'
    put(engine, deep * 250 + "1" + "}" * 250, json.dumps({f"f{number}": number for number in range(5_000)}))
    found = fields(engine)
    assert max(map(len, found)) < 4_000
    assert len(found) <= 5 + 2 * 200
