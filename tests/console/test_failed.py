"""Goal: whoever opens the console sees why orders failed, mends them and sends them back, and none is ever lost."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from onebox.testing import EngineThread
from orders.cli.main import main
from orders.clock import SystemClock
from orders.console.dlq_operations import REFRESH_MIN_MS
from orders.console.settings import ConsoleSettings, Refresh
from tests.console.failed_shop import Shop, make_queues, order
from tests.console.support import BASE_URL, console_for
from tests.polling import until

QUANTITY = "items[0].quantity: expected a whole number of at least 1, got -2"
HOSTILE = "<script>alert('x')</script>"


def changes(shop: Shop) -> list[str]:
    return [entry.action for entry in shop.browser.audit]


# --- Looking --------------------------------------------------------------------------------------------------------


def test_an_empty_queue_is_said_to_be_empty(shop: Shop) -> None:
    assert "No failed orders" in shop.page()


def test_failed_orders_are_grouped_by_reason(shop: Shop) -> None:
    for number in range(3):
        shop.fail(order(f"Q-{number}"), f"items[0].quantity: expected a whole number of at least 1, got -{number}")
    shop.fail("{", None)
    shop.fail(order("FINE"), None)
    page = shop.page()
    key = shop.group_of(page, "items[0].quantity: expected a whole number of at least 1")
    row = next(row for row in page.split("<tr>") if key in row)
    assert '<td class="right" data-label="Orders">3</td>' in row
    assert "OrderRejected" in row
    assert row.count("<time ") == 2
    assert "checked again" in page, "the log says nothing of the order that is no JSON"
    assert "unknown: OrderProcessor&#39;s log has no line for this message" in page
    listed = shop.browser.text("/failed/orders", group=key)
    assert [f"Q-{number}" in listed for number in range(3)] == [True] * 3
    assert "FINE" not in listed


class LaterClock(SystemClock):
    """The machine's clock, put forward."""

    forward_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.forward_ms


def test_a_console_that_was_open_before_the_deployment_reads_the_queue_once_it_is_there(
    onebox: EngineThread, account: str, client: Callable[..., Any]
) -> None:
    clock = LaterClock()
    settings = ConsoleSettings(refresh=Refresh(queues_ms=50, rest_ms=50))
    with console_for(onebox, account, settings, clock=clock) as browser:
        until(lambda: "there is no queue OrderDLQ. Set the system up" in browser.text("/failed"), "the reason")
        make_queues(client("sqs"))
        shop = Shop(client, browser)
        shop.fail(order("LATER"), "total: expected a number")
        clock.forward_ms = REFRESH_MIN_MS
        until(lambda: "total: expected a number" in browser.text("/failed"), "the failed order")


def test_a_look_leaves_every_order_where_it_is(shop: Shop) -> None:
    shop.fail_many(25)
    shop.page()
    assert len(shop.bodies("OrderDLQ")) == 25, "each is there and can be received at once"


def test_the_list_is_read_again_when_the_number_of_failed_orders_differs(shop: Shop) -> None:
    shop.fail(order("FIRST"))
    assert "1 failed order in OrderDLQ" in shop.page()
    shop.fail(order("SECOND"))
    until(lambda: "2 failed orders in OrderDLQ" in shop.page(), "the list to be read again by itself")


def test_a_refresh_reads_at_once(shop: Shop) -> None:
    shop.fail(order("FIRST"))
    assert "1 failed order in OrderDLQ" in shop.page()
    shop.fail(order("SECOND"))
    assert shop.browser.post("/failed/refresh").status_code == 303
    shop.wait()
    assert "2 failed orders in OrderDLQ" in shop.page()


