"""Goal: log lines are found by what one knows of them, the newest first, and come by themselves while one looks."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.request import urlopen

import pytest

from onebox.testing import EngineThread
from orders.aws.names import SEED_NAMES
from orders.clock import SystemClock
from tests.browser.site import open_site
from tests.console.support import Browser, console_for
from tests.polling import PATIENCE_S

REQUEST = "36b55b41-7cf2-4a96-af57-7eac43117e8d"
HOSTILE = "<script>alert(1)</script>"
LINES = [
    f"START RequestId: {REQUEST} Version: $LATEST",
    {"level": "INFO", "outcome": "stored", "orderId": "A", "messageId": "m1", "requestId": REQUEST, "durationMs": 1.5},
    {"level": "ERROR", "outcome": "rejected", "orderId": HOSTILE, "requestId": REQUEST, "reason": 'expected "b"\\c'},
    {"_aws": {}, "OrdersStored": 1},
    f"END RequestId: {REQUEST}",
    "[ERROR] Runtime.ImportModuleError: no module",
    {"level": "INFO", "outcome": "duplicate", "orderId": "A*", "requestId": "other"},
]


@pytest.fixture
def browser(onebox: EngineThread, account: str) -> Iterator[Browser]:
    with console_for(onebox, account) as console:
        yield console


@pytest.fixture
def say(client: Callable[..., Any]) -> Callable[..., int]:
    """Writes lines into OrderProcessor's log, a millisecond apart, the last one now; the moment of the first."""
    logs = client("logs")
    logs.create_log_group(logGroupName=SEED_NAMES.log_group)
    logs.create_log_stream(logGroupName=SEED_NAMES.log_group, logStreamName="one")

    def put(*lines: Any) -> int:
        first_ms = SystemClock().now_ms() - len(lines)
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        events = [{"timestamp": first_ms + number, "message": text} for number, text in enumerate(texts)]
        logs.put_log_events(logGroupName=SEED_NAMES.log_group, logStreamName="one", logEvents=events)
        return first_ms

    return put


def lines_on(page: str) -> list[str]:
    """The lines of the page as they stand in the log, in their order."""
    return [html.unescape(text) for text in re.findall(r"<details>.*?<pre[^>]*>(.*?)</pre>", page, re.DOTALL)]


def numbers(page: str) -> list[int]:
    """Which of LINES are on the page."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in LINES]
    return [texts.index(line) for line in lines_on(page)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [6, 5, 2, 1]),
        ({"all": "1"}, [6, 5, 4, 3, 2, 1, 0]),
        ({"text": "stored"}, [1]),
        ({"text": "RequestId: "}, [4, 0]),
        ({"text": 'expected \\"b\\"'}, [2]),
        ({"text": "no such text"}, []),
        ({"order": "A"}, [1]),
        ({"order": "A*"}, [6]),
        ({"order": HOSTILE}, [2]),
        ({"request": REQUEST}, [4, 2, 1, 0]),
        ({"level": "ERROR"}, [5, 2]),
        ({"level": "INFO", "request": REQUEST}, [1]),
        ({"order": "A", "text": "duplicate"}, []),
        ({"since": "1h"}, [6, 5, 2, 1]),
        ({"until": "1h"}, []),
    ],
)
def test_lines_are_found_by_each_field(
    browser: Browser, say: Callable[..., int], asked: dict[str, str], found: list[int]
) -> None:
    say(*LINES)
    assert numbers(browser.text("/logs", **asked)) == found


def test_lines_of_orders_have_columns_and_the_others_are_told_apart(browser: Browser, say: Callable[..., int]) -> None:
    say(*LINES)
    page = browser.text("/logs", all="1")
    assert re.findall(r'<tr data-event="[^"]+" data-at="\d+" class="(\w+)">', page) == [
        *("order", "other", "other", "other", "order", "order", "other")
    ]
    assert '<a href="/order?id=A%2A" title="A*">A*</a>' in page
    assert "took 1.5 ms" in page
    assert "business metrics of one call" in page
    assert "<script>alert" not in page


def test_older_lines_come_page_by_page_each_once(browser: Browser, say: Callable[..., int]) -> None:
    say(*[f"line {number:03}" for number in range(450)])
    seen: list[str] = []
    address: str | None = "/logs?text=line"
    sizes = []
    while address is not None:
        page = browser.text(address)
        sizes.append(len(lines_on(page)))
        seen += lines_on(page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(found.group(1)) if found else None
    assert sizes == [100, 100, 100, 100, 50]
    assert seen == [f"line {number:03}" for number in reversed(range(450))]


@pytest.mark.parametrize("name", ["since", "until"])
def test_a_time_that_is_none_is_named_beside_its_field(browser: Browser, name: str) -> None:
    answer = browser.get("/logs", **{name: HOSTILE})
    assert answer.status_code == 400
    assert re.search(rf'name="{name}"[^>]*aria-invalid="true"', answer.text)
    assert "is not a time" in answer.text
    assert "<script>alert" not in answer.text


def test_no_log_yet_and_nothing_found_are_told_apart(browser: Browser, client: Callable[..., Any]) -> None:
    assert "No log lines yet" in browser.text("/logs")
    assert "No line matches" in browser.text("/logs", text="x")


def test_a_search_that_ends_in_the_past_follows_nothing(browser: Browser) -> None:
    assert 'data-stream=""' in browser.text("/logs", until="1h")
    assert 'data-stream="/logs/stream?level=ERROR"' in browser.text("/logs", level="ERROR")


def test_lines_come_by_themselves_as_they_are_asked_for(
    onebox: EngineThread, account: str, say: Callable[..., int]
) -> None:
    first_ms = say({"level": "INFO", "outcome": "stored", "orderId": "before"})
    with (
        open_site(onebox.endpoint_url, account) as site,
        urlopen(site.at(f"/logs/stream?level=INFO&from={first_ms}"), timeout=PATIENCE_S) as stream,
    ):
        assert "id=before" in _read_until(stream, "/order?")
        say("START RequestId: x", {"level": "ERROR", "outcome": "rejected", "orderId": "bad"})
        say({"level": "INFO", "outcome": "stored", "orderId": "after"})
        told = _read_until(stream, "id=after")
        assert "id=bad" not in told
        assert "START" not in told


def _read_until(stream: Any, text: str) -> str:
    told = ""
    while text not in told:
        line = stream.readline().decode()
        assert line, told
        told += line
    return told


def test_times_have_milliseconds_and_the_page_begins_with_a_histogram(
    browser: Browser, say: Callable[..., int]
) -> None:
    first_ms = say({"level": "INFO", "outcome": "stored"}, {"level": "ERROR", "outcome": "rejected", "orderId": "A"})
    page = browser.text("/logs")
    moment = datetime.fromtimestamp(first_ms / 1000, timezone.utc)
    assert f"{moment:%H:%M:%S}.{first_ms % 1000:03} UTC" in page
    assert 'aria-label="2 lines over time, at most 1 in a bar, 1 failures"' in page


def test_failures_of_the_platform_are_never_hidden(browser: Browser, say: Callable[..., int]) -> None:
    say(f"REPORT RequestId: {REQUEST} Duration: 3 ms", f"REPORT RequestId: {REQUEST} Status: timeout", "Traceback")
    assert [line.split()[-1] for line in lines_on(browser.text("/logs"))] == ["Traceback", "timeout"]
