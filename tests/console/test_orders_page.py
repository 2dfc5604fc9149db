"""Goal: an order is found by what one knows of it, page by page, each once; one order is shown whole and exactly."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from onebox.testing import EngineThread
from orders.aws.names import SEED_NAMES, TABLE
from orders.clock import SystemClock
from orders.console.pages.order import read_lines, sum_lines
from tests.console.support import Browser, console_for

HOSTILE = "<script>alert('1')</script>\"&"
MINUTE = "2026-05-03T12:00:00Z"


@pytest.fixture
def browser(onebox: EngineThread, account: str) -> Iterator[Browser]:
    with console_for(onebox, account) as console:
        yield console


@pytest.fixture
def put(client: Callable[..., Any]) -> Callable[..., None]:
    """Stores orders in a table with the keys and indexes of template.yaml."""
    dynamodb = client("dynamodb")
    shown = ["total", "currency", "country"]
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("orderId", "userId", "status", "timestamp")
        ],
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            _index("byUser", "userId", ["status", *shown]),
            _index("byStatus", "status", ["userId", *shown]),
        ],
    )

    def put_all(*orders: dict[str, Any]) -> None:
        for order in orders:
            dynamodb.put_item(TableName=TABLE, Item={name: _encode(value) for name, value in order.items()})

    return put_all


def _index(name: str, key: str, attributes: list[str]) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": key, "KeyType": "HASH"},
            {"AttributeName": "timestamp", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": attributes},
    }


def _encode(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, list):
        return {"L": [_encode(member) for member in value]}
    if isinstance(value, dict):
        return {"M": {name: _encode(member) for name, member in value.items()}}
    return {"N": str(value)}


def order(order_id: str, **fields: Any) -> dict[str, Any]:
    return {"orderId": order_id, "userId": "ada", "status": "new", "timestamp": MINUTE, "total": 5, **fields}


def ids_on(page: str) -> list[str]:
    """The orders in the page's table, in their order."""
    return re.findall(r'<td data-label="Order" class="id"><a href="/order\?id=[^"]*" title="([^"]*)"', page)


def next_page(page: str) -> str | None:
    found = re.search(r'rel="next" href="([^"]+)"', page)
    return html.unescape(found.group(1)) if found else None


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["C", "B", "A"]),
        ({"sort": "oldest"}, ["A", "B", "C"]),
        ({"user": "ada"}, ["C", "A"]),
        ({"status": "paid"}, ["B"]),
        ({"status": "odd, one"}, ["D"]),
        ({"user": "bob", "status": "paid"}, ["B"]),
        ({"since": "2026-05-02T12:00:00Z"}, ["C", "B"]),
        ({"until": "2026-05-03"}, ["B", "A"]),
        ({"since": "2026-05-02", "until": "2026-05-03"}, ["B"]),
        ({"user": " ada "}, ["C", "A"]),
    ],
)
def test_orders_are_found_by_each_field(
    browser: Browser, put: Callable[..., None], asked: dict[str, str], found: list[str]
) -> None:
    put(
        order("A", timestamp="2026-05-01T12:00:00Z"),
        order("B", timestamp="2026-05-02T12:00:00Z", userId="bob", status="paid"),
        order("C", timestamp="2026-05-03T12:00:00Z"),
        order("D", timestamp="2026-05-04T12:00:00Z", status="odd, one", userId="eve"),
    )
    assert ids_on(browser.text("/orders", **asked)) == found


@pytest.mark.parametrize("asked", [{}, {"user": "ada"}, {"status": "new"}, {"sort": "oldest"}, {"until": "2026-05-04"}])
def test_pages_over_orders_of_one_minute_show_each_once(
    browser: Browser, put: Callable[..., None], asked: dict[str, str]
) -> None:
    statuses = ["new"] if "status" in asked else ["new", "paid", "shipped"]
    put(*[order(f"N-{number:03}", status=statuses[number % len(statuses)]) for number in range(130)])
    seen: list[str] = []
    address: str | None = "/orders"
    sizes = []
    while address is not None:
        page = browser.text(address, **asked) if not seen else browser.client.get(address).text
        sizes.append(len(ids_on(page)))
        seen += ids_on(page)
        address = next_page(page)
    assert sizes == [50, 50, 30]
    assert sorted(seen) == [f"N-{number:03}" for number in range(130)]


