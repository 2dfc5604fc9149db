"""Goal: an order as the data of a CloudEvent is the same order; what is no event is refused by name."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orders.domain.cloud_events import write_event
from orders.domain.order import find_event, parse_order, unwrap_body
from orders.domain.violations import find_violations
from orders.errors import OrderRejected
from orders.processor.consume import consume
from orders.processor.outcomes import Record
from orders.publishing.bulk import make_order_message
from orders.publishing.envelope import CloudEvents
from tests.unit.orders.fakes import FakeClock, FakeOrderStore

ORDER = '{"orderId":"O-1","total":22.20,"timestamp":"2026-05-03T12:00:00Z","note":"{\\"data\\":1} £"}'
EVENT: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order"}

texts = st.text(max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.decimals(-999, 999, places=3) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
orders = st.fixed_dictionaries(
    {"orderId": st.sampled_from("ab")},
    optional={
        "timestamp": st.sampled_from(["2026-05-03", "2026-05-04T10:00:00Z", "2026-05-03T12:00:00,5+01:00"]),
        "data": values,
        "id": values,
        "x": values,
    },
)


def as_text(order: Any) -> str:
    return json.dumps(order, default=float)


def envelope(message: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "m", "TopicArn": "t", "Message": message})


def event(**members: Any) -> str:
    return json.dumps({**EVENT, **members})


def forms(text: str) -> list[str]:
    """An order's text in every form in which an event may carry it."""
    written = CloudEvents().wrap(text, parse_order(text))
    encoded = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
    found = [written, event(data=json.loads(text)), event(data=text), event(data_base64=encoded), json.dumps(written)]
    return [*found, *map(envelope, found[:4])]


@given(st.lists(orders, max_size=8))
@example([{"orderId": "a", "x": {"data": {"data": "}"}}, "data": [1]}])
def test_orders_in_any_form_of_event_store_the_same_items(some: list[dict[str, Any]]) -> None:
    bodies = [as_text(order) for order in some]
    tables = []
    for form in range(-1, 9):
        store, clock = FakeOrderStore(), FakeClock()
        records = [Record(str(at), body if form < 0 else forms(body)[form]) for at, body in enumerate(bodies)]
        consume(records, store, clock, clock.monotonic_ms() + 1_000)
        tables.append(store.orders)
    assert all(table == tables[0] for table in tables)


@given(orders, st.sampled_from(["", " ", "\n\t"]))
def test_event_gives_back_the_text_of_its_order(order: dict[str, Any], space: str) -> None:
    text = as_text(order)
    written = CloudEvents("/shop", "t").wrap(f"{space}{text}{space}", parse_order(text))
    assert unwrap_body(written) == text
    assert unwrap_body(envelope(written)) == text
    assert parse_order(written) == parse_order(text)
    found = find_event(envelope(written))
    assert found is not None
    assert (found["source"], found["type"], found["subject"]) == ("/shop", "t", order["orderId"])


def test_event_is_of_version_1_with_the_same_id_for_the_same_notification() -> None:
    order = parse_order(ORDER)
    content = json.loads(write_event(ORDER, order.attributes, "/shop", "order"))
    identity = content.pop("id")
    assert len(identity) == 32
    assert content.pop("data") == json.loads(ORDER)
    assert content == {
        "specversion": "1.0",
        "source": "/shop",
        "type": "order",
        "datacontenttype": "application/json",
        "subject": "O-1",
        "time": "2026-05-03T12:00:00Z",
    }
    assert json.loads(write_event(ORDER, order.attributes, "/shop", "order"))["id"] == identity
    other = ORDER.replace("22.20", "22.2")
    assert json.loads(write_event(other, order.attributes, "/shop", "order"))["id"] != identity


def test_time_that_is_none_by_rfc_3339_is_left_out() -> None:
    text = '{"orderId":"1","timestamp":"2026-05-03"}'
    assert "time" not in json.loads(write_event(text, parse_order(text).attributes, "/shop", "order"))


def test_order_with_fields_of_an_event_is_an_order() -> None:
    body = json.dumps({**EVENT, "orderId": "1", "data": {"orderId": "2"}})
    assert parse_order(body).order_id == "1"
    assert find_event(body) is None


def test_attributes_to_filter_by_are_those_of_the_order_inside() -> None:
    text = '{"orderId":"1","status":"paid","total":5}'
    plain, wrapped = make_order_message(text), make_order_message(text, envelope=CloudEvents())
    assert plain.attributes == wrapped.attributes != ()
    assert make_order_message(wrapped.text, envelope=CloudEvents()) == wrapped, "an event is not wrapped again"


REFUSED: dict[str, tuple[str, str, str]] = {
    "other version": (event(specversion="0.3", data={}), "specversion", 'expected "1.0", got "0.3"'),
    "version a number": (event(specversion=1.0, data={}), "specversion", "got 1.0"),
    "no id": (event(id=None, data={}), "id", "a string that is not empty"),
    "empty source": (event(source="", data={}), "source", "got an empty string"),
    "type a number": (event(type=5, data={}), "type", "got 5"),
    "no data": (event(), "data", "got neither"),
    "null data": (event(data=None), "data", "got neither"),
    "data twice": (event(data={}, data_base64="e30="), "data", "got both"),
    "no base64": (event(data_base64="***"), "data_base64", "UTF-8 text in base64"),
    "no UTF-8": (event(data_base64="/w=="), "data_base64", "UTF-8 text in base64"),
    "base64 a number": (event(data_base64=1), "data_base64", "got a number"),
    "no JSON type": (event(datacontenttype="text/xml", data="<a/>"), "datacontenttype", "JSON media type"),
    "invalid order": (event(data={"orderId": "1", "total": "x"}), "total", "expected a number"),
    "no order id": (event(data={"total": 1}), "orderId", "orderId is missing"),
}


@pytest.mark.parametrize(("body", "field", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_event_of_an_order_is_refused_by_name(body: str, field: str, words: str) -> None:
    with pytest.raises(OrderRejected) as caught:
        parse_order(body)
    assert caught.value.field == field
    assert words in caught.value.reason
    assert [one.path for one in find_violations(body)] == [field]


@pytest.mark.parametrize("media_type", ["application/json", "text/json; charset=utf-8", "application/vnd.shop+json"])
def test_json_media_types_are_taken(media_type: str) -> None:
    assert parse_order(event(datacontenttype=media_type, data={"orderId": "1"})).order_id == "1"


def test_of_two_members_named_data_the_last_counts() -> None:
    body = '{"specversion":"1.0","id":"1","source":"/","type":"t","data":{"orderId":"1"},"data" : {"orderId":"2"} }'
    assert parse_order(body).order_id == "2"
    assert unwrap_body(body) == '{"orderId":"2"}'


def test_events_within_events_end() -> None:
    body = '{"orderId":"1"}'
    for _ in range(8):
        body = event(data=body)
    with pytest.raises(OrderRejected, match="wrapped more than"):
        parse_order(body)


@given(st.dictionaries(st.sampled_from([*EVENT, "data", "data_base64", "datacontenttype", "x"]), values))
def test_any_event_is_taken_or_refused(members: dict[str, Any]) -> None:
    body = as_text({"specversion": "1.0", **members})
    try:
        parse_order(body)
        accepted = True
    except OrderRejected:
        accepted = False
    assert accepted == (not find_violations(body))


@pytest.mark.parametrize("source", ["", "a b", "\n", "é", "x" * 501])
def test_source_and_type_that_are_none_are_refused(source: str) -> None:
    for options in ({"source": source}, {"event_type": source}):
        with pytest.raises(ValueError, match="printable ASCII"):
            CloudEvents(**options)
