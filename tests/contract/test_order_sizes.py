"""Goal: the size that orders counts is the one that DynamoDB counts, and an order at its limit is stored with
everything that is stored beside it; one byte more is refused in words before DynamoDB is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from onebox.testing import EngineThread
from orders.clock import SystemClock
from orders.domain.limits import ITEM_BYTES_MAX, ORDER_BYTES_MAX, measure_item
from orders.domain.order import parse_order
from orders.domain.stored_item import ARRIVAL_BYTES_MAX, NOTIFICATION_BYTES_MAX
from orders.processor.attribute_values import decode_item, encode_members
from orders.processor.aws_json_client import connect
from orders.processor.consume import consume
from orders.processor.dynamodb_client import DYNAMODB, DynamoDbEndpoint
from orders.processor.dynamodb_store import DynamoDbOrders
from orders.processor.outcomes import Outcome, Record
from tests.conftest import environment_of

ACCOUNT = "818181818181"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as engine:
        engine.client("dynamodb", account=ACCOUNT).create_table(
            TableName="Orders",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        )
        yield engine


@pytest.fixture(scope="module")
def dynamodb(engine: EngineThread) -> Any:
    return engine.client("dynamodb", account=ACCOUNT)


@pytest.fixture(scope="module")
def store(engine: EngineThread) -> DynamoDbOrders:
    environment = {**environment_of(engine.endpoint_url, ACCOUNT), "AWS_REGION": "us-east-1"}
    return DynamoDbOrders(DynamoDbEndpoint(connect(environment, DYNAMODB)), "Orders", SystemClock())


def order_of(order_id: str, size: int, **fields: Any) -> str:
    """An order that takes so many bytes as an item; ``fields`` may hold nulls that are not stored."""
    start = measure_item(parse_order(json.dumps({"orderId": order_id, "x": "", **fields})).attributes)
    return json.dumps({"orderId": order_id, "x": "y" * (size - start), **fields})


def process(store: DynamoDbOrders, record: Record, *, keeps_history: bool) -> Outcome:
    clock = SystemClock()
    (outcome,) = consume([record], store, clock, clock.monotonic_ms() + 10_000, keeps_history=keeps_history)
    return outcome


def stored(dynamodb: Any, order_id: str) -> dict[str, Any]:
    return dict(dynamodb.get_item(TableName="Orders", Key={"orderId": {"S": order_id}})["Item"])


@pytest.mark.parametrize("keeps_history", [False, True])
@pytest.mark.parametrize("fields", [{}, {"userId": None}], ids=["plain", "null"])
def test_an_order_at_the_limit_is_stored_and_one_byte_more_is_refused_in_words(
    store: DynamoDbOrders, dynamodb: Any, keeps_history: bool, fields: dict[str, Any]
) -> None:
    order_id = f"bound-{keeps_history}-{len(fields)}"
    longest_id = "m" * NOTIFICATION_BYTES_MAX
    record = Record(longest_id, order_of(order_id, ORDER_BYTES_MAX, **fields), traceparent=TRACEPARENT)
    outcome = process(store, record, keeps_history=keeps_history)
    assert outcome.name == "stored", outcome.reason
    item = decode_item(stored(dynamodb, order_id))
    assert measure_item(item) == ORDER_BYTES_MAX + (ARRIVAL_BYTES_MAX if keeps_history else 0)

    record = Record(longest_id, order_of(order_id, ORDER_BYTES_MAX + 1, **fields), traceparent=TRACEPARENT)
    outcome = process(store, record, keeps_history=keeps_history)
    assert outcome.name == "rejected"
    assert outcome.reason == "the order takes 409,409 bytes in DynamoDB, which leaves 409,408 for an order"


@pytest.mark.parametrize("forged", ["x" * (NOTIFICATION_BYTES_MAX + 1), "\ud83d", "an id", ""])
def test_an_envelope_with_a_forged_id_neither_fails_its_batch_nor_makes_the_item_too_large(
    store: DynamoDbOrders, dynamodb: Any, forged: str
) -> None:
    order_id = f"forged-{len(forged)}"
    text = order_of(order_id, ORDER_BYTES_MAX)
    envelope = {"Type": "Notification", "TopicArn": "arn:aws:sns:x", "MessageId": forged, "Message": text}
    outcome = process(store, Record("m-1", json.dumps(envelope)), keeps_history=True)
    assert outcome.name == "stored", outcome.reason
    assert stored(dynamodb, order_id)["orders:notification"] == {"S": "m-1"}


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**38) + 1, 10**38 - 1)
    | st.integers(-9, 9)
    | st.builds(
        lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
        st.integers(0, 1),
        st.lists(st.integers(0, 9), min_size=1, max_size=38).map(tuple),
        st.integers(-80, 80),
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
values = st.recursive(
    scalars,
    lambda some: st.lists(some, max_size=5) | st.dictionaries(names, some, max_size=5),
    max_leaves=30,
)


@settings(deadline=None)
@given(st.dictionaries(names, values, max_size=6), st.integers(1, 300))
def test_dynamodb_takes_an_item_that_we_measure_at_its_limit_and_none_of_a_byte_more(
    dynamodb: Any, fields: dict[str, Any], times: int
) -> None:
    """Of every type, deep and wide: repeated, an error of one byte in a value shows many times over."""
    order = {**fields, "orderId": "measured", "many": [fields] * min(times, 1 + 5_000 // max(1, measure_item(fields)))}
    for size, is_taken in ((ITEM_BYTES_MAX, True), (ITEM_BYTES_MAX + 1, False)):
        order["rest"] = ""
        order["rest"] = "y" * (size - measure_item(order))
        assert measure_item(order) == size
        assert takes(dynamodb, json.loads(encode_members(order))) == is_taken


def takes(dynamodb: Any, item: dict[str, Any]) -> bool:
    try:
        dynamodb.put_item(TableName="Orders", Item=item)
    except ClientError as error:
        if "Item size has exceeded the maximum allowed size" not in str(error):
            raise
        return False
    return True


@pytest.mark.parametrize(
    "value",
    [None, True, 0, 1, -1, 12, Decimal("0.5"), Decimal("-12.345"), "", "é", [], {}, [[]], {"a": None}, [{"b": [1]}]],
    ids=str,
)
def test_an_item_filled_with_one_type_is_measured_as_dynamodb_measures_it(dynamodb: Any, value: Any) -> None:
    """2,000 of them: a difference of a byte in each would be one of 2,000."""
    order: dict[str, Any] = {"orderId": "filled", "many": [value] * 2_000, "rest": ""}
    order["rest"] = "y" * (ITEM_BYTES_MAX - measure_item(order))
    assert takes(dynamodb, json.loads(encode_members(order)))
    order["rest"] += "y"
    assert not takes(dynamodb, json.loads(encode_members(order)))