def test_the_next_page_goes_on_though_the_last_order_of_the_one_before_is_gone(
    browser: Browser, put: Callable[..., None], client: Callable[..., Any]
) -> None:
    put(*[order(f"N-{number:03}") for number in range(60)])
    first = browser.text("/orders")
    client("dynamodb").delete_item(TableName=TABLE, Key={"orderId": {"S": ids_on(first)[-1]}})
    following = next_page(first)
    assert following is not None
    rest = ids_on(browser.client.get(following).text)
    assert len(rest) == 10
    assert not set(rest) & set(ids_on(first))


def test_a_time_that_is_so_long_ago_stays_where_it_was_on_further_pages(
    browser: Browser, put: Callable[..., None]
) -> None:
    put(*[order(f"N-{number:03}") for number in range(51)])
    following = next_page(browser.text("/orders", since="36500d"))
    assert following is not None
    assert re.search(r"since=19\d\d-\d\d-\d\dT", following)
    assert len(ids_on(browser.client.get(following).text)) == 1


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"since": "yesterday"}, "&#39;yesterday&#39; is not a time. Write 2026-05-03T12:00:00Z"),
        ({"until": "2026-02-30"}, "&#39;2026-02-30&#39; is not a time"),
        ({"since": "2026-05-03", "until": "2026-05-02"}, "until must be the later one"),
        ({"since": "999999999d"}, "before the calendar"),
        ({"user": "u" * 2049}, "At most 2,048 bytes"),
    ],
)
def test_a_field_that_is_wrong_is_named_beside_it(
    browser: Browser, put: Callable[..., None], asked: dict[str, str], sentence: str
) -> None:
    answer = browser.get("/orders", **asked)
    assert answer.status_code == 400
    name = list(asked)[-1]
    assert re.search(rf'name="{name}"[^>]*aria-invalid="true" aria-describedby="e-{name}"', answer.text)
    assert sentence in re.findall(rf'id="e-{name}">([^<]*)<', answer.text)[0]


def test_nothing_found_says_what_was_looked_through(browser: Browser, put: Callable[..., None]) -> None:
    page = browser.text("/orders", user="nobody", since="2026-05-01")
    assert "No orders" in page
    assert "orders of user nobody and any status" in page
    assert "2026-05-01 00:00:00 UTC" in page
    assert "new, paid, shipped, delivered, cancelled, returned, refunded" in browser.text("/orders")


def test_a_place_to_go_on_that_nobody_made_harms_nothing(browser: Browser, put: Callable[..., None]) -> None:
    put(order("A"))
    assert ids_on(browser.text("/orders", after="~", after_status="zzz", after_id="x")) == ["A"]
    # DynamoDB refuses to begin outside of the asked time.
    assert ids_on(browser.text("/orders", after="1999", after_id="x", since="2026-05-01")) == []


def test_hostile_content_is_shown_as_it_is_and_runs_nowhere(browser: Browser, put: Callable[..., None]) -> None:
    lines = [{"sku": HOSTILE, "itemName": HOSTILE, "quantity": 1, "unitPrice": 2}]
    put(order(HOSTILE, userId=HOSTILE, country=HOSTILE, currency=HOSTILE, items=lines, note=HOSTILE))
    for page in (
        browser.text("/orders"),
        browser.text("/order", id=HOSTILE),
        browser.get("/orders", user=HOSTILE, since=HOSTILE).text,
        browser.get("/order", id=HOSTILE + "2").text,
    ):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_an_order_of_any_id_is_reached_from_its_row(browser: Browser, put: Callable[..., None]) -> None:
    strange = "a b/ü%&?=#\n" + "x" * 2000
    put(order(strange))
    found = re.search(r'<td data-label="Order" class="id"><a href="(/order[^"]+)"', browser.text("/orders"))
    assert found is not None
    assert "orderId" in browser.client.get(html.unescape(found.group(1))).text