def test_many_are_shown_page_by_page(shop: Shop) -> None:
    shop.fail_many(120)
    shop.page()
    pages = [shop.browser.text("/failed/orders", page=str(number)) for number in (1, 2, 3)]
    seen = [re.findall(r">(MANY-\d+)</a>", page) for page in pages]
    assert [len(names) for names in seen] == [50, 50, 20]
    assert len({name for names in seen for name in names}) == 120
    assert "101–120 of 120" in pages[2]
    assert 'rel="next"' in pages[0]
    assert 'rel="next"' not in pages[2]


@pytest.mark.parametrize("page", ["0", "-1", "99999999999999", "x", "<script>"])
def test_a_page_that_is_not_there_is_the_nearest(shop: Shop, page: str) -> None:
    shop.fail(order("ONE"))
    shop.page()
    assert "ONE" in shop.browser.text("/failed/orders", page=page)


def test_search_finds_by_order_message_and_reason(shop: Shop) -> None:
    message_id = shop.fail(order("NEEDLE-7"), QUANTITY)
    shop.fail(order("OTHER"), "total: expected a number")
    shop.page()
    for text in ("needle-7", message_id, "WHOLE NUMBER"):
        found = shop.browser.text("/failed/orders", q=text)
        assert "NEEDLE-7" in found
        assert "OTHER" not in found
    assert "No failed order" in shop.browser.text("/failed/orders", q="nowhere")


def test_a_message_is_shown_whole(shop: Shop) -> None:
    message_id = shop.fail(order("WHOLE", items=[{"quantity": -2, "price": 1.10}]), QUANTITY)
    shop.page()
    page = html.unescape(shop.browser.text("/failed/message", id=message_id))
    assert '"price": 1.1' in page, "laid out"
    assert f"OrderRejected: {QUANTITY}" in page
    assert "The reason is from OrderProcessor's log" in page
    assert f'"messageId": "{message_id}"' in page, "its log line"
    assert "1 time," in page, "how often it was received"
    assert "<i>shop</i>" in page, "its attribute"


def test_a_message_says_where_its_reason_comes_from(shop: Shop) -> None:
    broken, fine = shop.fail("{"), shop.fail(order("FINE"))
    shop.page()
    assert "from checking the order again" in shop.browser.text("/failed/message", id=broken)
    assert "the order is valid" in shop.browser.text("/failed/message", id=fine)


def test_a_call_that_raised_is_shown_with_its_traceback_and_whether_a_line_names_the_message(shop: Shop) -> None:
    message_id = shop.fail(order("CRASHED"), "fine")
    shop.log_text("[ERROR] RuntimeError: <i>boom</i>\nTraceback (most recent call last):\n  File <b>f.py</b>, line 9")
    unnamed = shop.fail(order("UNNAMED"))
    shop.log_text("[ERROR] RuntimeError: <i>boom</i>\nTraceback (most recent call last):\n  File <b>f.py</b>, line 9")
    page = shop.page("/failed/message", id=unnamed)
    assert "No line of OrderProcessor's log names this message" in page
    assert "File &lt;b&gt;f.py&lt;/b&gt;, line 9</pre>" in page
    assert "<i>boom" not in page
    assert "by time</span>" in shop.browser.text("/failed/orders", q="UNNAMED")
    assert "by time" not in shop.browser.text("/failed/message", id=message_id)


def test_a_message_that_is_not_there_is_said_to_be_gone(shop: Shop) -> None:
    shop.page()
    answer = shop.browser.get("/failed/message", id="no-such")
    assert answer.status_code == 404
    assert "was not in OrderDLQ" in answer.text


def test_hostile_content_is_escaped_everywhere(shop: Shop) -> None:
    message_id = shop.fail(order(HOSTILE, userId=HOSTILE), f"userId: {HOSTILE}")
    raw = shop.fail(HOSTILE + "</textarea>")
    page = shop.page()
    pages = [
        page,
        shop.browser.text("/failed/orders", q="<script>"),
        shop.browser.text("/failed/orders", group='"><script>', q='"><script>alert'),
        shop.browser.text("/failed/message", id=message_id),
        shop.browser.text("/failed/message", id=raw),
        shop.browser.get("/failed/message", id=HOSTILE).text,
    ]
    for one in pages:
        assert "<script>alert" not in one
        assert '"><script>' not in one
    assert "</textarea>" not in pages[4].split("<textarea", 1)[1].split("</textarea></label>", 1)[0]
    assert "&lt;script&gt;alert" in pages[3]


