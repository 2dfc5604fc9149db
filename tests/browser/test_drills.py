"""Goal: at 3 a.m. the next step is a button: from the alarm to the cause, out of a bad version, to who did what."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.browser.test_failed_order import BROKEN, fail_one
from tests.polling import until

Open = Callable[..., Page]


def click(page: Page, name: str | re.Pattern[str], *, role: Any = "link") -> int:
    page.get_by_role(role, name=name).first.click()
    return 1


def test_from_the_alarm_to_the_cause_in_three_clicks(open_page: Open, deployed: Callable[..., str], site: Site) -> None:
    fail_one(deployed, BROKEN)
    page = open_page(site.at("/logs"))
    clicks = click(page, re.compile("1 failed order"))
    clicks += click(page, re.compile("timestamp: expected an ISO 8601"))
    clicks += click(page, "B-1")
    expect(page.locator(".verdict")).to_contain_text('got "yesterday"')
    assert clicks == 3


def break_function(client: Callable[..., Any]) -> None:
    """Make a version live that always throws, as a bad deployment does."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "orders/processor/lambda_handler.py",
            "def lambda_handler(event, context):\n    raise RuntimeError('boom')\n",
        )
        archive.writestr("orders/__init__.py", "")
        archive.writestr("orders/processor/__init__.py", "")
    functions = client("lambda")
    functions.update_function_code(FunctionName="OrderProcessor", ZipFile=packed.getvalue())
    functions.get_waiter("function_updated_v2").wait(FunctionName="OrderProcessor")
    version = functions.publish_version(FunctionName="OrderProcessor")["Version"]
    functions.update_alias(FunctionName="OrderProcessor", Name="live", FunctionVersion=version)


def test_a_function_that_always_throws_is_paused_rolled_back_resumed_and_replayed(
    open_page: Open, deployed: Callable[..., str], client: Callable[..., Any], site: Site
) -> None:
    break_function(client)
    deployed("publish", "-", given='{"orderId": "D-1", "userId": "ada", "status": "new", "total": 5}')
    until(lambda: "D-1" in deployed("dlq", "list", "--each", "--json"), "the order in OrderDLQ")
    page = open_page(site.at("/controls"))
    expect(page.locator("main")).to_contain_text("OrderProcessor: its code is not that of the last deployment")
    page.get_by_text("Pause processing…").click()
    page.get_by_label("Reason").fill("bad version")
    page.get_by_role("button", name="Pause now").click()
    expect(page.locator("header")).to_contain_text("Paused: orders are not processed")
    page.goto(site.url)
    expect(page.locator(".verdict")).to_contain_text("bad version")
    page.goto(site.at("/controls"))
    page.get_by_text("Roll back to version 1…").click()
    page.get_by_role("button", name="Roll back now").click()
    expect(page.locator("main")).to_contain_text("Version 1 is live.")
    page.get_by_role("button", name="Resume processing").click()
    expect(page.locator("header")).not_to_contain_text("Paused")
    page.goto(site.at("/failed/orders"))
    page.get_by_role("button", name="Send this one back").click()
    expect(page.locator("#jobs")).to_contain_text("1 stored")
    assert json.loads(deployed("get", "D-1", "--json"))["orderId"] == "D-1"
    page.goto(site.at("/audit"))
    for action in ("pause", "rollback", "resume", "redrive"):
        expect(page.get_by_role("region", name="Changes")).to_contain_text(action)


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
    draft.fill(text.replace("yesterday", "today"))
    page.reload()
    expect(page.get_by_label("Edit the order")).to_have_value(text.replace("yesterday", "today"))
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_label("Edit the order")).to_have_value(text)


def test_an_alarm_is_acknowledged_and_silenced(open_page: Open, deployed: Callable[..., str], site: Site) -> None:
    page = open_page(site.at("/controls"))
    page.get_by_role("button", name="Silence OrderDLQ-not-empty").click()
    expect(page.locator("#alarms")).to_contain_text("silenced until")
    assert "silenced" in deployed("alarms")
    page.get_by_role("button", name="Notify of OrderDLQ-not-empty again").click()
    expect(page.locator("#alarms")).not_to_contain_text("silenced until")