def test_one_order_is_shown_with_its_lines_and_exact_amounts(browser: Browser, put: Callable[..., None]) -> None:
    lines = [
        {"sku": "85123A", "itemName": "HEART & HOLDER", "quantity": 3, "unitPrice": Decimal("0.10")},
        {"sku": "71053", "quantity": -1, "unitPrice": Decimal("0.055")},
    ]
    put(order("A", total=Decimal("0.245"), currency="GBP", items=lines, zebra={"deep": [1]}))
    page = browser.text("/order", id="A")
    amounts = re.findall(r'<data class="money" value="([^"]+)" data-currency="GBP">', page)
    # With the decimals of their currency at least: DynamoDB keeps a number, not the zeros at its end.
    assert amounts == ["0.245", "0.10", "0.30", "0.055", "-0.055", "0.245"]
    assert "HEART &amp; HOLDER" in page
    assert "{&#34;deep&#34;: [1]}" in page
    found = re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    assert found is not None
    assert json.loads(html.unescape(found.group(1)), parse_float=Decimal)["total"] == Decimal("0.245")


def test_lines_are_multiplied_and_summed_digit_for_digit_whatever_stands_there() -> None:
    price = Decimal("1.0000000000000000000000000000000000001")
    lines = read_lines([{"quantity": 3, "unitPrice": price}, {"quantity": 1, "unitPrice": Decimal("1E+40")}])
    assert str(lines[0].total) == "3.0000000000000000000000000000000000003"
    assert (
        format(sum_lines(lines) or 0, "f")
        == "10000000000000000000000000000000000000003.0000000000000000000000000000000000003"
    )
    assert [line.total for line in read_lines(["text", {"quantity": "six", "unitPrice": 1}, {"quantity": True}])] == [
        None,
        None,
        None,
    ]
    assert sum_lines(read_lines(["text"])) is None
    assert read_lines("no list") == []


def test_an_order_that_is_not_stored_says_what_to_do(browser: Browser, put: Callable[..., None]) -> None:
    put(order("A"))
    answer = browser.get("/order", id=" A ")
    assert answer.status_code == 404
    assert "is not stored" in answer.text
    assert 'href="/failed"' in answer.text
    assert 'href="/order?id=A"' in answer.text
    assert browser.get("/order", id="").status_code == 400
    assert "2,048 bytes" in browser.get("/order", id="x" * 2049).text


def test_without_a_table_the_page_says_how_to_make_one(browser: Browser) -> None:
    answer = browser.get("/orders")
    assert answer.status_code == 409
    assert "orders deploy" in answer.text


def test_the_history_of_an_order_holds_only_its_own_log_lines(browser: Browser, client: Callable[..., Any]) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName=SEED_NAMES.log_group)
    logs.create_log_stream(logGroupName=SEED_NAMES.log_group, logStreamName="one")
    now_ms = SystemClock().now_ms()
    strange = 'A"*\\<b>'
    told = [
        {"level": "INFO", "outcome": "stored", "orderId": strange, "durationMs": 3.5, "latencyMs": 20.1},
        {"level": "INFO", "outcome": "stored", "orderId": "A", "durationMs": 9.9},
        {"level": "ERROR", "outcome": "rejected", "orderId": strange, "exception": "OrderRejected", "reason": "no <i>"},
    ]
    logs.put_log_events(
        logGroupName=SEED_NAMES.log_group,
        logStreamName="one",
        logEvents=[
            {"timestamp": now_ms - 1000 + number, "message": json.dumps(line)} for number, line in enumerate(told)
        ],
    )
    history = browser.text("/order/history", id=strange)
    assert re.findall(r'<span class="tag [^"]*">(\w+)</span>', history) == ["stored", "rejected"]
    assert "took 3.5 ms, 20.1 ms after arriving in the queue" in history
    assert "OrderRejected: no &lt;i&gt;" in history
    assert "has no line for this order" in browser.text("/order/history", id="B")


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return html.unescape(found.group(1)) if found else None