def test_without_the_queue_the_page_says_so(onebox: EngineThread, account: str, client: Callable[..., Any]) -> None:
    with console_for(onebox, account) as browser:
        shop = Shop(client, browser)
        page = shop.page()
        assert "there is no queue OrderDLQ" in page
        assert "the reason is above" in page


# --- Mending --------------------------------------------------------------------------------------------------------


def test_an_order_is_checked_while_it_is_typed(shop: Shop) -> None:
    def check(body: str) -> Any:
        return shop.browser.post("/failed/check", {"body": body}).json()

    assert check(order("A")) == {"valid": True, "field": None, "reason": ""}
    wrong = check(order("A", items=[{"quantity": "two"}]))
    assert (wrong["valid"], wrong["field"]) == (False, "items[0].quantity")
    assert "expected" in wrong["reason"]
    assert check("{")["reason"].startswith("not JSON")
    assert changes(shop) == []


def test_an_invalid_order_is_not_sent_and_what_was_typed_stays(shop: Shop) -> None:
    message_id = shop.fail("{")
    shop.page()
    answer = shop.browser.post("/failed/send", {"id": message_id, "body": '{"orderId": 7, "note": "mine"}'})
    assert answer.status_code == 422
    assert "Nothing was sent" in answer.text
    assert "&#34;note&#34;: &#34;mine&#34;" in answer.text
    assert (shop.held("OrderQueue"), shop.held("OrderDLQ")) == (0, 1)
    assert changes(shop) == []


def test_a_mended_order_is_sent_back(shop: Shop) -> None:
    message_id = shop.fail(order("MEND", items=[{"quantity": -2}]), QUANTITY)
    kept = shop.fail(order("KEPT"))
    shop.page()
    edited = json.dumps(json.loads(order("MEND")), indent=2)
    answer = shop.browser.post("/failed/send", {"id": message_id, "body": edited.replace("\n", "\r\n")})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/failed/message?id={message_id}"
    told = shop.browser.text("/failed/message", id=message_id)
    assert "Sent back" in told
    assert 'href="/order?id=MEND"' in told
    assert changes(shop) == ["edit"]
    assert shop.bodies("OrderQueue") == [edited]
    assert [json.loads(body)["orderId"] for body in shop.bodies("OrderDLQ")] == ["KEPT"]
    listed = shop.browser.text("/failed/orders")
    assert kept in listed
    assert message_id not in listed


def test_a_message_that_others_took_is_not_sent_and_what_was_typed_stays(shop: Shop) -> None:
    message_id = shop.fail(order("TAKEN"))
    shop.page()
    assert shop.bodies("OrderDLQ"), "somebody else looks at it"
    answer = shop.browser.post("/failed/send", {"id": message_id, "body": order("TAKEN", note="typed")})
    assert answer.status_code == 409
    assert "no longer in OrderDLQ, or another reader holds it" in answer.text
    assert "typed" in answer.text
    assert shop.held("OrderQueue") == 0
    assert shop.held("OrderDLQ") == 1


# --- Sending back ---------------------------------------------------------------------------------------------------


def test_chosen_orders_are_sent_back(shop: Shop) -> None:
    ids = shop.fail_many(12)
    shop.page()
    answer = shop.browser.post("/failed/redrive", {"scope": "chosen", "id": ids[:3], "rate": "500"})
    assert answer.status_code == 303
    assert "3 sent back" in shop.wait()
    assert (shop.held("OrderQueue"), shop.held("OrderDLQ")) == (3, 9)
    assert "9 failed orders in OrderDLQ" in shop.page()
    assert changes(shop) == ["redrive"]


