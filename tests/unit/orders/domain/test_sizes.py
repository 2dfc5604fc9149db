"""Goal: no way of publishing sends an order that OrderProcessor then refuses for its size, and all say it alike."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from orders.dead_letters.bulk_edit import apply_change, make_change
from orders.domain.claims import CLAIM_BYTES_MAX
from orders.domain.limits import ITEM_BYTES_MAX
from orders.domain.order import parse_order
from orders.domain.sizes import (
    MESSAGE_BYTES_MAX,
    QUEUE_BYTES_MAX,
    check_message_size,
    check_size,
    parse_edited,
)
from orders.domain.value_count import VALUES_MAX
from orders.errors import OrderRejected
from orders.intake.bodies import read_submission
from orders.outbox import add
from orders.outbox.queue import check_row
from orders.outbox.rows import Row
from orders.publishing.bulk import make_order_message
from orders.publishing.envelope import CloudEvents
from orders.publishing.order_files import Entry
from orders.publishing.publisher import check_order
from orders.table.verify import Expectations

# 7 bytes as an item, 4 as JSON.
DENSE = json.dumps({"orderId": "A", "x": [[1]] * 62_000}, separators=(",", ":"))
REASON = "the order takes 434,012 bytes in DynamoDB, which leaves 409,408 for an order"


def intake(text: str, *, claim_check: bool = True) -> None:
    [entry] = read_submission(text.encode(), claim_check=claim_check).entries
    if entry.errors:
        raise OrderRejected(entry.errors[0].detail)


def add_to_outbox(text: str) -> None:
    add(sqlite3.connect(":memory:"), text, claim_check=True)


def verify(text: str, *, claim_check: bool = True) -> None:
    expected = Expectations(takes_claims=claim_check)
    expected.add(Entry("f", 1, 1, text))
    if expected.refused:
        raise OrderRejected(expected.refused[0][1])


@pytest.mark.parametrize(
    "way",
    [
        parse_order,
        lambda text: make_order_message(text, claim_check=True),
        lambda text: check_order(text, claim_check=True),
        lambda text: check_row(Row(1, "A", text), claim_check=True),
        add_to_outbox,
        intake,
        verify,
    ],
    ids=["processor", "publish", "publisher", "relay", "outbox", "intake", "verify"],
)
def test_an_order_that_fits_a_message_but_no_item_is_refused_everywhere_in_the_same_words(
    way: Callable[[str], Any],
) -> None:
    assert len(DENSE) < MESSAGE_BYTES_MAX
    with pytest.raises(OrderRejected) as refused:
        way(DENSE)
    assert refused.value.reason == REASON


def test_an_order_too_large_for_an_item_is_taken_where_its_message_is_too_large_for_sns() -> None:
    large = json.dumps({"orderId": "A", "note": "x" * ITEM_BYTES_MAX})
    assert make_order_message(large, claim_check=True).text == large
    with pytest.raises(OrderRejected, match="SNS takes 262,144, a claim check 4,194,304"):
        make_order_message(large, claim_check=False)


@pytest.mark.parametrize(
    "way",
    [
        lambda text, takes: make_order_message(text, claim_check=takes),
        lambda text, takes: check_row(Row(1, "A", text), claim_check=takes),
        lambda text, takes: intake(text, claim_check=takes),
        lambda text, takes: verify(text, claim_check=takes),
    ],
    ids=["publish", "relay", "intake", "verify"],
)
def test_the_attributes_of_a_message_count_as_its_text_does(way: Callable[[str, bool], Any]) -> None:
    """SNS counts both. By its text alone each of these would be a byte smaller than what SNS takes."""
    attributes_bytes = len("statusString") + len("new")
    plain = json.dumps({"orderId": "A", "status": "new", "note": ""})
    fitting = MESSAGE_BYTES_MAX - attributes_bytes - len(plain)
    way(plain.replace('""', f'"{"x" * fitting}"'), False)
    with pytest.raises(OrderRejected, match="262,145 bytes: SNS takes 262,144"):
        way(plain.replace('""', f'"{"x" * (fitting + 1)}"'), False)

    # Dense: as a message it is refused for its item, a byte larger it goes by claim check.
    dense = json.dumps({"orderId": "A", "status": "new", "x": [[1]] * 65_000, "note": ""}, separators=(",", ":"))
    fitting = MESSAGE_BYTES_MAX - attributes_bytes - len(dense)
    with pytest.raises(OrderRejected, match="in DynamoDB"):
        way(dense.replace('""', f'"{"x" * fitting}"'), True)
    way(dense.replace('""', f'"{"x" * (fitting + 1)}"'), True)


@pytest.mark.parametrize(("size", "is_taken"), [(MESSAGE_BYTES_MAX, True), (MESSAGE_BYTES_MAX + 1, False)])
def test_a_message_goes_as_it_is_up_to_what_sns_takes(size: int, is_taken: bool) -> None:
    order = parse_order(DENSE, bytes_max=None)
    if is_taken:
        check_message_size(size, claim_check=False)
        with pytest.raises(OrderRejected, match="in DynamoDB"):
            check_size(order, DENSE, size, claim_check=True)
        return
    check_size(order, DENSE, size, claim_check=True)
    with pytest.raises(OrderRejected) as refused:
        check_message_size(size, claim_check=False)
    assert refused.value.code == "InvalidParameter"


def test_nothing_is_sent_that_no_claim_holds() -> None:
    check_message_size(CLAIM_BYTES_MAX, claim_check=True)
    with pytest.raises(OrderRejected, match="4,194,305 bytes: an order has 4,194,304 at most"):
        check_message_size(CLAIM_BYTES_MAX + 1, claim_check=True)


def test_an_edited_order_is_checked_as_it_will_be_sent() -> None:
    """Laid out it is longer: what came by claim check goes back by claim check, and else an item has to hold it."""
    change = make_change("status", "new")
    assert not apply_change(DENSE, change, claim_check=True).violation
    assert (
        "bytes in DynamoDB, which leaves 409,408 for an order"
        in apply_change(DENSE, change, claim_check=False).violation
    )


def test_a_failed_order_can_be_edited_although_laid_out_it_is_too_large_for_sns() -> None:
    lines = [{"sku": f"S{number:05}", "quantity": 1, "unitPrice": 1.5} for number in range(4_000)]
    failed = json.dumps({"orderId": "A", "total": "1.5", "items": lines}, separators=(",", ":"))
    edited = apply_change(failed, make_change("total", "1.5"), claim_check=False)
    assert len(failed) < MESSAGE_BYTES_MAX < len(edited.after)
    assert not edited.violation


def test_an_edited_order_that_no_queue_takes_is_refused() -> None:
    text = json.dumps({"orderId": "A"})
    assert parse_edited(text + " " * (QUEUE_BYTES_MAX - len(text)), claim_check=False).order_id == "A"
    with pytest.raises(OrderRejected, match="1,048,577 bytes: a queue takes 1,048,576"):
        parse_edited(text + " " * (QUEUE_BYTES_MAX + 1 - len(text)), claim_check=False)


def test_the_values_of_an_envelope_count_before_it_is_sent_as_they_do_in_the_function() -> None:
    def wrap(rest: int) -> str:
        text = json.dumps({"orderId": "A", "x": [10] * rest})
        return make_order_message(text, envelope=CloudEvents(), claim_check=True).text

    assert parse_order(wrap(VALUES_MAX - 30), bytes_max=None).order_id == "A"
    with pytest.raises(OrderRejected, match="200,007 values: an order has 200,000 at most"):
        wrap(VALUES_MAX - 3)
