"""Goal: properties are taken in the types the APIs want; generated names fit; drift compares what can be compared."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.cloudformation.drift import find_differences
from onebox.services.cloudformation.resources.catalog import RESOURCE_TYPES
from onebox.services.cloudformation.resources.lambda_function import zip_inline
from onebox.services.cloudformation.resources.shapes import BOOLEAN, INTEGER, JSON, NUMBER, TEXT, ListOf, Record
from onebox.services.cloudformation.resources.types import Naming, generate_name


@pytest.mark.parametrize(
    ("shape", "value", "taken"),
    [
        (INTEGER, "30", 30),
        (INTEGER, 30.0, 30),
        (NUMBER, "0.5", 0.5),
        (NUMBER, "2", 2),
        (BOOLEAN, "True", True),
        (TEXT, 30, "30"),
        (TEXT, True, "true"),
        (JSON, '{"a": 1}', {"a": 1}),
        (ListOf(INTEGER), "1", [1]),
    ],
)
def test_value_is_taken_in_the_declared_type(shape: Any, value: Any, taken: Any) -> None:
    violations: list[str] = []
    result = shape.take(value, "#", violations)
    assert (result, type(result), violations) == (taken, type(taken), [])


@pytest.mark.parametrize(
    ("shape", "value", "violation"),
    [
        (INTEGER, "3.5", "#: expected type: Integer, found: String"),
        (INTEGER, True, "#: expected type: Integer, found: Boolean"),
        (BOOLEAN, "maybe", "#: expected type: Boolean, found: String"),
        (TEXT, ["a"], "#: expected type: String, found: JSONArray"),
        (TEXT, {"a": 1}, "#: expected type: String, found: JSONObject"),
        (JSON, "no", "#: expected type: JSONObject, found: String"),
        (Record({"A": TEXT}), {"B": 1}, "#: extraneous key [B] is not permitted"),
        (Record({"A": TEXT}, required=("A",)), {}, "#: required key [A] not found"),
        (ListOf(Record({"A": INTEGER})), [{}, {"A": "x"}], "#/1/A: expected type: Integer, found: String"),
    ],
)
def test_value_of_another_shape_is_a_violation(shape: Any, value: Any, violation: str) -> None:
    violations: list[str] = []
    shape.take(value, "#", violations)
    assert violations == [violation]


@given(
    st.integers(20, 300),
    st.text("ab", min_size=1, max_size=128),
    st.text("cd", min_size=1, max_size=255),
    st.booleans(),
)
def test_generated_name_fits_and_ends_in_the_token(room: int, stack: str, logical: str, lower: bool) -> None:
    naming = Naming(None, characters_max=room, lower_case=lower, suffix=lambda _: ".x")
    name = generate_name(naming, stack, logical, {}, "TOKEN2TOKEN2")
    assert len(name) <= room
    assert name.lower().endswith("-token2token2.x")
    assert name == name.lower() or not lower
    assert name.lower().startswith(stack[0])


@pytest.mark.parametrize("name", sorted(RESOURCE_TYPES))
def test_resource_type_is_consistent(name: str) -> None:
    resource_type = RESOURCE_TYPES[name]
    properties = set(resource_type.schema.members)
    assert resource_type.create_only <= properties
    assert set(resource_type.schema.required) <= properties
    if resource_type.naming.property is not None:
        assert resource_type.naming.property in resource_type.create_only


def test_inline_code_gives_the_same_archive_every_time() -> None:
    files = {"index.py": "def handler(event, context): ..."}
    archive = zip_inline(files)
    assert archive == zip_inline(files)
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.namelist() == ["index.py"]


def test_drift_compares_only_what_the_template_gives_and_the_service_tells() -> None:
    expected = {
        "DelaySeconds": 5,
        "Tags": [{"Key": "a", "Value": "b"}],
        "Unreadable": 1,
        "Policy": {"a": 1, "b": [1, 2]},
    }
    actual = {"DelaySeconds": 6, "VisibilityTimeout": 30, "Policy": {"a": 1, "b": [2, 1], "c": 3}}
    assert find_differences(expected, actual) == [
        {"PropertyPath": "/DelaySeconds", "ExpectedValue": "5", "ActualValue": "6", "DifferenceType": "NOT_EQUAL"},
        {"PropertyPath": "/Policy/c", "ExpectedValue": "null", "ActualValue": "3", "DifferenceType": "ADD"},
    ]


def test_drift_of_a_lost_property_is_a_removal() -> None:
    assert find_differences({"RedrivePolicy": {"a": 1}}, {"RedrivePolicy": None}) == [
        {
            "PropertyPath": "/RedrivePolicy",
            "ExpectedValue": '{"a":1}',
            "ActualValue": "null",
            "DifferenceType": "REMOVE",
        }
    ]
