"""Goal: values checked in advance, beside the event loop, have the sizes and faults that the operation would find."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.errors import AwsError
from onebox.services.dynamodb.request_values import check_request_values
from onebox.services.dynamodb.values import numbers
from onebox.services.dynamodb.values.attributes import check_value, serialize_item
from onebox.services.dynamodb.values.checked import CheckedItem, CheckedValue

TEXTS = st.text(st.characters(codec="utf-8"), max_size=3)
NUMBERS = st.sampled_from(["0", "1", "1.0", "-12e3", "1E2", "1e-200", "x", "", "9" * 39])
SCALARS = st.one_of(
    st.builds(lambda text: {"S": text}, TEXTS),
    st.builds(lambda text: {"N": text}, NUMBERS),
    st.sampled_from([{"B": "YQ=="}, {"BOOL": True}, {"NULL": True}, {"NULL": False}, {}, {"S": "a", "N": "1"}]),
    st.builds(lambda texts: {"SS": texts}, st.lists(TEXTS, max_size=3)),
    st.builds(lambda texts: {"NS": texts}, st.lists(NUMBERS, max_size=3)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.builds(lambda members: {"L": members}, st.lists(inner, max_size=9)),
        st.builds(lambda members: {"M": members}, st.dictionaries(TEXTS, inner, max_size=3)),
    ),
    max_leaves=12,
)
ITEMS = st.dictionaries(TEXTS, VALUES, max_size=4)


def copy(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


def outcome(step: Any) -> Any:
    """What a step returns, or the error that it raises."""
    try:
        return step()
    except AwsError as error:
        return type(error), error.message


@given(ITEMS)
def test_an_item_has_its_json_its_size_or_its_fault(item: dict[str, Any]) -> None:
    request = {"TableName": "t", "Item": copy(item)}
    expected = outcome(lambda: serialize_item(copy(item)))
    assert check_request_values(request) is None
    assert type(request["Item"]) is CheckedItem
    assert outcome(lambda: serialize_item(request["Item"])) == expected


@given(VALUES)
def test_a_value_becomes_canonical_or_has_its_fault(value: dict[str, Any]) -> None:
    later = copy(value)
    expected = outcome(lambda: check_value(later))
    request = {"ExpressionAttributeValues": {":v": copy(value)}}
    assert check_request_values(request) is None
    checked = request["ExpressionAttributeValues"][":v"]
    assert type(checked) is CheckedValue
    assert outcome(lambda: check_value(checked)) == expected
    assert expected is not None or checked == later


V = {"N": "1.0"}
REQUESTS: dict[str, dict[str, Any]] = {
    "Key": {"Key": {"k": V}},
    "ExclusiveStartKey": {"ExclusiveStartKey": {"k": V}},
    "ExpressionAttributeValues": {"ExpressionAttributeValues": {":v": V}},
    "Parameters": {"Statement": "s", "Parameters": [V]},
    "Expected": {"Expected": {"a": {"Value": V}}},
    "Expected with a list": {"Expected": {"a": {"AttributeValueList": [V]}}},
    "AttributeUpdates": {"AttributeUpdates": {"a": {"Value": V}}},
    "KeyConditions": {"KeyConditions": {"a": {"AttributeValueList": [V]}}},
    "QueryFilter": {"QueryFilter": {"a": {"AttributeValueList": [V]}}},
    "ScanFilter": {"ScanFilter": {"a": {"AttributeValueList": [V]}}},
    "Item": {"Item": {"k": V}},
    "puts of a batch": {"RequestItems": {"Item": [{"PutRequest": {"Item": {"k": V}}}]}},
    "deletes of a batch": {"RequestItems": {"Key": [{"DeleteRequest": {"Key": {"k": V}}}]}},
    "keys of a batch": {"RequestItems": {"Key": {"Keys": [{"k": V}]}}},
    "puts of a transaction": {"TransactItems": [{"Put": {"Item": {"k": V}}}]},
    "updates of a transaction": {"TransactItems": [{"Update": {"ExpressionAttributeValues": {":v": V}}}]},
    "gets of a transaction": {"TransactItems": [{"Get": {"Key": {"k": V}}}]},
    "statements of a batch": {"Statements": [{"Statement": "s", "Parameters": [V]}]},
    "statements of a transaction": {"TransactStatements": [{"Statement": "s", "Parameters": [V]}]},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_no_place_of_values_is_left_to_the_event_loop(name: str) -> None:
    """Also where a table has the name of a member."""
    request = copy(REQUESTS[name])
    assert check_request_values(request) is None
    text = orjson.dumps(request)
    assert b"1.0" not in text
    assert b'"1"' in text


def test_a_wrong_json_type_is_told_of_before_all_else() -> None:
    fault = check_request_values({"Item": {"k": {"N": "x"}}, "Key": {"k": {"S": 1}}})
    assert fault is not None
    assert "NUMBER_VALUE cannot be converted to String" in fault.message


def test_one_step_of_the_walk_takes_few_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two steps the interpreter turns to the event loop, however busy the machine is."""
    steps: list[int] = []
    measure = numbers.measure_numbers

    def counted(texts: list[str]) -> tuple[list[str], int]:
        steps.append(len(texts))
        return measure(texts)

    monkeypatch.setattr("onebox.services.dynamodb.values.attributes.measure_numbers", counted)
    monkeypatch.setattr("onebox.services.dynamodb.values.rows.measure_numbers", counted)
    texts = [f"{at % 9_999 + 1}E{at // 9_999}" for at in range(50_000)]
    check_request_values({"Item": {"a": {"NS": texts}}, "Key": {"a": {"L": [{"N": text} for text in texts]}}})
    assert sum(steps) >= 90_000
    assert max(steps) <= 512