def test_a_chosen_group_is_sent_back(shop: Shop) -> None:
    for number in range(3):
        shop.fail(order(f"Q-{number}"), QUANTITY)
    shop.fail(order("OTHER"))
    key = shop.group_of(shop.page(), QUANTITY)
    assert shop.browser.post("/failed/redrive", {"scope": "groups", "groups": [key]}).status_code == 303
    assert "3 sent back" in shop.wait()
    assert [json.loads(body)["orderId"] for body in shop.bodies("OrderDLQ")] == ["OTHER"]
    (entry,) = shop.browser.audit
    asked = entry.after["asked"]
    assert (entry.action, entry.target, entry.result) == ("redrive", "OrderDLQ", "done")
    assert (asked["orders"], list(asked["reasons"].values()), entry.after["outcome"]) == (3, [3], "3 sent back")


def test_a_whole_search_is_sent_back(shop: Shop) -> None:
    shop.fail_many(60)
    shop.fail(order("OTHER"))
    shop.page()
    answer = shop.browser.post("/failed/redrive", {"scope": "listed", "q": "many-"})
    assert answer.headers["location"] == "/failed/orders?q=many-"
    assert "60 sent back" in shop.wait()
    assert (shop.held("OrderQueue"), shop.held("OrderDLQ")) == (60, 1)


def test_all_are_moved_by_sqs(shop: Shop) -> None:
    shop.fail_by_processing(30)
    shop.page()
    assert shop.browser.post("/failed/redrive", {"scope": "everything"}).headers["location"] == "/failed"
    assert "30 sent back" in shop.wait()
    assert (shop.held("OrderQueue"), shop.held("OrderDLQ")) == (30, 0)
    assert "No failed orders" in shop.page(), "what has changed is looked at again"


def test_all_that_sqs_cannot_move_are_said_to_be_sent_by_choosing_them(shop: Shop) -> None:
    shop.fail_many(2)
    shop.page()
    shop.browser.post("/failed/redrive", {"scope": "everything"})
    assert "Choose all groups and send them back" in shop.wait()
    assert "2 failed orders in OrderDLQ" in shop.page()


@pytest.mark.parametrize("scope", ["listed", "everything"])
def test_a_slow_redrive_can_be_followed_and_stopped(shop: Shop, scope: str) -> None:
    shop.fail_by_processing(40)
    shop.page()
    shop.browser.post("/failed/redrive", {"scope": scope, "rate": "1"})
    assert "<progress" in shop.browser.text("/failed"), "also on a page that was loaded anew"
    page = shop.browser.text("/failed")
    assert "a second" in page
    refused = shop.browser.post("/failed/refresh")
    assert refused.status_code == 409
    assert "is still running" in refused.text
    number = re.search(r'name="job" value="(\d+)"', page)
    assert number is not None
    assert shop.browser.post("/failed/stop", {"job": number.group(1)}).status_code == 303
    assert "stopped after" in shop.wait()
    left = until(lambda: shop.held("OrderDLQ"), "orders left in OrderDLQ")
    assert left + shop.held("OrderQueue") == 40
    assert left > 0
    assert f"{left} failed orders in OrderDLQ" in shop.page()


def test_nothing_chosen_and_a_wrong_rate_are_told(shop: Shop) -> None:
    message_id = shop.fail(order("A"))
    shop.page()
    assert "no failed order was selected" in shop.browser.post("/failed/redrive", {"scope": "chosen"}).text
    for rate in ("0", "501", "-1", "1.5", "x"):
        answer = shop.browser.post("/failed/redrive", {"scope": "chosen", "id": message_id, "rate": rate})
        assert answer.status_code == 409
        assert "is not a number of orders per second" in answer.text
    assert (shop.held("OrderDLQ"), changes(shop)) == (1, [])


