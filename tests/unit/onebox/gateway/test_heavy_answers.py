"""Goal: an operation is taken for heavy as its last answer was, each for itself."""

from __future__ import annotations

from onebox.gateway.heavy_answers import HEAVY_MS, HeavyAnswers
from onebox.gateway.message import Request
from onebox.gateway.routing import Route, resolve
from onebox.testing import ManualClock


def route(target: str) -> Route:
    headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
    return resolve(Request("POST", "/", "", headers, b"{}"))


def test_an_operation_is_heavy_from_a_long_answer_to_a_short_one() -> None:
    clock = ManualClock()
    heavy = HeavyAnswers(clock)
    read, other = route("Logs_20140328.GetLogEvents"), route("Logs_20140328.DescribeLogGroups")
    now_ms = heavy.now_ms()

    heavy.note(read, now_ms - HEAVY_MS - 1)
    assert (heavy.holds(read), heavy.holds(other)) == (True, False)
    heavy.note(read, now_ms - HEAVY_MS + 1)
    heavy.note(other, now_ms - HEAVY_MS + 1)
    assert (heavy.holds(read), heavy.holds(other)) == (True, False)
    heavy.note(read, now_ms - 1)
    assert not heavy.holds(read)
