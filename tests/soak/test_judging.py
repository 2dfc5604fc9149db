"""Goal: the soak's rules find what they are there for: each kind of difference, each kind of growth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_plus

import pytest
from boto3.dynamodb.types import TypeSerializer

from orders.domain.order import parse_order
from orders.errors import OrderRejected
from tests.soak.ledger import Ledger, StoredOrders, audit_dead_letters
from tests.soak.samples import Sample, Wait, describe_growth, describe_retention, describe_waits, slope
from tests.soak.traffic import POISONS, Message, Traffic, number_of, order_id, poison_text, varied

MESSAGES = 3_000
QUIET = Sample(
    at_s=0,
    published=0,
    stored=0,
    waiting=5,
    dead=0,
    resident_kib=60_000,
    files=40,
    processes=3,
    database_bytes=10_000_000,
    log_bytes=8_000_000,
    reader=Wait(5, 2),
    writer=Wait(6, 2),
    passing=900,
    expiring=900,
)


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    return Traffic(3)


@pytest.fixture(scope="module")
def published(traffic: Traffic) -> list[Message]:
    return [traffic.next() for _ in range(MESSAGES)]


@pytest.fixture(scope="module")
def ledger(published: list[Message]) -> Ledger:
    noted = Ledger()
    noted.note(published)
    return noted


def as_item(fields: dict[str, Any]) -> dict[str, Any]:
    to_wire = TypeSerializer().serialize
    return {name: to_wire(value) for name, value in fields.items()}


def items(traffic: Traffic, ledger: Ledger) -> Iterator[dict[str, Any]]:
    """The table as it should be."""
    for number, version in enumerate(ledger.versions):
        rest = traffic.templates[number % len(traffic.templates)]
        yield as_item({**varied(number, version - 1), **rest})


def test_every_message_is_what_it_says(traffic: Traffic, published: list[Message]) -> None:
    kinds = {message.version for message in published if message.order is not None}
    assert kinds >= {0, 1}
    poisons = [message for message in published if message.order is None]
    assert 0.005 < len(poisons) / MESSAGES < 0.02
    for message in published:
        text = unquote_plus(message.text.decode())
        if message.order is None:
            assert text == poison_text(message.poison)
        else:
            order = parse_order(text).attributes
            assert order == {
                **varied(message.order, message.version),
                **traffic.templates[message.order % len(traffic.templates)],
            }


@pytest.mark.parametrize("number", range(len(POISONS)))
def test_no_poison_can_be_stored(number: int) -> None:
    with pytest.raises(OrderRejected):
        parse_order(poison_text(number))


def test_one_seed_makes_the_same_messages() -> None:
    first, second = Traffic(5), Traffic(5)
    assert [first.next() for _ in range(500)] == [second.next() for _ in range(500)]


def test_an_id_leads_to_its_number() -> None:
    assert [number_of(order_id(number)) for number in (0, 1, 999_999)] == [0, 1, 999_999]
    assert {number_of(text) for text in ("", "1", "00000000-1", "x-²", "0-" + "9" * 20)} == {None}


def test_a_table_as_published_has_no_differences(traffic: Traffic, ledger: Ledger) -> None:
    audited = StoredOrders(ledger, traffic.templates)
    for item in items(traffic, ledger):
        audited.add(item)
    assert audited.differences() == []
    assert ledger.orders == len(ledger.versions)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda stored: stored[1:], "published orders are not stored"),
        (lambda stored: [stored[0], *stored], "orders are stored twice"),
        (lambda stored: [*stored, as_item({"orderId": "x"})], "stored orders were never published"),
        (
            lambda stored: [{**stored[0], "status": {"S": "lost"}}, *stored[1:]],
            "stored orders are not the newest notification",
        ),
        (
            lambda stored: [{**stored[0], "total": {"N": "139.13"}}, *stored[1:]],
            "stored orders have another content",
        ),
        (lambda stored: [{**stored[0], "more": {"S": ""}}, *stored[1:]], "stored orders have another content"),
    ],
)
def test_each_difference_of_the_table_is_named(
    traffic: Traffic, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], found: str
) -> None:
    small = Ledger()
    small.note([Message(b"", number) for number in range(10)])
    audited = StoredOrders(small, traffic.templates)
    for item in change(list(items(traffic, small))):
        audited.add(item)
    (sentence,) = audited.differences()
    assert sentence.startswith(f"1 {found}, such as ")


def test_each_difference_of_the_dead_letters_is_named() -> None:
    ledger = Ledger()
    ledger.note([Message(b"", None, poison=number) for number in range(4)])
    right = [poison_text(number) for number in range(4)]
    assert audit_dead_letters(ledger, right) == []
    lost, twice, good = right[1:], [*right, right[0]], [*right, '{"orderId": "good"}']
    assert audit_dead_letters(ledger, lost)[0].startswith("1 invalid messages are not in OrderDLQ")
    assert audit_dead_letters(ledger, twice)[0].startswith("1 invalid messages are in OrderDLQ more than once")
    assert audit_dead_letters(ledger, good)[0].startswith("1 messages in OrderDLQ are not the invalid ones")


def hour(**changes: Callable[[int], float]) -> list[Sample]:
    """120 moments of a run, with some figures as functions of the moment's number."""
    steady = {"at_s": lambda n: 30 * n, "stored": lambda n: 7_500 * n, "database_bytes": lambda n: 30_000_000 * n}
    figures = {**steady, **changes}
    samples = []
    for number in range(120):
        changed: dict[str, Any] = {name: int(of(number)) for name, of in figures.items()}
        samples.append(replace(QUIET, **changed))
    return samples


def test_a_steady_hour_has_no_growth() -> None:
    steady = hour(resident_kib=lambda n: 60_000 + 900 * (n % 5 == 0), log_bytes=lambda n: 1e6 * (n % 16))
    told = [*describe_growth(steady), *describe_retention(steady, 10, 150), *describe_waits(steady)]
    assert [sentence for sentence, is_kept in told if not is_kept] == []


@pytest.mark.parametrize(
    ("figure", "of", "named"),
    [
        ("resident_kib", lambda n: 60_000 + 100 * n, "resident memory"),
        ("files", lambda n: 40 + n / 10, "open files"),
        ("processes", lambda n: 3 + n / 20, "processes"),
        ("log_bytes", lambda n: 100_000 * n, "write-ahead log"),
        ("waiting", lambda n: 5 * n, "waiting orders"),
        ("database_bytes", lambda n: 30_000_000 * n * (1 if n < 60 else n / 60), "database"),
    ],
)
def test_each_growth_is_named(figure: str, of: Callable[[int], float], named: str) -> None:
    broken = [sentence for sentence, is_kept in describe_growth(hour(**{figure: of})) if not is_kept]
    assert [sentence.partition(":")[0] for sentence in broken] == [named]


def test_what_does_not_expire_and_who_waits_is_named() -> None:
    kept = hour(passing=lambda n: 300 * n, expiring=lambda n: 300 * n)
    assert [is_kept for _, is_kept in describe_retention(kept, 10, 150)] == [False, False]
    slow = [replace(QUIET, reader=Wait(150, 120), writer=Wait(150, 20)) for _ in range(5)]
    assert [is_kept for _, is_kept in describe_waits(slow)] == [False, True]


def test_a_peak_does_not_move_the_slope() -> None:
    assert slope([(n, 5.0 + (1_000 if n == 7 else 0)) for n in range(20)]) == 0
    assert slope([(n, 2.0 * n) for n in range(20)]) == 2
    assert slope([(0, 1)]) == 0
    assert Decimal(str(slope([(0, 0), (10, 1)]))) == Decimal("0.1")
