"""Goal: what is typed or pasted is published as it stands, what is wrong is named where it is, and its way is seen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from onebox.testing import EngineThread
from orders.clock import SystemClock
from orders.console.settings import ConsoleSettings
from orders.deployment.package import HANDLER, build_package
from tests.api.order_system import PROMPT_PAUSES_S, OrderSystem, let_receives_end, make_order_system
from tests.console.support import Browser, console_for
from tests.polling import PATIENCE_S

LINE = {
    "items[0].sku": "85123A",
    "items[0].itemName": "LANTERN",
    "items[0].quantity": "3",
    "items[0].unitPrice": "3.39",
}


@pytest.fixture
def browser(onebox: EngineThread, account: str) -> Iterator[Browser]:
    with console_for(onebox, account) as console:
        yield console


@pytest.fixture
def queue(client: Callable[..., Any]) -> Callable[[int], list[str]]:
    """OrderTopic with a queue behind it, raw; takes so many of the texts that arrived there."""
    topic_arn = client("sns").create_topic(Name="OrderTopic")["TopicArn"]
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="Arrived")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    client("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    def take(count: int) -> list[str]:
        texts: list[str] = []
        while len(texts) < count:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
            assert "Messages" in answer, f"{len(texts)} of {count} arrived"
            texts += [message["Body"] for message in answer["Messages"]]
        return texts

    return take


@pytest.fixture
def system(paced: EngineThread) -> OrderSystem:
    return make_order_system(paced, build_package().content, HANDLER, raw=False, report_failures=True, prompt=True)


@pytest.fixture
def beside(system: OrderSystem) -> Iterator[Browser]:
    """A browser on the console of the order system, both on one clock."""
    with console_for(system.engine, "000000000000", clock=EngineClock(system.engine)) as console:
        yield console


class EngineClock(SystemClock):
    """The moment at which an engine stands."""

    def __init__(self, engine: EngineThread) -> None:
        self._engine = engine

    def now_ms(self) -> int:
        return self._engine.clock.now_ms()


def error_of(page: str, field: str) -> str:
    found = re.search(rf'<span class="field-error" id="{re.escape(field)}-error">([^<]*)</span>', page)
    assert found is not None, f"there is no field {field}"
    return unescape(found.group(1))


def input_of(page: str, field: str) -> str:
    found = re.search(rf'<input id="{re.escape(field)}"[^>]*>', page)
    assert found is not None, f"there is no field {field}"
    return found.group()


def query_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def told(browser: Browser, location: str) -> str:
    """Everything that following tells until it ends by itself."""
    answer = browser.get("/publish/follow", **query_of(location))
    assert answer.headers["content-type"].startswith("text/event-stream")
    return str(answer.text)


def test_the_page_suggests_an_order_that_can_be_published_as_it_is(
    browser: Browser, queue: Callable[[int], list[str]]
) -> None:
    page = browser.text("/publish")
    fields = {unescape(name): unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', page)}
    fields |= {
        unescape(name): unescape(value)
        for name, value in re.findall(r'name="(items[^"]+)" data-member="\w+" aria-label="[^"]+" value="([^"]*)"', page)
        if value
    }
    answer = browser.post("/publish/order", fields)
    assert answer.status_code == 303, answer.text
    order = json.loads(queue(1)[0])
    assert order["orderId"].startswith("test-")
    assert order["items"][0]["unitPrice"] == 3.39
    assert browser.audit[0].target == order["orderId"]


def test_without_a_stack_the_page_says_so_and_promises_nothing(browser: Browser) -> None:
    page = browser.text("/publish")
    assert "No order system is deployed here" in page
    assert 'data-deployed="no"' in page
    answer = browser.post("/publish/order", {"orderId": "N-1", **LINE})
    assert answer.status_code == 409
    assert "orders deploy" in answer.text
    assert browser.post("/publish/check", {"orderId": "N-1", **LINE}).json()["violations"] == []


def test_each_violation_stands_beside_its_field_and_nothing_is_sent(browser: Browser) -> None:
    typed = {"orderId": "", "timestamp": "yesterday", **LINE, "items[0].unitPrice": "2,55", "items[0].quantity": "1.5"}
    answer = browser.post("/publish/order", typed)
    assert answer.status_code == 422
    assert error_of(answer.text, "orderId") == "expected a string of 1 to 2048 bytes"
    assert error_of(answer.text, "timestamp").startswith("expected an ISO 8601 date and time")
    assert error_of(answer.text, "items[0].unitPrice") == 'expected a number, got "2,55"'
    assert error_of(answer.text, "items[0].quantity") == "expected an integer, got 1.5"
    assert error_of(answer.text, "items[0].sku") == ""
    assert 'aria-invalid="true"' in input_of(answer.text, "items[0].unitPrice")
    assert 'value="2,55"' in input_of(answer.text, "items[0].unitPrice")
    assert not browser.audit


def test_checking_while_typing_names_fields_and_sums_the_lines_exactly(browser: Browser) -> None:
    lines = {
        "items[4].quantity": "3",
        "items[4].unitPrice": "0.1",
        "items[9].quantity": "1e0",
        "items[9].unitPrice": "x",
    }
    assert browser.post("/publish/check", {"orderId": "1", **lines}).json() == {
        "violations": [{"path": "items[9].unitPrice", "expectation": 'expected a number, got "x"'}],
        "sum": None,
    }
    lines["items[9].unitPrice"] = "100000000000000000000000.01"
    assert browser.post("/publish/check", {"orderId": "1", **lines}).json() == {
        "violations": [],
        "sum": "100000000000000000000000.31",
    }


def test_decimals_reach_the_queue_digit_for_digit(browser: Browser, queue: Callable[[int], list[str]]) -> None:
    price = "12345678901234567890.123456789012345600"
    typed = {"orderId": "O-1", **LINE, "items[0].unitPrice": price, "items[0].quantity": "1", "total": "0.10"}
    assert browser.post("/publish/order", typed).status_code == 303
    assert browser.post("/publish/order", {**typed, "sums_up": "1"}).status_code == 303
    typed_total, summed = sorted(queue(2), key=len)
    assert f'"unitPrice":{price}' in typed_total
    assert typed_total.endswith('"total":0.10}')
    assert summed.endswith(f'"total":{price}}}')


def test_json_lines_with_one_bad_line_send_the_others_and_name_it(
    browser: Browser, queue: Callable[[int], list[str]]
) -> None:
    lines = ['{"orderId":"1","total":1.10}', '{"orderId":"2","items":[{"unitPrice":"x"}]}', "", '{"orderId":"4"']
    text = "\n".join([*lines, '{"orderId":"5"}'])
    assert browser.post("/publish/check-file", {"text": text}).json() == {
        "orders": 4,
        "valid": 2,
        "refused": [
            {"line": 2, "path": "items[0].unitPrice", "reason": 'expected a number, got "x"'},
            {"line": 4, "path": "", "reason": "not JSON: Expecting ',' delimiter: line 1 column 15 (char 14)"},
        ],
    }
    location = browser.post("/publish/orders", {"text": text}).headers["location"]
    assert sorted(queue(2)) == [lines[0], '{"orderId":"5"}']
    assert browser.get("/publish/progress", **query_of(location)).text.endswith("event: end\ndata: \n\n")
    page = browser.text("/publish", **query_of(location))
    assert "2 orders published, 2 refused." in page
    assert re.findall(r'<td class="right">(\d+)</td>', page) == ["2", "4"]
    (entry,) = browser.audit
    assert (entry.action, entry.result, entry.after["asked"]["orders"]) == ("publish", "done", 4)


def test_a_file_counts_instead_of_the_text_and_its_progress_is_told(
    browser: Browser, queue: Callable[[int], list[str]]
) -> None:
    content = json.dumps([{"orderId": f"F-{number}"} for number in range(25)]).encode()
    answer = browser.post("/publish/orders", {"text": "not this"}, files={"file": ("orders.json", content)})
    assert answer.status_code == 303
    stream = browser.get("/publish/progress", **query_of(answer.headers["location"])).text
    assert "25 orders published." in stream
    assert stream.endswith("event: end\ndata: \n\n")
    assert len(queue(25)) == 25


def test_a_broken_order_is_sent_only_where_that_is_asked_for(
    browser: Browser, queue: Callable[[int], list[str]]
) -> None:
    text = '{"total":1}'
    refused = browser.post("/publish/orders", {"text": text})
    assert refused.status_code == 422
    assert "line 1: orderId is missing" in refused.text
    assert browser.post("/publish/orders", {"text": text, "unchecked": "1"}).status_code == 303
    assert queue(1) == [text]


def test_an_order_too_large_for_sns_is_refused_with_the_way_that_takes_it(
    browser: Browser, queue: Callable[[int], list[str]]
) -> None:
    text = json.dumps({"orderId": "large", "note": "x" * 300_000})
    told = "300,032 bytes: SNS takes 262,144, a claim check 4,194,304"
    assert browser.post("/publish/check-file", {"text": text}).json()["refused"][0]["reason"] == told
    for unchecked in ("", "1"):
        refused = browser.post("/publish/orders", {"text": text, "unchecked": unchecked})
        assert refused.status_code == 422
        assert told in refused.text


def test_nothing_to_publish_is_said(browser: Browser) -> None:
    answer = browser.post("/publish/orders", {"text": " \n "})
    assert answer.status_code == 422
    assert "No order found" in answer.text


def test_hostile_content_is_shown_as_text(browser: Browser) -> None:
    hostile = '"><script>alert(1)</script>&amp;'
    page = browser.post("/publish/order", {"orderId": "", "userId": hostile, "items[0].sku": hostile}).text
    pasted = browser.post("/publish/orders", {"text": f"</textarea>{hostile}"}).text
    followed = browser.text("/publish", id=hostile, message_id=hostile, since="1")
    for text in (page, pasted, followed):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text
    assert "&lt;/textarea&gt;" in pasted


def test_a_read_only_console_checks_but_does_not_publish(onebox: EngineThread, account: str) -> None:
    with console_for(onebox, account, ConsoleSettings(read_only=True)) as browser:
        assert browser.post("/publish/order", {"orderId": "1"}).status_code == 403
        assert browser.post("/publish/orders", {"text": '{"orderId":"1"}'}).status_code == 403
        assert browser.post("/publish/check", {"orderId": "1"}).status_code == 200
        page = browser.text("/publish")
        assert 'disabled aria-describedby="why-not">Publish and follow' in page
        assert "--read-only" in page
        assert not browser.audit


def test_without_a_topic_it_is_said_what_to_do(browser: Browser) -> None:
    answer = browser.post("/publish/order", {"orderId": "1"})
    assert answer.status_code == 409
    assert "there is no topic OrderTopic" in answer.text
    assert "orders deploy" in answer.text


def test_an_order_is_followed_to_the_table(beside: Browser, system: OrderSystem) -> None:
    location = beside.post("/publish/order", {"orderId": 'O "1" *', **LINE}).headers["location"]
    stream = told(beside, location)
    assert "Stored in Orders" in stream
    assert "At the first attempt." in stream
    assert "/order?id=O%20%221%22%20%2A" in stream
    assert stream.endswith("event: end\ndata: stored\n\n")
    assert system.find('O "1" *') is not None


def test_an_order_again_is_not_taken_for_the_one_that_stands_there(beside: Browser, system: OrderSystem) -> None:
    told(beside, beside.post("/publish/order", {"orderId": "O-1", "status": "new"}).headers["location"])
    system.engine.clock.advance(1)
    again = beside.post("/publish/order", {"orderId": "O-1", "status": "new"}).headers["location"]
    assert "new=0" in again
    assert "The table already held the same order" in told(beside, again)


@pytest.mark.parametrize("text", ['{"orderId":"O-2","total":"<b>much</b>"}', '{"total":1}'])
def test_a_broken_order_is_followed_to_the_dead_letter_queue(beside: Browser, system: OrderSystem, text: str) -> None:
    location = beside.post("/publish/orders", {"text": text, "unchecked": "1"}).headers["location"]
    with ThreadPoolExecutor(1) as threads:
        following = threads.submit(told, beside, location)
        # Little time, because the page asks the more rarely the older the order is; enough to look into OrderDLQ.
        let_receives_end(system.engine, system.failures, 1, (*PROMPT_PAUSES_S[:2], 10))
        stream = following.result(PATIENCE_S)
    assert stream.endswith("event: end\ndata: dead-lettered\n\n")
    assert "Failed at attempt 3 of 3." in stream
    assert 'href="/failed"' in stream
    assert "<b>much" not in stream
    assert ("an order without a readable order id" in stream.lower()) is ("orderId" not in text)
    assert system.take_dead_letters(1)
