"""Goal: `orders schema check` finds every change that breaks a producer or a consumer of the old contract."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from orders.cli.main import main
from orders.domain.contract import CONTRACT_VERSION
from orders.domain.contract_schema import make_schema
from orders.domain.schema_compatibility import Party, find_changes
from orders.domain.schema_shape import UnreadableSchema, read_shape

PUBLISHED = Path(__file__).parent / "published"


def check(tmp_path: Path, old: Any, *options: str) -> Result:
    path = tmp_path / "old.json"
    path.write_text(old if isinstance(old, str) else json.dumps(old), "utf-8")
    return CliRunner().invoke(main, ["schema", "check", str(path), *options])


def present() -> dict[str, Any]:
    printed: dict[str, Any] = json.loads(CliRunner().invoke(main, ["schema", "json"]).stdout)
    return printed


def edit(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    old = copy.deepcopy(present())
    change(old)
    return old


def lines_of(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["properties"]["items"]["items"]
    return found


# What the old contract was, as an edit of the present one; what its users meet.
CASES: dict[str, tuple[Callable[[dict[str, Any]], object], set[tuple[str, str, str]]]] = {
    "nothing changed": (lambda old: old.update(description="other words"), set()),
    "field removed": (
        lambda old: old["properties"].update(channel={"type": "string"}),
        {("channel", "consumer", "field-removed")},
    ),
    "field added": (lambda old: old["properties"].pop("country"), {("country", "note", "field-added")}),
    "line's field added": (
        lambda old: lines_of(old)["properties"].pop("sku"),
        {("items[].sku", "note", "field-added")},
    ),
    "now required": (lambda old: old.update(required=[]), {("orderId", "producer", "field-now-required")}),
    "now optional": (
        lambda old: lines_of(old).update(required=["sku"]),
        {("items[].sku", "consumer", "field-now-optional")},
    ),
    "type narrowed": (
        lambda old: lines_of(old)["properties"]["quantity"].update(type=["number", "null"]),
        {("items[].quantity", "producer", "type-narrowed")},
    ),
    "type widened": (
        lambda old: old["properties"]["total"].update(type="integer"),
        {("total", "consumer", "type-widened")},
    ),
    "bound narrowed": (
        lambda old: old["properties"]["orderId"].update(maxLength=4096),
        {("orderId", "producer", "bound-narrowed")},
    ),
    "bound widened": (
        lambda old: old["properties"]["orderId"].update(maxLength=36, minLength=1),
        {("orderId", "consumer", "bound-widened")},
    ),
    "pattern added": (
        lambda old: old["properties"]["currency"].pop("pattern"),
        {("currency", "producer", "pattern-changed")},
    ),
    "values opened": (
        lambda old: old["properties"]["status"].update(enum=["new", "paid", None]),
        {("status", "consumer", "values-added")},
    ),
    "object opened": (lambda old: old.update(additionalProperties=False), {("", "consumer", "object-opened")}),
}


@pytest.mark.parametrize(("change", "expected"), CASES.values(), ids=CASES.keys())
def test_each_kind_of_change_is_told_by_path_and_party(
    change: Callable[[dict[str, Any]], object], expected: set[tuple[str, str, str]], tmp_path: Path
) -> None:
    done = check(tmp_path, edit(change), "--json")
    answer = json.loads(done.stdout)
    assert {(one["path"], one["breaks"] or "note", one["rule"]) for one in answer["changes"]} == expected
    breaks = any(party != "note" for _, party, _ in expected)
    assert (done.exit_code, answer["compatible"]) == (int(breaks), not breaks)


def test_people_read_path_change_and_verdict(tmp_path: Path) -> None:
    old = edit(lambda old: (old["properties"]["orderId"].update(maxLength=4096), old["properties"].pop("country")))
    done = check(tmp_path, old)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "country: the field is new and checked: whoever already used this name for something else is refused "
        "(note, field-added)",
        "orderId: maxLength was 4096 and is 2048 (breaks producers, bound-narrowed)",
        f"1 break between version {CONTRACT_VERSION} and version {CONTRACT_VERSION}",
    ]
    assert check(tmp_path, old, "--for", "consumer").exit_code == 0


def test_asyncapi_document_is_an_old_contract_too(tmp_path: Path) -> None:
    document = json.loads(CliRunner().invoke(main, ["schema", "asyncapi"]).stdout)
    assert check(tmp_path, document).exit_code == 0
    document["components"]["schemas"]["order"]["properties"]["orderId"]["maxLength"] = 9999
    assert check(tmp_path, document).exit_code == 1


REFUSED: dict[str, tuple[Any, str]] = {
    "not JSON": ("{", "not JSON"),
    "not an object": ("[]", "not a JSON object"),
    "deep": ("[" * 100_000, "not JSON"),
    "huge": (" " * 1_048_577, "larger than 1,048,576 bytes"),
    "no order": ({"asyncapi": "3.0.0", "components": []}, "no schema at components.schemas.order"),
    "another keyword": ({"properties": {"a": {"oneOf": []}}}, "a: the keyword oneOf cannot be compared"),
    "reference": ({"$ref": "#/x"}, "the schema: the keyword $ref cannot be compared"),
    "deep schema": (json.loads('{"items":' * 40 + "{}" + "}" * 40), "at most 32 levels"),
    "no type": ({"type": "text"}, "type is not a JSON Schema type"),
    "bound a text": ({"maxLength": "7"}, "maxLength is not a number"),
    "properties a list": ({"properties": []}, "properties has the wrong type"),
    "required a number": ({"required": [1]}, "required is not a list of field names"),
    "schema a number": ({"properties": {"a": 1}}, "a: expected a schema"),
}


@pytest.mark.parametrize(("old", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_compared_is_refused_with_its_place(old: Any, words: str, tmp_path: Path) -> None:
    done = check(tmp_path, old)
    assert done.exit_code == 1
    assert words in done.stderr
    assert not done.stdout


def test_a_change_that_breaks_somebody_raises_the_first_number_of_the_version() -> None:
    """Every published version is kept here; a new major version begins a new line of them."""
    for path in PUBLISHED.glob("order-*.schema.json"):
        old = json.loads(path.read_text("utf-8"))
        if old["x-version"].split(".")[0] == CONTRACT_VERSION.split(".")[0]:
            breaks = [one for one in find_changes(read_shape(old), read_shape(make_schema())) if one.is_break]
            assert not breaks, f"{path.name}: raise CONTRACT_VERSION's first number or take the change back: {breaks}"
    assert (PUBLISHED / f"order-{CONTRACT_VERSION}.schema.json").is_file(), "keep the contract that is published"


# --- The rules held against a validator -------------------------------------------------------------------------

names = st.sampled_from(["a", "b"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, -1.5, "", "x", "xx", "xxx", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=2),
    max_leaves=6,
)
kinds = st.lists(
    st.sampled_from(["string", "integer", "number", "boolean", "null", "object", "array"]), min_size=1, unique=True
)


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    small = st.integers(0, 3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": kinds,
            "enum": st.lists(st.sampled_from([None, 1, "x", "y", 0.5]), min_size=1, max_size=3),
            "minLength": small,
            "maxLength": small,
            "minimum": small,
            "maximum": small,
            "minItems": small,
            "maxItems": small,
            "pattern": st.sampled_from(["^x", "y$"]),
            "properties": st.dictionaries(names, inner, max_size=2),
            "required": st.lists(names, max_size=2, unique=True),
            "additionalProperties": st.booleans(),
            "items": inner,
        },
    )


any_schema: st.SearchStrategy[dict[str, Any]] = st.recursive(st.just({}), schemas, max_leaves=4)


@given(any_schema, any_schema, st.lists(values, max_size=10))
def test_what_no_break_is_told_of_stays_valid(old: dict[str, Any], new: dict[str, Any], samples: list[Any]) -> None:
    """Notes count: they tell of fields that the old schema did not name."""
    met = {one.party for one in find_changes(read_shape(old), read_shape(new))}
    old_takes, new_takes = Draft202012Validator(old).is_valid, Draft202012Validator(new).is_valid
    for value in samples:
        if Party.PRODUCER not in met:
            assert new_takes(value) or not old_takes(value)
        if Party.CONSUMER not in met:
            assert old_takes(value) or not new_takes(value)


@given(any_schema)
def test_a_schema_breaks_nobody_of_itself(schema: dict[str, Any]) -> None:
    assert find_changes(read_shape(schema), read_shape(schema)) == []


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["type", "properties", "items", "required", "enum", "maxLength", "pattern"]), inner
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_is_read_or_refused(schema: Any) -> None:
    with suppress(UnreadableSchema):
        shape = read_shape(schema)
        assert find_changes(shape, shape) == []
