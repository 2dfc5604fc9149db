"""Goal: an operation is taken for heavy as its last two answers were, each for itself; an answer of many values is
written beside the event loop.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

from onebox.gateway.heavy_answers import HEAVY_MS, HeavyAnswers
from onebox.gateway.message import Request, Response
from onebox.gateway.routing import Route, resolve
from onebox.testing import ManualClock


def route(target: str) -> Route:
    headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
    return resolve(Request("POST", "/", "", headers, b"{}"))


def test_the_first_answer_of_many_values_is_written_beside_the_loop() -> None:
    async def threads_of(values: int) -> set[str]:
        written_by: set[str] = set()
        described = route("Logs_20140328.DescribeLogGroups")
        encode = described.codec.encode

        def watched(*given: Any) -> Response:
            written_by.add(threading.current_thread().name)
            return encode(*given)

        codec = replace(described.codec, encode=watched)
        groups = [{"logGroupName": str(number)} for number in range(values)]
        await HeavyAnswers(ManualClock()).encode(described._replace(codec=codec), {"logGroups": groups}, "id")
        return written_by

    assert asyncio.run(threads_of(10)) == {"MainThread"}
    assert not asyncio.run(threads_of(5_000)) & {"MainThread"}


def test_an_operation_is_heavy_from_two_long_answers_to_a_short_one() -> None:
    clock = ManualClock()
    heavy = HeavyAnswers(clock)
    read, other = route("Logs_20140328.GetLogEvents"), route("Logs_20140328.DescribeLogGroups")
    now_ms = heavy.now_ms()

    heavy.note(read, now_ms - HEAVY_MS - 1)
    assert not heavy.holds(read), "another program may have interrupted one answer"
    heavy.note(read, now_ms - HEAVY_MS - 1)
    assert (heavy.holds(read), heavy.holds(other)) == (True, False)
    heavy.note(read, now_ms - HEAVY_MS + 1)
    heavy.note(other, now_ms - HEAVY_MS + 1)
    assert (heavy.holds(read), heavy.holds(other)) == (True, False)
    heavy.note(read, now_ms - 1)
    assert not heavy.holds(read)
