"""Goal: one model says what an order must hold; the schema that is printed agrees with it, and real orders pass."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from orders.cli.main import main
from orders.domain.contract import FIELDS, LINE_FIELDS, MOMENT_PATTERN
from orders.domain.contract_schema import EXAMPLE, make_schema
from orders.domain.order import parse_attributes, parse_order
from orders.errors import OrderRejected
from orders.local.demo import load_sample

VALIDATOR = Draft202012Validator(make_schema())

moments = st.datetimes().map(lambda moment: moment.isoformat())
near_moments = st.from_regex(r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9](:60)?(Z|\+[0-9]{2}:?)?)?\n?\Z")
# Characters of one byte: only there do JSON Schema's characters and DynamoDB's bytes count the same.
ascii_texts = st.text(st.characters(codec="ascii"), max_size=5)
lengths = st.sampled_from([0, 1, 512, 513, 1024, 1025, 2048, 2049]).map(lambda length: "x" * length)
codes = st.sampled_from(["GBP", "EUR", "gbp", "GB", "GBPX", "GBP\n", "£££"])
# Within DynamoDB's range: what JSON Schema cannot say is tested in test_limits.py.
floats = st.floats(-1e100, 1e100).filter(lambda value: value == 0 or abs(value) > 1e-100)
numbers = st.integers(-(10**37), 10**37) | floats | st.integers(-9, 9).map(float)
texts = ascii_texts | lengths | moments | near_moments | codes
scalars = st.none() | st.booleans() | numbers | texts


def some_fields(names: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from([*names, "unknown"]), values, max_size=4)


lines = some_fields([field.name for field in LINE_FIELDS], scalars)
values = scalars | st.lists(lines | scalars, max_size=3) | lines
orders = st.builds(
    lambda order_id, fields: {**order_id, **fields},
    st.just({"orderId": "O-1"}) | st.just({}),
    some_fields([field.name for field in FIELDS], values),
)


@given(orders | st.builds(lambda moment: {"orderId": "O", "timestamp": moment}, moments | near_moments))
@example({"orderId": "O", "quantity": 2.0})
@example({"orderId": "O", "quantity": 1e100})
@example({"orderId": "O", "quantity": 2.5})
@example({"orderId": "O", "timestamp": "2026-05-03\n"})
@example({"orderId": "O", "timestamp": "0000-01-01"})
@example({"orderId": "O", "items": [{"quantity": True}]})
def test_printed_schema_and_model_take_and_refuse_the_same(content: dict[str, Any]) -> None:
    text = json.dumps(content)
    try:
        parse_order(text)
        refused_path = None
    except OrderRejected as error:
        refused_path = error.field
    errors = [_path(error) for error in VALIDATOR.iter_errors(json.loads(text))]
    assert (refused_path is None) == (not errors)
    assert refused_path is None or refused_path in errors


def _path(error: Any) -> str:
    if error.validator == "required":
        return "orderId"
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")


def test_schema_limits_characters_where_the_model_limits_bytes() -> None:
    """The one difference, and it is on the safe side: what the model takes, the schema takes."""
    assert VALIDATOR.is_valid({"orderId": "é" * 2048})
    with pytest.raises(OrderRejected, match="got 4096 bytes"):
        parse_attributes({"orderId": "é" * 2048})


@given(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
@example(1900, 2, 29)
@example(2000, 2, 29)
def test_moment_pattern_takes_exactly_the_days_that_there_are(year: int, month: int, day: int) -> None:
    try:
        there_is = bool(date(year, month, day))
    except ValueError:
        there_is = False
    assert bool(re.search(MOMENT_PATTERN, f"{year:04}-{month:02}-{day:02}")) == there_is


VIOLATIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "price a text": (
        {"items": [{}, {"unitPrice": 1}, {"unitPrice": "4.95"}]},
        "items[2].unitPrice",
        'items[2].unitPrice: expected a number, got "4.95"',
    ),
    "quantity a fraction": ({"items": [{"quantity": 1.5}]}, "items[0].quantity", "expected an integer, got 1.5"),
    "quantity true": ({"quantity": True}, "quantity", "quantity: expected an integer, got true"),
    "line no object": ({"items": [{}, "x"]}, "items[1]", "items[1]: expected an object, got a string"),
    "line null": ({"items": [None]}, "items[0]", "items[0]: expected an object, got null"),
    "items an object": ({"items": {}}, "items", "items: expected an array of objects, got an object"),
    "total a text": ({"total": "1"}, "total", 'total: expected a number, got "1"'),
    "currency in words": ({"currency": "pounds"}, "currency", 'expected an ISO 4217 code such as GBP, got "pounds"'),
    "country a number": ({"country": 44}, "country", "country: expected a string, got 44"),
    "name an array": ({"itemName": ["a"]}, "itemName", "itemName: expected a string, got an array"),
}


@pytest.mark.parametrize(("fields", "path", "words"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_violation_names_the_path_and_what_was_expected(fields: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(OrderRejected) as caught:
        parse_order(json.dumps({"orderId": "O-1", **fields}))
    assert (caught.value.field, caught.value.order_id) == (path, "O-1")
    assert words in caught.value.reason


def test_real_orders_pass_model_and_schema_unchanged() -> None:
    for entry in load_sample():
        content = json.loads(entry.text)
        VALIDATOR.validate(content)
        parsed = parse_order(entry.text).attributes
        kept = {name: value for name, value in content.items() if value is not None or name not in ("userId",)}
        assert json.loads(json.dumps(parsed, default=float)) == kept


def test_null_in_any_known_field_but_the_id_says_the_same_as_leaving_it_out() -> None:
    fields = {field.name: None for field in FIELDS if not field.required}
    line = {field.name: None for field in LINE_FIELDS}
    assert parse_attributes({**fields, "orderId": "O-1"}).moment_ns is None
    assert parse_attributes({"orderId": "O-1", "items": [line]}).attributes["items"] == [line]


def test_schema_printed_is_a_schema_of_the_draft_and_its_example_passes_both() -> None:
    printed = CliRunner().invoke(main, ["schema"])
    assert printed.exit_code == 0
    schema = json.loads(printed.stdout)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(schema["examples"][0])
    assert parse_attributes(EXAMPLE).attributes == EXAMPLE
    assert json.loads(CliRunner().invoke(main, ["schema", "--json"]).stdout) == schema


def test_schema_as_markdown_and_json_at_once_is_refused() -> None:
    assert CliRunner().invoke(main, ["schema", "--markdown", "--json"]).exit_code == 2
