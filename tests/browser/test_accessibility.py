"""Goal: axe-core finds nothing on any page and state, in both themes, at every width; no page is wider than the window.

`make test` tries each page and state once, in one theme or the other; `make accessibility` tries every width in both.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import Page, expect

from onebox.testing import EngineThread
from orders.aws.names import SEED_NAMES
from orders.cli.main import main
from orders.clock import SystemClock
from orders.console.pages import NAVIGATION
from orders.console.settings import ConsoleSettings
from tests.api.optional_parts import system_with_options
from tests.browser.site import Site, open_site
from tests.browser.test_failed_order import BROKEN, fail_one
from tests.console.test_pipeline_failing import CRASH, LINE
from tests.polling import until

Open = Callable[..., Page]
PATHS = [entry.path for entry in NAVIGATION]
# Pages that belong to another page of the navigation, or show a state of one.
MORE_PATHS = ["/order?id=A-1", "/order?id=none", "/failed/orders", "/search?q=ada", "/search?q=none", "/no-such-page"]
WIDTHS = (1440, 1024, 768, 390)
NARROWEST = 360
# Charts take the new width in the frame after it changed.
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"
LONG = "a-long-id-" * 12


class Look(NamedTuple):
    """How a page is looked at."""

    width: int
    theme: Literal["light", "dark"]


ALL = [*(Look(width, "light") for width in WIDTHS), *(Look(width, "dark") for width in WIDTHS)]
# The looks of one page after the other, in turn.
QUICK = [[Look(1440, "light")], [Look(390, "dark")]]
every_look = pytest.param([ALL], marks=pytest.mark.slow, id="every-look")
Looks = list[list[Look]]


def check(page: Page, looks: list[Look]) -> None:
    """The page as it is: axe-core with each look, and no overflow at any width; with one look, at its own width and the
    narrowest."""
    expect(page.locator("header .dot")).to_be_visible()
    expect(page.locator("[data-load]").get_by_text("Reading…")).to_have_count(0)
    for look in looks:
        page.emulate_media(color_scheme=look.theme)
        page.set_viewport_size({"width": look.width, "height": 900})
        found = Axe().run(page)
        assert found.violations_count == 0, f"{page.url}, {look}: {found.generate_report()}"
    for width in (*({look.width for look in looks}), NARROWEST):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(DRAWN)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{page.url}: {overflow} pixels too wide at {width}"


def walk(page: Page, site: Site, looks: Looks, paths: Iterable[str] = PATHS) -> None:
    for path, looks_of_page in zip(paths, itertools.cycle(looks)):
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(site.at(path))
        check(page, looks_of_page)


@pytest.mark.parametrize("looks", [pytest.param(QUICK, id="quick"), every_look])
def test_pages_are_accessible_and_fit(open_page: Open, deployed: Callable[..., str], site: Site, looks: Looks) -> None:
    deployed("publish", "-", given='{"orderId": "A-1", "userId": "ada", "status": "new", "total": 5}')
    deployed("publish", "-", given=json.dumps({"orderId": LONG, "userId": LONG, "timestamp": "2026-05-03T12:00:00Z"}))
    fail_one(deployed, {**BROKEN, "orderId": LONG})
    page = open_page(site.url)
    walk(page, site, looks, (*PATHS, *MORE_PATHS))
    page.goto(site.at("/failed/orders"))
    page.get_by_role("link", name="a-long-id").first.click()
    check(page, looks[0])
    page.goto(site.at("/failed"))
    page.get_by_role("link", name="Fix it").click()
    page.get_by_label("New value").fill("2026-05-03T12:00:00Z")
    page.get_by_role("button", name="Preview").click()
    check(page, looks[-1])


@pytest.mark.parametrize("looks", [every_look])
def test_optional_parts_are_accessible(open_page: Open, account: str, tmp_path: Path, looks: Looks) -> None:
    database = str(tmp_path / "shop.db")
    CliRunner().invoke(main, ["relay", "init", "--database", database])
    with sqlite3.connect(database) as shop:
        shop.execute(
            "INSERT INTO orders_outbox (order_id, body, state, refusal_code, refusal, done_at_ms)"
            " VALUES (?, '{}', 'refused', 'OrderRejected', ?, 1)",
            (LONG, f"total: {LONG}"),
        )
        shop.execute(
            "INSERT INTO orders_outbox_relays (name, started_at_ms, seen_at_ms, sent, refused, sent_per_minute)"
            " VALUES (?, 1, 1, 7, 1, 60)",
            (LONG,),
        )
    with ExitStack() as stack:
        engine = stack.enter_context(system_with_options(account, "-p", "Intake=Token"))
        site = stack.enter_context(open_site(engine.endpoint_url, account, ConsoleSettings(database=database)))
        span = {"since": "2026-05-03T12:00:00Z", "until": "2026-05-03T13:00:00Z", "sent": 7}
        site.log.begin("replay", LONG, after={**span, "reportedAtMs": SystemClock().now_ms()})
        page = open_page(site.at("/options"))
        expect(page.get_by_role("region", name="Replays", exact=True)).to_contain_text("a-long-id")
        check(page, looks[0])


@pytest.mark.parametrize("looks", [pytest.param(QUICK, id="quick"), every_look])
def test_pages_without_a_stack_are_accessible(open_page: Open, site: Site, looks: Looks) -> None:
    walk(open_page(site.url), site, looks)


@pytest.mark.parametrize("looks", [pytest.param(QUICK, id="quick"), every_look])
def test_states_are_accessible_and_every_page_says_that_the_system_is_paused(
    open_page: Open, deployed: Callable[..., str], client: Callable[..., Any], site: Site, looks: Looks
) -> None:
    page = open_page(site.url)
    walk(page, site, looks)  # empty
    conflict(deployed)
    page.goto(site.at("/failed/orders"))
    page.get_by_role("link", name="C-1").click()
    expect(page.locator("main")).to_contain_text("Same timestamp, different content")
    check(page, looks[-1])
    deployed("pause", "--yes", "--reason", "a drill")
    let_fail_now(client)
    for path, looks_of_page in zip(PATHS, itertools.cycle(reversed(looks))):
        page.goto(site.at(path))
        expect(page.locator("header")).to_contain_text("Paused: orders are not processed")
        if path in ("/", "/failed"):
            expect(page.locator("main")).to_contain_text("Failing now")
        check(page, looks_of_page)


def conflict(deployed: Callable[..., str]) -> None:
    """Fail an order that has another content than the stored one, with the same timestamp."""
    order = {"orderId": "C-1", "userId": "ada", "timestamp": "2026-05-03T12:00:00Z", "total": 5}
    deployed("publish", "-", given=json.dumps(order))
    until(lambda: "C-1" in deployed("list", "--user", "ada", "--json"), "the order in the table")
    fail_one(deployed, {**order, "total": 6})


def let_fail_now(client: Callable[..., Any]) -> None:
    """An order under way, and log lines of a failing order and of a call that raised."""
    queue = client("sqs").get_queue_url(QueueName="OrderQueue")["QueueUrl"]
    client("sqs").send_message(QueueUrl=queue, MessageBody="{}", DelaySeconds=900)
    client("logs").create_log_stream(logGroupName=SEED_NAMES.log_group, logStreamName="failing")
    now_ms = SystemClock().now_ms()
    events = [{"timestamp": now_ms, "message": text} for text in (json.dumps(LINE), CRASH)]
    client("logs").put_log_events(logGroupName=SEED_NAMES.log_group, logStreamName="failing", logEvents=events)


@contextmanager
def lost_site(account: str) -> Iterator[tuple[Site, Callable[[], None]]]:
    """A console, and what ends the endpoint before it."""
    with ExitStack() as engines:
        engine = engines.enter_context(EngineThread())
        with open_site(engine.endpoint_url, account) as site:
            yield site, engines.close


@pytest.mark.parametrize("looks", [pytest.param(QUICK, id="quick"), every_look])
def test_pages_before_a_dead_endpoint_are_accessible(open_page: Open, account: str, looks: Looks) -> None:
    with lost_site(account) as (site, end):
        page = open_page(site.url)
        expect(page.locator("header")).to_contain_text("Live")
        end()
        expect(page.locator("header")).to_contain_text("No answer since")
        check(page, looks[-1])
        walk(page, site, looks)
