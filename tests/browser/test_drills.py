"""Goal: at 3 a.m. the next step is a button: from the alarm to the cause, out of a bad version, to who did what."""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.api.bad_version import THROWS, go_live
from tests.browser.conftest import QUICK
from tests.browser.site import Site
from tests.browser.test_failed_order import BROKEN, fail_one
from tests.polling import until

Open = Callable[..., Page]


DRILL_S = 120.0


class Operator:
    """Works on a page with clicks, which are counted, and against the clock."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0
        self._begin = time.monotonic()

    def click(self, name: str | re.Pattern[str], role: Any = "link") -> None:
        self.page.get_by_role(role, name=name).first.click()
        self.clicks += 1

    def open_form(self, summary: str) -> None:
        """Open the confirmation of a change."""
        self.page.get_by_text(summary).click()
        self.clicks += 1

    def report(self, drill: str) -> float:
        """Print clicks and seconds; the seconds."""
        took_s = time.monotonic() - self._begin
        print(f"{drill}: {self.clicks} clicks, {took_s:.1f} s")
        return took_s


def test_from_the_alarm_to_the_cause_in_three_clicks(open_page: Open, deployed: Callable[..., str], site: Site) -> None:
    fail_one(deployed, BROKEN)
    page = open_page(site.at("/logs"))
    operator = Operator(page)
    operator.click(re.compile("1 failed order"))
    operator.click(re.compile("timestamp: expected an ISO 8601"))
    operator.click("B-1")
    expect(page.locator(".verdict")).to_contain_text('got "yesterday"')
    operator.report("from the alarm to the cause")
    assert operator.clicks == 3


def test_a_function_that_always_throws_is_paused_rolled_back_resumed_and_replayed(
    open_page: Open, deployed: Callable[..., str], client: Callable[..., Any], site: Site
) -> None:
    go_live(client("lambda"), THROWS)
    deployed("publish", "-", given='{"orderId": "D-1", "userId": "ada", "status": "new", "total": 5}')
    until(lambda: "D-1" in deployed("dlq", "list", "--each", "--json"), "the order in OrderDLQ", pause_s=0.5)
    page = open_page(site.url)
    operator = Operator(page)
    operator.click("See why")
    expect(page.get_by_role("region", name="Failed orders by reason")).to_contain_text("boom")
    operator.click("boom")
    operator.click("D-1")
    expect(page.get_by_role("region", name="How the call ended")).to_contain_text("raise RuntimeError('boom')")
    operator.click("Controls")
    expect(page.locator("main")).to_contain_text("OrderProcessor: its code is not that of the last deployment")
    operator.open_form("Pause processing…")
    page.get_by_label("Reason").fill("bad version")
    operator.click("Pause now", "button")
    expect(page.locator("header")).to_contain_text("Paused: orders are not processed")
    operator.open_form("Roll back to version 1…")
    operator.click("Roll back now", "button")
    expect(page.locator("main")).to_contain_text("Version 1 is live.")
    operator.click("Resume processing", "button")
    expect(page.locator("header")).not_to_contain_text("Paused")
    operator.click("Failed orders")
    operator.click("boom")
    operator.click("Send this one back", "button")
    expect(page.locator("#jobs")).to_contain_text("1 stored")
    took_s = operator.report("a function that always throws: seen, paused, rolled back, resumed, replayed")
    assert (operator.clicks, took_s < DRILL_S) == (12, True)
    assert json.loads(deployed("get", "D-1", "--json"))["orderId"] == "D-1"
    page.goto(site.at("/audit"))
    for action in ("pause", "rollback", "resume", "redrive"):
        expect(page.get_by_role("region", name="Changes")).to_contain_text(action)


def test_what_was_changed_outside_of_the_stack_is_set_back_by_a_button(
    open_page: Open, deployed: Callable[..., str], client: Callable[..., Any], site: Site
) -> None:
    go_live(client("lambda"), THROWS)
    client("sqs").set_queue_attributes(
        QueueUrl=client("sqs").get_queue_url(QueueName="OrderQueue")["QueueUrl"], Attributes={"VisibilityTimeout": "77"}
    )
    page = open_page(site.at("/controls"))
    drift = page.get_by_role("region", name="Drift")
    expect(drift).to_contain_text("VisibilityTimeout is")
    drift.get_by_text("Set back to the last deployment…").click()
    expect(drift).to_contain_text("live: version 2 → a new version")
    drift.get_by_role("button", name="Set back now").click()
    expect(drift).to_contain_text("Code, settings, trigger and queues are those of the last deployment")
    assert "The stack is up to date" in deployed("deploy", "--yes", *QUICK)
    deployed("publish", "-", given='{"orderId": "S-1", "userId": "ada", "timestamp": "2026-05-03T12:00:00Z"}')
    until(lambda: "S-1" in deployed("list", "--user", "ada", "--json"), "the order to be stored by the restored code")
    (restored,) = [entry for entry in site.audit if entry.action == "restore"]
    assert str(restored.before["OrderQueue.VisibilityTimeout"]) == "77"


def test_yesterdays_orders_are_a_csv_file(
    open_page: Open, deployed: Callable[..., str], site: Site, tmp_path: Path
) -> None:
    now = datetime.now(timezone.utc)
    yesterday = now - timedelta(days=1)
    for name, at in (("Y-1", yesterday), ("Y-2", now), ("Y-3", now - timedelta(days=3))):
        order = {"orderId": name, "userId": "ada", "status": "new", "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}", "total": 5}
        deployed("publish", "-", given=json.dumps(order))
        until(lambda name=name: name in deployed("list", "--json"), "the order in the table")  # type: ignore[misc]
    page = open_page(site.at("/orders"))
    page.get_by_label("Since").fill(f"{yesterday:%Y-%m-%d}")
    page.get_by_label("Until").fill(f"{now:%Y-%m-%d}")
    page.locator("main").get_by_role("button", name="Search").click()
    expect(page.locator("#count")).to_have_text("1")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert [row["orderId"] for row in rows] == ["Y-1"]


def test_the_search_field_is_reached_by_a_key_and_finds_the_order(
    open_page: Open, deployed: Callable[..., str], site: Site
) -> None:
    deployed("publish", "-", given='{"orderId": "K-1", "userId": "ada", "timestamp": "2026-05-03T12:00:00Z"}')
    until(lambda: "K-1" in deployed("list", "--user", "ada", "--json"), "the order in the table")
    page = open_page(site.at("/metrics"))
    page.keyboard.press("/")
    page.keyboard.type("K-1")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Order K-1")


def test_edited_text_survives_a_reload(open_page: Open, deployed: Callable[..., str], site: Site) -> None:
    fail_one(deployed, BROKEN)
    page = open_page(site.at("/failed/orders"))
    page.get_by_role("link", name="B-1").click()
    draft = page.get_by_label("Edit the order")
    text = draft.input_value()
    page.wait_for_load_state()  # until the script runs, the text is only the browser's
    draft.fill(text.replace("yesterday", "today"))
    page.reload()
    expect(page.get_by_label("Edit the order")).to_have_value(text.replace("yesterday", "today"))
    expect(page.get_by_role("button", name="Send the edited order back")).to_be_disabled()
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_label("Edit the order")).to_have_value(text)


def test_an_alarm_is_acknowledged_and_silenced(
    open_page: Open, deployed: Callable[..., str], client: Callable[..., Any], site: Site
) -> None:
    client("cloudwatch").set_alarm_state(AlarmName="OrderDLQ-not-empty", StateValue="ALARM", StateReason="a drill")
    page = open_page(site.at("/controls"))
    alarms = page.locator("#alarms")
    page.get_by_role("button", name="Acknowledge OrderDLQ-not-empty").click()
    expect(alarms).to_contain_text("acknowledged")
    expect(page.get_by_role("button", name="Acknowledge OrderDLQ-not-empty")).to_have_count(0)
    page.get_by_role("button", name="Silence OrderDLQ-not-empty").click()
    expect(alarms).to_contain_text("silenced until")
    assert "silenced" in deployed("alarms")
    page.get_by_role("button", name="Notify of OrderDLQ-not-empty again").click()
    expect(alarms).not_to_contain_text("silenced until")
    assert {entry.action for entry in site.audit} >= {"acknowledge", "silence", "unsilence"}
