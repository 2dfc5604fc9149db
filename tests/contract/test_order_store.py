"""Goal: the fake table of the unit tests and DynamoDB behave alike, so that what was shown on the fake is true."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onebox.testing import EngineThread
from orders.clock import SystemClock
from orders.domain.order import Order, parse_attributes
from orders.domain.precedence import is_same_content
from orders.processor.aws_json_client import connect
from orders.processor.consume import consume
from orders.processor.dynamodb_client import DYNAMODB, DynamoDbEndpoint
from orders.processor.dynamodb_store import DynamoDbOrders
from orders.processor.outcomes import Record
from orders.processor.ports import OrderStore
from tests.unit.orders.fakes import FakeOrderStore
from tests.unit.orders.processor.test_consume import body


@pytest.fixture
def table(client: Callable[..., Any]) -> str:
    """A table of the test's own account, with an index as the stack has them."""
    client("dynamodb").create_table(
        TableName="Orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("orderId", "status", "timestamp")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "byStatus",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "timestamp", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return "Orders"


@pytest.fixture
def real(onebox: EngineThread, account: str, table: str) -> DynamoDbOrders:
    environment = {
        "AWS_ENDPOINT_URL": onebox.endpoint_url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    endpoint = DynamoDbEndpoint(connect(environment, DYNAMODB))
    return DynamoDbOrders(endpoint, table, SystemClock())


@pytest.fixture(params=["fake", "real"])
def store(request: pytest.FixtureRequest) -> OrderStore:
    if request.param == "fake":
        return FakeOrderStore()
    real: OrderStore = request.getfixturevalue("real")
    return real


def order(order_id: str, minute: int | None = None, **fields: Any) -> Order:
    timestamp = {} if minute is None else {"timestamp": f"2026-05-03T12:{minute:02}:00Z"}
    return parse_attributes({"orderId": order_id, **timestamp, **fields})


def same(one: Order | None, other: Order | None) -> bool:
    assert one is not None
    assert other is not None
    return is_same_content(one.attributes, other.attributes) and one.moment_ns == other.moment_ns


RICH = {
    "total": 10,
    'it\'s a "name"': "£ ' \\ \u0000 \U0001f600",
    "items": [{"price": 0, "names": [], "none": None, "yes": True, "deep": {"": ""}}],
    "select": 1,
}


def test_insert_of_new_orders_stores_them(store: OrderStore) -> None:
    assert store.insert([order("A", 1, **RICH), order("B")]) == [None, None]
    found_a, found_b = store.insert([order("A"), order("B", 1)])
    assert isinstance(found_a, Order)
    assert isinstance(found_b, Order)
    assert same(found_a, order("A", 1, **RICH))
    assert same(found_b, order("B"))


def test_insert_of_many_orders_answers_in_their_order(store: OrderStore) -> None:
    store.insert([order(str(number), number) for number in range(0, 60, 3)])
    answers = store.insert([order(str(number), 59) for number in range(60)])
    assert [number for number, answer in enumerate(answers) if answer is not None] == list(range(0, 60, 3))
    assert all(isinstance(answer, Order) for answer in answers if answer is not None)


@pytest.mark.parametrize("seen_minute", [None, 1])
@pytest.mark.parametrize("new_minute", [None, 2])
def test_replace_over_what_was_seen_stores(store: OrderStore, seen_minute: int | None, new_minute: int | None) -> None:
    store.insert([order("A", seen_minute, note="old", gone=1)])
    assert store.replace(order("A", new_minute, note="new"), order("A", seen_minute)) is None
    (stored,) = store.insert([order("A")])
    assert isinstance(stored, Order)
    assert same(stored, order("A", new_minute, note="new"))


@pytest.mark.parametrize("seen_minute", [None, 1])
def test_replace_over_what_changed_meanwhile_answers_with_it(store: OrderStore, seen_minute: int | None) -> None:
    store.insert([order("A", 3, note="theirs")])
    assert same(store.replace(order("A", 4), order("A", seen_minute)), order("A", 3, note="theirs"))


def test_replace_of_what_was_deleted_meanwhile_stores(store: OrderStore) -> None:
    assert store.replace(order("A", 2), order("A", 1)) is None


numbers = itertools.count()
lives = st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from([None, 1, 2, 3]), st.integers(0, 1)), max_size=7)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives, st.integers(1, 4))
def test_consume_of_any_notifications_has_the_same_outcomes_on_both(
    real: DynamoDbOrders, life: list[tuple[str, int | None, int]], size: int
) -> None:
    fake, clock = FakeOrderStore(), SystemClock()
    unique = next(numbers)  # the real table outlives an example
    bodies = [body(f"{order_id}-{unique}", minute, content) for order_id, minute, content in life]
    for start in range(0, len(bodies), size):
        records = [Record(str(number), text) for number, text in enumerate(bodies[start : start + size])]
        deadline_ms = clock.monotonic_ms() + 10_000
        ours, theirs = (consume(records, one, clock, deadline_ms) for one in (fake, real))
        assert [one.name for one in ours] == [one.name for one in theirs]
    for order_id, expected in fake.orders.items():
        (stored,) = real.insert([order(order_id)])
        assert isinstance(stored, Order)
        assert same(stored, expected)