# --- Export and purge -----------------------------------------------------------------------------------------------


def test_an_export_holds_what_the_command_exports(shop: Shop, aws_environment: dict[str, str]) -> None:
    shop.fail(order("A", total=10.50), QUANTITY)
    shop.fail(HOSTILE)
    shop.page()
    answer = shop.browser.get("/failed/export")
    assert re.fullmatch(
        r'attachment; filename="failed-orders-\d{8}T\d{6}Z\.jsonl"', answer.headers["content-disposition"]
    )
    by_command = CliRunner().invoke(main, ["dlq", "export"], env=aws_environment)
    assert answer.text == by_command.stdout
    assert len(answer.text.splitlines()) == 2
    assert shop.browser.get("/failed/export", q="<script>").text.count("\n") == 0 or HOSTILE in answer.text
    assert shop.held("OrderDLQ") == 2


def test_an_export_of_a_group_holds_that_group_alone(shop: Shop) -> None:
    shop.fail(order("IN"), QUANTITY)
    shop.fail(order("OUT"))
    key = shop.group_of(shop.page(), QUANTITY)
    lines = shop.browser.get("/failed/export", group=key).text.splitlines()
    assert [json.loads(line)["order_id"] for line in lines] == ["IN"]


@pytest.mark.parametrize("typed", ["", "orderdlq", "OrderQueue"])
def test_a_purge_needs_the_queues_name(shop: Shop, typed: str) -> None:
    shop.fail(order("KEPT"))
    shop.page()
    answer = shop.browser.post("/failed/purge", {"name": typed})
    assert answer.status_code == 409
    assert "nothing was deleted" in answer.text
    assert (shop.held("OrderDLQ"), changes(shop)) == (1, [])


def test_a_purge_deletes_all(shop: Shop) -> None:
    shop.fail_many(3)
    shop.page()
    assert shop.browser.post("/failed/purge", {"name": "OrderDLQ"}).status_code == 303
    assert shop.held("OrderDLQ") == 0
    assert "No failed orders" in shop.page()
    assert changes(shop) == ["purge"]


# --- Who may ---------------------------------------------------------------------------------------------------------

CHANGES = [
    ("/failed/send", {"id": "x", "body": order("A")}),
    ("/failed/redrive", {"scope": "everything"}),
    ("/failed/purge", {"name": "OrderDLQ"}),
    ("/failed/stop", {"job": "1"}),
]


@pytest.mark.parametrize(("path", "form"), CHANGES)
def test_a_read_only_console_refuses_every_change(read_only_shop: Shop, path: str, form: dict[str, str]) -> None:
    read_only_shop.fail(order("KEPT"))
    assert read_only_shop.browser.post(path, form).status_code == 403
    assert (read_only_shop.held("OrderDLQ"), changes(read_only_shop)) == (1, [])


def test_a_read_only_console_shows_all_and_offers_no_change(read_only_shop: Shop) -> None:
    message_id = read_only_shop.fail(order("SHOWN"))
    pages = [read_only_shop.page()]
    pages += [read_only_shop.browser.text("/failed/orders")]
    pages += [read_only_shop.browser.text("/failed/message", id=message_id)]
    for page in pages:
        assert not re.search(r'action="/failed/(send|stop|purge)"', page)
        assert "Send " not in page
    assert read_only_shop.browser.post("/failed/refresh").status_code == 303
    assert read_only_shop.browser.post("/failed/check", {"body": "{"}).json()["valid"] is False


@pytest.mark.parametrize(("path", "form"), [*CHANGES, ("/failed/refresh", {}), ("/failed/check", {"body": "{"})])
def test_a_form_without_the_token_is_refused(shop: Shop, path: str, form: dict[str, str]) -> None:
    answer = shop.browser.client.post(path, data=form, headers={"origin": BASE_URL}, follow_redirects=False)
    assert answer.status_code == 403
    assert changes(shop) == []
