"""Goal: one order's page sends its failed notifications back and copies its id and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.browser.test_failed_order import fail_one
from tests.polling import until

Open = Callable[..., Page]
ORDER = {"orderId": "P-1", "userId": "ada", "timestamp": "2026-05-03T12:00:00Z", "currency": "GBP", "total": 19.90}


def test_a_failed_notification_of_a_stored_order_is_sent_back_from_its_page(
    open_page: Open, deployed: Callable[..., str], site: Site
) -> None:
    deployed("publish", "-", given=json.dumps(ORDER))
    until(lambda: "P-1" in deployed("list", "--user", "ada", "--json"), "the order in the table")
    fail_one(deployed, {**ORDER, "timestamp": "yesterday"})
    page = open_page(site.at("/failed"))
    expect(page.get_by_role("region", name="Failed orders by reason")).to_contain_text("timestamp")
    page.goto(site.at("/order?id=P-1"))
    failed = page.get_by_role("region", name="1 notification of this order failed")
    expect(failed).to_contain_text('got "yesterday"')
    failed.get_by_role("button", name="Send message").click()
    expect(page.locator("#jobs")).to_contain_text("1 failed again")
    assert [entry.action for entry in site.audit][-1] == "redrive"


def test_id_and_json_are_copied(open_page: Open, deployed: Callable[..., str], site: Site) -> None:
    deployed("publish", "-", given=json.dumps(ORDER))
    until(lambda: "P-1" in deployed("list", "--user", "ada", "--json"), "the order in the table")
    page = open_page(site.at("/order?id=P-1"), permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy id").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "P-1"
    page.get_by_role("button", name="Copy JSON").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.startsWith('{'))")
    assert json.loads(page.evaluate("navigator.clipboard.readText()"))["orderId"] == "P-1"
