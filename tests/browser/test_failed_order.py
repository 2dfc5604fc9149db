"""Goal: a failed order is seen, understood, edited and sent back in the browser; many go back at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

from onebox.testing import EngineThread
from orders.console.settings import ConsoleSettings
from tests.browser.site import Site, open_site
from tests.polling import until

Open = Callable[..., Page]
BROKEN = {"orderId": "B-1", "userId": "ada", "timestamp": "yesterday", "currency": "GBP", "total": 19.90}


def fail_one(deployed: Callable[..., str], order: dict[str, Any]) -> None:
    """Publish what OrderProcessor will not take, and wait until it has failed three times."""
    deployed("publish", "--unchecked", "-", given=json.dumps(order))
    until(lambda: order["orderId"] in deployed("dlq", "list", "--each", "--json"), "the order in OrderDLQ", pause_s=0.5)


def test_a_failed_order_is_seen_understood_mended_sent_back_and_stored(
    open_page: Open, deployed: Callable[..., str], site: Site
) -> None:
    fail_one(deployed, BROKEN)
    page = open_page(site.url)
    page.get_by_role("link", name="See why").click()
    page.get_by_role("link", name=re.compile("timestamp: expected an ISO 8601")).click()
    page.get_by_role("link", name="B-1").click()
    expect(page.locator(".verdict")).to_contain_text('got "yesterday"')
    expect(page.get_by_role("region", name="Log lines")).to_contain_text("OrderRejected")
    draft = page.get_by_label("Edit the order")
    text = draft.input_value()
    draft.fill(text.replace("yesterday", "3 May"))
    expect(page.locator("#edit-check")).to_contain_text('got "3 May"')
    draft.fill(text.replace("yesterday", "2026-05-03T12:00:00Z"))
    expect(page.locator("#edit-check")).to_contain_text("Valid")
    page.get_by_role("button", name="Send the edited order back").click()
    expect(page.locator("main")).to_contain_text("sent back")
    until(lambda: "B-1" in deployed("list", "--user", "ada", "--json"), "the edited order in the table")
    page.goto(site.at("/order?id=B-1"))
    expect(page.locator("main")).to_contain_text("2026-05-03T12:00:00Z")
    assert "no failed orders" in deployed("dlq", "list")
    assert site.audit[-1].source == "console, 127.0.0.1"


def test_the_same_by_keys_alone(open_page: Open, deployed: Callable[..., str], site: Site) -> None:
    fail_one(deployed, BROKEN)
    page = open_page(site.at("/failed"))
    keys = page.keyboard

    def go_to(what: Any) -> None:
        for _ in range(60):
            if what.evaluate("element => element === document.activeElement"):
                return
            keys.press("Tab")
        raise AssertionError("Tab does not get there")

    go_to(page.get_by_role("link", name=re.compile("timestamp: expected")))
    keys.press("Enter")
    go_to(page.get_by_role("link", name="B-1"))
    keys.press("Enter")
    draft = page.get_by_label("Edit the order")
    go_to(draft)
    keys.press("Control+A")
    keys.type('{"orderId": "B-1", "total": 19.90}')
    expect(page.locator("#edit-check")).to_contain_text("Valid")
    go_to(page.get_by_role("button", name="Send the edited order back"))
    keys.press("Enter")
    expect(page.locator("main")).to_contain_text("sent back")
    until(lambda: json.loads(deployed("get", "B-1", "--json")), "the edited order in the table")


def make_queues(client: Callable[..., Any]) -> tuple[str, str]:
    """OrderQueue and OrderDLQ without a function: their URLs."""
    sqs = client("sqs")
    failed = sqs.create_queue(QueueName="OrderDLQ")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=failed, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    return sqs.create_queue(QueueName="OrderQueue", Attributes={"RedrivePolicy": policy})["QueueUrl"], failed


def waiting(client: Callable[..., Any], url: str) -> int:
    names = ["ApproximateNumberOfMessages"]
    return int(client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]])


def test_five_hundred_go_back_with_progress_that_survives_a_reload(
    open_page: Open, client: Callable[..., Any], site: Site
) -> None:
    queue, failed = make_queues(client)
    for start in range(0, 500, 10):
        entries = [{"Id": str(i), "MessageBody": json.dumps({"orderId": f"M-{i}"})} for i in range(start, start + 10)]
        client("sqs").send_message_batch(QueueUrl=failed, Entries=entries)
    page = open_page(site.at("/failed"))
    page.locator("tbody input[type=checkbox]").first.check()
    page.get_by_label("Limit, orders/s").fill("250")
    page.get_by_role("button", name="Send chosen groups back").click()
    expect(page.locator("progress")).to_be_visible()
    page.reload()
    expect(page.locator("#jobs-state")).to_contain_text("500 sent back")
    assert (waiting(client, queue), waiting(client, failed)) == (500, 0)


def test_hostile_orders_are_shown_and_do_nothing(open_page: Open, client: Callable[..., Any], site: Site) -> None:
    _, failed = make_queues(client)
    hostile = '<script>window.broken=1</script><img src=x onerror="window.broken=1">\'"&'
    body = json.dumps({"orderId": hostile, "timestamp": hostile, hostile: hostile})
    attributes = {"status": {"DataType": "String", "StringValue": hostile}}
    client("sqs").send_message(QueueUrl=failed, MessageBody=body, MessageAttributes=attributes)
    page = open_page(site.at("/failed"))
    page.locator("tbody a").first.click()
    page.locator("tbody a").first.click()
    expect(page.get_by_label("Edit the order")).to_be_visible()
    assert hostile in page.locator("dl.facts-list").inner_text()
    assert page.evaluate("window.broken") is None
    assert page.locator("main script, main img").count() == 0


def test_what_was_typed_before_the_script_ran_is_checked(
    open_page: Open, client: Callable[..., Any], site: Site
) -> None:
    _, failed = make_queues(client)
    client("sqs").send_message(QueueUrl=failed, MessageBody=json.dumps(BROKEN))
    page = open_page(site.at("/failed"))
    page.locator("tbody a").first.click()
    page.locator("tbody a").first.click()
    draft = page.get_by_label("Edit the order")
    expect(draft).to_be_visible()
    held: list[Route] = []
    page.route("**/failed.js*", lambda route: held.append(route))
    with page.expect_request("**/failed.js*"):
        page.reload(wait_until="commit")
    draft.fill(draft.input_value().replace("yesterday", "3 May"))
    held.pop().continue_()
    expect(page.locator("#edit-check")).to_contain_text('got "3 May"')


def test_a_read_only_console_offers_no_change_and_takes_none(
    open_page: Open, client: Callable[..., Any], onebox: EngineThread, account: str
) -> None:
    _, failed = make_queues(client)
    client("sqs").send_message(QueueUrl=failed, MessageBody='{"orderId": "R-1"}')
    with open_site(onebox.endpoint_url, account, ConsoleSettings(read_only=True)) as site:
        page = open_page(site.at("/failed"))
        expect(page.locator("main")).to_contain_text("read-only")
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.get_by_role("button", name=re.compile("back|Delete"))).to_have_count(0)
        status = page.evaluate(
            """async () => (await fetch("/failed/purge", {method: "POST", headers: {
                "X-CSRF-Token": document.querySelector('meta[name=csrf]').content}})).status"""
        )
        assert status == 403
        assert waiting(client, failed) == 1
        assert site.audit == []
