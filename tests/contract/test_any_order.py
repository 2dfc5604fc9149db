"""Goal: one contract. What is accepted before it is sent is stored as it was written, and what DynamoDB would refuse is
refused before it is sent: numbers of any exponent and length, deep and wide objects, half surrogate pairs, control
characters, names of any length, sizes around every limit.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onebox.testing import EngineThread
from orders.aws.clients import Aws
from orders.clock import SystemClock
from orders.domain.limits import ITEM_BYTES_MAX, check_limits
from orders.domain.order import Order, parse_order
from orders.domain.precedence import is_same_content
from orders.domain.sizes import MESSAGE_BYTES_MAX
from orders.errors import OrderRejected
from orders.processor.aws_json_client import connect
from orders.processor.consume import consume
from orders.processor.dynamodb_client import DYNAMODB, DynamoDbEndpoint
from orders.processor.dynamodb_store import DynamoDbOrders
from orders.processor.outcomes import Record
from orders.publishing.publisher import check_order
from orders.table.order_table import OrderTable
from tests.console.support import onebox_settings

_number = itertools.count()

exponents = st.integers(-140, 140) | st.sampled_from([-(10**20), -400, -130, -131, 125, 126, 400, 3 * 10**8, 10**20])
numbers = st.builds(
    lambda sign, digits, point, exponent: f"{sign}{digits[:1]}.{digits}{point}e{exponent}",
    st.sampled_from(["", "-"]),
    st.from_regex(r"[1-9][0-9]{0,45}", fullmatch=True),
    st.sampled_from(["", "0", "000"]),
    exponents,
) | st.integers(-(10**45), 10**45).map(str)
characters = st.characters() | st.sampled_from("\x00\x1b\n\x7f\u202e'\"?\\") | st.sampled_from("\ud83d\udc00")
texts = st.text(characters, max_size=12)
names = texts | st.sampled_from([8_100, 8_192, 16_400, 65_535, 65_536]).map("n".__mul__)
leaves = numbers | texts.map(json.dumps) | st.sampled_from(["true", "null", "{}", "[]"])


def deep(inner: str, levels: int) -> str:
    return "[" * levels + inner + "]" * levels


values = st.recursive(
    leaves | st.builds(deep, leaves, st.integers(28, 34)),
    lambda some: (
        st.lists(some, max_size=4).map(lambda members: f"[{','.join(members)}]")
        | st.dictionaries(texts, some, max_size=4).map(
            lambda members: "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members.items()) + "}"
        )
    ),
    max_leaves=8,
)
wide = st.integers(1, 700).map(
    lambda count: {f"a rather long field {number:04}": str(number) for number in range(count)}
)
large = st.integers(ITEM_BYTES_MAX - 200, ITEM_BYTES_MAX).map(lambda size: {"x": json.dumps("y" * size)})
fields = st.dictionaries(names, values, max_size=5) | wide | large


@pytest.fixture
def store(onebox: EngineThread, account: str, client: Callable[..., Any]) -> DynamoDbOrders:
    client("dynamodb").create_table(
        TableName="Orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
    )
    environment = {
        "AWS_ENDPOINT_URL": onebox.endpoint_url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    endpoint = DynamoDbEndpoint(connect(environment, DYNAMODB))
    return DynamoDbOrders(endpoint, "Orders", SystemClock())


def order_of(members: dict[str, str]) -> str:
    members = {"orderId": json.dumps(f"O-{next(_number)}")} | {
        name: value for name, value in members.items() if name not in ("orderId", "Type")
    }
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members.items()) + "}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(fields)
def test_what_is_accepted_is_stored_as_it_was_written_and_the_rest_is_refused_by_all(
    store: DynamoDbOrders, members: dict[str, str]
) -> None:
    text = order_of(members)
    clock = SystemClock()
    (outcome,) = consume([Record("m", text)], store, clock, clock.monotonic_ms() + 10_000)
    if outcome.name == "rejected":
        with pytest.raises(OrderRejected) as refusal:
            check_order(text)
        if len(text.encode("utf-8", "surrogatepass")) <= MESSAGE_BYTES_MAX:  # else it is too large for SNS first
            assert outcome.reason == refusal.value.reason
        refusal.value.reason.encode()
        return
    assert outcome.name == "stored", outcome.reason
    order = parse_order(text)
    (stored,) = store.insert([order])
    assert isinstance(stored, Order)
    assert is_same_content(stored.attributes, order.attributes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.text(max_size=5), numbers | wide.map(json.dumps), max_size=3) | large)
def test_what_the_limits_refuse_dynamodb_refuses(store: DynamoDbOrders, members: dict[str, str]) -> None:
    try:
        attributes = json.loads(order_of(members), parse_float=Decimal)
    except ArithmeticError:
        return  # Python cannot read it either
    try:
        check_limits(attributes, bytes_max=ITEM_BYTES_MAX)
    except OrderRejected:
        assert isinstance(store.insert([Order(attributes["orderId"], attributes, None)])[0], OrderRejected)


def test_order_table_finds_an_order_of_450_fields(store: DynamoDbOrders, onebox: EngineThread, account: str) -> None:
    order = parse_order(order_of({f"field {number:015}": "1.50" for number in range(450)}))
    assert store.insert([order]) == [None]
    found = OrderTable(Aws(onebox_settings(onebox, account))).find(order.order_id)
    assert is_same_content(found, order.attributes)
