"""Goal: Logs Insights answers queries as AWS's users write them, survives restarts and holds up nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.polling import until
from tests.stalls.loop import longest_stall_s

START_S = 1_767_225_600
LINES = [
    json.dumps({"level": "INFO", "ms": 10, "user": {"name": "ann"}, "tags": ["a", "b"]}),
    json.dumps({"level": "ERROR", "ms": 250, "user": {"name": "bob"}}),
    json.dumps({"level": "INFO", "ms": 30.5, "user": {"name": "ann"}}),
    json.dumps({"level": "ERROR", "ms": 90, "user": {"name": "cid"}}),
    "user=dora, method:PUT, latency := 17",
    "plain text with an error",
]


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread(manual_clock=True) as running:
        fill(running)
        yield running


def fill(engine: EngineThread) -> None:
    logs = engine.client("logs")
    for group in ("app", "web"):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="s")
    events = [
        {"timestamp": START_S * 1000 + number * 60_000, "message": message} for number, message in enumerate(LINES)
    ]
    logs.put_log_events(logGroupName="app", logStreamName="s", logEvents=events)
    logs.put_log_events(logGroupName="web", logStreamName="s", logEvents=events[:1])


def run(engine: EngineThread, text: str, **request: Any) -> dict[str, Any]:
    """The answer of a query, once it is complete."""
    logs = engine.client("logs")
    where = {} if {"logGroupNames", "logGroupIdentifiers"} & request.keys() else {"logGroupName": "app"}
    times = {"startTime": START_S, "endTime": START_S + 3600}
    query_id = logs.start_query(queryString=text, **{**where, **times, **request})["queryId"]

    def complete() -> dict[str, Any] | None:
        answer: dict[str, Any] = logs.get_query_results(queryId=query_id)
        return answer if answer["status"] not in ("Scheduled", "Running") else None

    answer = until(complete, "the query")
    assert answer["status"] == "Complete"
    return answer


def rows(engine: EngineThread, text: str, **request: Any) -> list[list[str]]:
    """The values of each row, without the pointer."""
    answer = run(engine, text, **request)
    return [[cell["value"] for cell in row if cell["field"] != "@ptr"] for row in answer["results"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fields level, ms | filter level = 'ERROR'", [["ERROR", "90"], ["ERROR", "250"]]),
        ("filter ispresent(ms) | display ms | sort ms asc | limit 2", [["10"], ["30.5"]]),
        ("fields ms | filter ispresent(ms) | sort ms desc", [["250"], ["90"], ["30.5"], ["10"]]),
        ("filter ms > 20 and ms <= 90 | display ms", [["90"], ["30.5"]]),
        ("filter level in ['ERROR', 'WARN'] | stats count(*)", [["2"]]),
        ("filter @message like /(?i)ERROR/ | stats count() as n", [["3"]]),
        ("filter @message not like 'level' | stats count(*) as n", [["2"]]),
        ("filter not (level = 'INFO') | stats count(*) as n", [["4"]]),
        ("stats count(*) as n, sum(ms), avg(ms), min(ms), max(ms) by level | sort level desc", [
            ["INFO", "2", "40.5", "20.25", "10", "30.5"],
            ["ERROR", "2", "340", "170", "90", "250"],
            ["2"],
        ]),
        ("filter ispresent(ms) | stats pct(ms, 50), pct(ms, 100), median(ms), count_distinct(user.name)", [
            ["30.5", "250", "30.5", "3"]
        ]),
        ("stats count(*) as n by bin(3m) | sort bin(3m) asc", [
            ["2026-01-01 00:00:00.000", "3"], ["2026-01-01 00:03:00.000", "3"]
        ]),
        ("stats latest(level), earliest(level)", [["ERROR", "INFO"]]),
        ("parse 'user=*, method:*, latency := *' as @user, @method, @latency"
         " | filter @latency > 10 | display @user, @method, @latency", [["dora", "PUT", "17"]]),
        (r"parse @message /user=(?<who>\w+), method:(?<how>\w+)/ | filter ispresent(who) | display how, who", [
            ["PUT", "dora"]
        ]),
        ("filter ispresent(user.name) | dedup user.name | display user.name, ms", [
            ["cid", "90"], ["ann", "30.5"], ["bob", "250"]
        ]),
        ("filter ms = 250 | fields ms / 100 as s, ms % 7 as r, 2 ^ 3, -ms, concat(level, '-', ms) as c"
         " | display s, r, c", [["2.5", "5", "ERROR-250"]]),
        ("filter ms = 10 | display tags.1, strlen(level), toupper(user.name), substr(level, 1, 2)", [
            ["b", "4", "ANN", "NF"]
        ]),
        ("filter level = 'INFO' # a remark\n| display datefloor(@timestamp, 1h) | limit 1", [
            ["2026-01-01 00:00:00.000"]
        ]),
        ("filter coalesce(level, 'none') = 'none' | stats count(*) as n", [["2"]]),
        ("stats count(*) as n by level | filter n > 1 | stats sum(n) as total", [["6"]]),
        ("filter level = 'nothing' | stats count(*)", [["0"]]),
    ],
)  # fmt: skip
def test_queries(engine: EngineThread, text: str, expected: list[list[str]]) -> None:
    found = rows(engine, text)
    assert sorted(found) == sorted(expected) if "by level | sort level" in text else found == expected


def test_default_columns_are_moment_and_message_newest_first(engine: EngineThread) -> None:
    answer = run(engine, "", limit=2)
    assert [[cell["field"] for cell in row] for row in answer["results"]] == [["@timestamp", "@message", "@ptr"]] * 2
    assert [row[1]["value"] for row in answer["results"]] == [LINES[5], LINES[4]]
    assert answer["results"][0][0]["value"] == "2026-01-01 00:05:00.000"
    everything = run(engine, "filter level = 'ERROR'")["statistics"]
    assert (everything["recordsMatched"], everything["recordsScanned"]) == (2, 6)


def test_times_are_inclusive_and_several_groups_are_searched(engine: EngineThread) -> None:
    assert rows(engine, "stats count(*)", startTime=START_S + 60, endTime=START_S + 120) == [["2"]]
    assert rows(engine, "stats count(*) by @log | sort @log", logGroupNames=["app", "web"]) == [
        ["000000000000:app", "6"],
        ["000000000000:web", "1"],
    ]
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:web"
    assert rows(engine, "fields @logStream", logGroupIdentifiers=[arn]) == [["s"]]


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "fields",
        "filter level =",
        "filter (",
        "filter " + "(" * 500,
        "filter " + "not " * 2_100 + "level",
        "fields " + "-" * 900 + "1",
        "fields 1" + "+1" * 900,
        "stats nothing(*)",
        "stats count(*) by",
        "limit 0",
        "limit 10001",
        "parse @message '* *' as one",
        "filter a like /(/",
        "filter a like 'open",
        "fields bin(5 parsecs)",
        "fields unknown(1)",
        "sort",
        "| | fields @message |||",
        "\x00",
    ],
)
def test_what_is_no_query_is_refused(engine: EngineThread, text: str) -> None:
    with pytest.raises(ClientError) as caught:
        run(engine, text)
    assert caught.value.response["Error"]["Code"] == "MalformedQueryException"
    response: dict[str, Any] = {**caught.value.response}
    assert response["queryCompileError"]["message"]


def test_queries_are_listed_stopped_and_refused(engine: EngineThread) -> None:
    logs = engine.client("logs")
    assert logs.describe_queries(logGroupName="web", status="Failed")["queries"] == []
    run(engine, "fields @message", logGroupNames=["web"])
    found = logs.describe_queries(logGroupName="web", status="Complete")["queries"]
    (query,) = (query for query in found if query["queryString"] == "fields @message")
    assert {key: query[key] for key in ("queryString", "status", "logGroupName", "queryLanguage")} == {
        "queryString": "fields @message",
        "status": "Complete",
        "logGroupName": "web",
        "queryLanguage": "CWLI",
    }
    times = {"startTime": START_S, "endTime": START_S}
    for call, code, request in (
        (logs.start_query, "ResourceNotFoundException", {"logGroupName": "none", "queryString": "", **times}),
        (logs.start_query, "InvalidParameterException", {"queryString": "", **times}),
        (logs.start_query, "InvalidParameterException", {
            "logGroupName": "app", "queryString": "", "startTime": 2, "endTime": 1
        }),
        (logs.get_query_results, "ResourceNotFoundException", {"queryId": "none"}),
        (logs.stop_query, "InvalidParameterException", {"queryId": found[0]["queryId"]}),
    ):  # fmt: skip
        with pytest.raises(ClientError) as caught:
            call(**request)
        assert caught.value.response["Error"]["Code"] == code


def test_results_come_in_pages_if_asked_for(engine: EngineThread) -> None:
    run(engine, "fields @message")
    logs = engine.client("logs")
    query_id = next(query["queryId"] for query in logs.describe_queries()["queries"] if query["logGroupName"] == "app")
    first = logs.get_query_results(queryId=query_id, maxItems=1)
    assert len(first["results"]) == 1
    whole = logs.get_query_results(queryId=query_id)["results"]
    if len(whole) > 1:
        rest = logs.get_query_results(queryId=query_id, nextToken=first["nextToken"])["results"]
        assert first["results"] + rest == whole


def test_definitions_are_saved_replaced_and_deleted(engine: EngineThread) -> None:
    logs = engine.client("logs")
    first = logs.put_query_definition(name="errors", queryString="fields 1", logGroupNames=["app"])["queryDefinitionId"]
    logs.put_query_definition(name="slow", queryString="fields 2")
    logs.put_query_definition(queryDefinitionId=first, name="errors", queryString="fields 3")
    found = logs.describe_query_definitions(queryDefinitionNamePrefix="err")["queryDefinitions"]
    assert [(item["name"], item["queryString"]) for item in found] == [("errors", "fields 3")]
    assert logs.delete_query_definition(queryDefinitionId=first)["success"] is True
    with pytest.raises(ClientError):
        logs.delete_query_definition(queryDefinitionId=first)
    assert [item["name"] for item in logs.describe_query_definitions()["queryDefinitions"]] == ["slow"]


def test_results_and_waiting_queries_survive_a_restart(tmp_path: Path) -> None:
    with EngineThread(tmp_path, manual_clock=True) as engine:
        fill(engine)
        done = run(engine, "stats count(*)")["results"]
        logs = engine.client("logs")
        complete = logs.describe_queries()["queries"][0]["queryId"]
        request = {"logGroupName": "app", "startTime": START_S, "endTime": START_S + 3600}
        waiting = logs.start_query(queryString="stats count(*)", **request)["queryId"]
    with EngineThread(tmp_path, manual_clock=True) as engine:
        logs = engine.client("logs")
        assert logs.get_query_results(queryId=complete)["results"] == done
        until(lambda: logs.get_query_results(queryId=waiting)["status"] == "Complete", "the query")
        assert logs.get_query_results(queryId=waiting)["results"] == done


def test_a_query_over_many_events_holds_up_nobody() -> None:
    with EngineThread() as engine:
        logs = engine.client("logs")
        logs.create_log_group(logGroupName="app")
        logs.create_log_stream(logGroupName="app", logStreamName="s")
        now_ms = int(time.time() * 1000)
        for _ in range(3):
            events = [{"timestamp": now_ms, "message": f'{{"n": {number}}}'} for number in range(10_000)]
            logs.put_log_events(logGroupName="app", logStreamName="s", logEvents=events)
        large = [{"timestamp": now_ms, "message": "a" * 1_000_000}]
        logs.put_log_events(logGroupName="app", logStreamName="s", logEvents=large)

        def search() -> None:
            request = {"startTime": now_ms // 1000 - 60, "endTime": now_ms // 1000 + 60}
            text = "filter @message like /a.*a.*a.*b/ or n >= 0 | stats count(*), avg(n), pct(n, 99) by bin(1d)"
            answer = run(engine, text, **request)
            assert answer["statistics"]["recordsScanned"] == 30_001

        assert (stall_s := longest_stall_s(engine, search)) < 0.1, stall_s