@pytest.mark.parametrize("asked", [{}, {"user": "ada"}, {"sort": "oldest"}])
def test_previous_pages_are_those_that_were_left(
    browser: Browser, put: Callable[..., None], asked: dict[str, str]
) -> None:
    statuses = ("new", "paid", "shipped")
    # Many orders share a timestamp, so that pages begin and end among equals.
    put(
        *[
            order(f"P-{number:03}", timestamp=f"2026-05-{1 + number // 30:02}T00:00:00Z", status=statuses[number % 3])
            for number in range(120)
        ]
    )
    pages = [browser.text("/orders", **asked)]
    while following := link(pages[-1], "next"):
        pages.append(browser.text(following))
    back = [pages[-1]]
    while previous := link(back[-1], "prev"):
        back.append(browser.text(previous))
    assert [ids_on(page) for page in back] == [ids_on(page) for page in reversed(pages)]
    assert "Orders 51–100 of" in pages[1]
    assert "Orders 51–100 of" in back[1]
    assert link(back[-1], "prev") is None


def test_the_number_of_orders_is_counted(browser: Browser, put: Callable[..., None]) -> None:
    put(*[order(f"C-{number}", userId="ada" if number < 60 else "bob") for number in range(70)])
    assert browser.text("/orders/count") == "70"
    assert browser.text("/orders/count", user="ada") == "60"


def test_what_is_shown_is_exported_as_csv_and_json_lines(browser: Browser, put: Callable[..., None]) -> None:
    put(order("X-1", userId="=HYPERLINK(1)", total=19.90), order("X-2", note="only in the order", status="paid"))
    page = browser.text("/orders", columns=["user", "status"])
    assert '<th scope="col" >Status</th>' in page
    assert ">Total</th>" not in page
    address = re.search(r'download href="(/orders/export[^"]*format=csv[^"]*)"', page)
    assert address is not None
    answer = browser.get(html.unescape(address.group(1)))
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert sorted(answer.text.splitlines()) == sorted(
        ["orderId,userId,status", "X-1,'=HYPERLINK(1),new", "X-2,ada,paid"]
    )
    lines = [json.loads(line) for line in browser.text("/orders/export", format="jsonl", status="paid").splitlines()]
    assert [(line["orderId"], line["note"]) for line in lines] == [("X-2", "only in the order")]


def test_chosen_columns_are_kept(browser: Browser, put: Callable[..., None]) -> None:
    put(order("K-1"))
    browser.text("/orders", columns=["country"])
    page = browser.text("/orders")
    assert ">Country</th>" in page
    assert ">Status</th>" not in page


def test_one_search_field_leads_to_the_page_of_what_it_names(browser: Browser, put: Callable[..., None]) -> None:
    put(order("S-1", userId="zoe"), order("S-2", userId="zoe"))

    def target(text: str) -> str:
        answer = browser.client.get(
            "/search", params={"q": text}, headers={"accept": "text/html"}, follow_redirects=False
        )
        return str(answer.headers.get("location", answer.status_code))

    assert target("S-1") == "/order?id=S-1"
    assert target("zoe") == "/orders?user=zoe"
    assert target("nobody") == "404"
    assert "Nothing found" in browser.get("/search", q="<b>").text
    assert "<b>" not in browser.get("/search", q="<b>").text
    assert 'role="search"' in browser.text("/search")
