"""Goal: a message passes a filter exactly when AWS's documentation says so."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.lambda_.errors import InvalidParameterValueException
from onebox.services.lambda_.filters import parse_filters, passes


def passing(pattern: object, body: str) -> bool:
    filters = parse_filters({"Filters": [{"Pattern": json.dumps(pattern)}]})
    return passes(filters, json.dumps({"messageId": "m", "body": body, "awsRegion": "us-east-1"}).encode())


ORDER = json.dumps({"status": "paid", "total": 12.5, "tags": ["a", "b"], "customer": {"name": "Ann"}, "note": None})


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"status": ["paid", "sent"]}, True),
        ({"status": ["sent"]}, False),
        ({"status": ["paid"], "total": [1]}, False),
        ({"customer": {"name": ["Ann"]}}, True),
        ({"customer": {"name": [{"prefix": "A"}]}}, True),
        ({"customer": {"name": [{"suffix": "x"}]}}, False),
        ({"customer": {"name": [{"equals-ignore-case": "ANN"}]}}, True),
        ({"total": [{"numeric": [">", 10, "<=", 12.5]}]}, True),
        ({"total": [{"numeric": ["<", 12.5]}]}, False),
        ({"status": [{"numeric": ["=", 1]}]}, False),
        ({"tags": ["b"]}, True),
        ({"status": [{"anything-but": ["sent"]}]}, True),
        ({"status": [{"anything-but": ["paid"]}]}, False),
        ({"status": [{"anything-but": {"prefix": "pa"}}]}, False),
        ({"note": [None]}, True),
        ({"missing": [{"exists": False}]}, True),
        ({"missing": [{"anything-but": ["x"]}]}, False),
        ({"status": [{"exists": True}]}, True),
        ({"$or": [{"status": ["sent"]}, {"total": [12.5]}]}, True),
        ({"$or": [{"status": ["sent"]}, {"total": [1]}]}, False),
    ],
)
def test_passes_json_body(wanted: object, expected: bool) -> None:
    assert passing({"body": wanted}, ORDER) is expected


def test_passes_plain_text_and_json_are_not_mixed_up() -> None:
    assert passing({"body": ["hello"]}, "hello")
    assert not passing({"body": ["hello"]}, ORDER)
    assert not passing({"body": {"status": ["paid"]}}, "hello")
    assert passing({"awsRegion": ["us-east-1"]}, "anything")


def test_passes_any_filter_is_enough_and_none_lets_all_pass() -> None:
    record = json.dumps({"body": "b"}).encode()
    patterns = [{"Pattern": '{"body": ["a"]}'}, {"Pattern": '{"body": ["b"]}'}]
    assert passes(parse_filters({"Filters": patterns}), record)
    assert not passes(parse_filters({"Filters": patterns[:1]}), record)
    assert passes(parse_filters({}), record)


@pytest.mark.parametrize(
    "pattern",
    ["", "x", "[]", "{}", '{"body": "x"}', '{"body": []}', '{"body": [{"nope": 1}]}', '{"body": [{"numeric": [">"]}]}'],
)
def test_parse_filters_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidParameterValueException, match="Invalid filter pattern definition"):
        parse_filters({"Filters": [{"Pattern": pattern}]})


def test_parse_filters_more_than_five_are_refused() -> None:
    with pytest.raises(InvalidParameterValueException):
        parse_filters({"Filters": [{"Pattern": '{"body": ["a"]}'}] * 6})


@given(st.text(max_size=20))
def test_parse_filters_any_text_parses_or_is_refused(text: str) -> None:
    try:
        filters = parse_filters({"Filters": [{"Pattern": text}]})
    except InvalidParameterValueException:
        return
    assert passes(filters, b'{"body": "x"}') in (True, False)
