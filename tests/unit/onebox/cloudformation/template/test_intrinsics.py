"""Goal: every intrinsic function gives AWS's value, every misuse AWS's words, and nothing unevaluated is left."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.errors import ValidationError
from onebox.services.cloudformation.template.conditions import check_rules, decide_conditions
from onebox.services.cloudformation.template.intrinsics import NO_VALUE, UNKNOWN, Scope, evaluate


def scope(**fields: Any) -> Scope:
    known = {
        "values": {
            "AWS::Region": "eu-west-1",
            "Name": "orders",
            "Size": "3",
            "Zones": ["a", "b"],
        },
        "mappings": {"Map": {"eu-west-1": {"Ami": "ami-1", "List": ["x", "y"]}}},
        "conditions": {"Yes": True, "No": False},
        "region": "eu-west-1",
        "resource": lambda name: f"physical-{name}",
        "attribute": lambda name, attribute: f"{attribute} of {name}",
        "import_value": lambda name: f"import {name}",
    }
    return Scope(**{**known, **fields})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Name"}, "orders"),
        ({"Ref": "Queue"}, "physical-Queue"),
        ({"Ref": "Zones"}, ["a", "b"]),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "Arn of Queue"),
        ({"Fn::GetAtt": "Queue.Nested.Arn"}, "Nested.Arn of Queue"),
        ({"Fn::GetAtt": ["Queue", {"Ref": "Name"}]}, "orders of Queue"),
        ({"Fn::Sub": "${Name}-${AWS::Region}-${Queue}-${Queue.Arn}-${!Literal}-$x"},
         "orders-eu-west-1-physical-Queue-Arn of Queue-${Literal}-$x"),
        ({"Fn::Sub": ["${Name} ${Own}", {"Name": {"Fn::GetAtt": "Q.Arn"}, "Own": 1.50}]}, "Arn of Q 1.5"),
        ({"Fn::Join": [",", ["a", 1, True, {"Ref": "Name"}]]}, "a,1,true,orders"),
        ({"Fn::Join": ["-", {"Ref": "Zones"}]}, "a-b"),
        ({"Fn::Select": ["1", {"Ref": "Zones"}]}, "b"),
        ({"Fn::Select": [0, {"Fn::Split": ["|", "a|b"]}]}, "a"),
        ({"Fn::Split": [",", "a,,b"]}, ["a", "", "b"]),
        ({"Fn::FindInMap": ["Map", {"Ref": "AWS::Region"}, "Ami"]}, "ami-1"),
        ({"Fn::Base64": "hé"}, "aMOp"),
        ({"Fn::ImportValue": {"Fn::Sub": "${Name}-url"}}, "import orders-url"),
        ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"Fn::If": ["Yes", "a", {"Fn::Nonsense": 1}]}, "a"),
        ({"Fn::If": ["No", "a", {"Ref": "Name"}]}, "orders"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)  # fmt: skip
def test_function_gives_its_value(value: Any, expected: Any) -> None:
    assert evaluate(value, scope()) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            {"Fn::FindInMap": ["Map", "us-east-1", "Ami"]},
            "Template error: Unable to get mapping for Map::us-east-1::Ami",
        ),
        (
            {"Fn::FindInMap": ["Nope", "a", "b"]},
            "Template error: Mapping named 'Nope' is not present in the 'Mappings' section of template.",
        ),
        ({"Fn::Select": [2, ["a"]]}, "Template error: Fn::Select cannot select nonexistent value at index 2"),
        ({"Fn::If": ["Maybe", 1, 2]}, "Template error: unresolved condition dependency Maybe in Fn::If"),
        ({"Fn::If": ["Yes", 1]}, "Template error: Fn::If requires a list argument with three elements"),
    ],
)
def test_misuse_is_refused_in_aws_words(value: Any, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        evaluate(value, scope())
    assert caught.value.message == words


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::Join": "a"},
        {"Fn::Join": [",", [{"a": 1}]]},
        {"Fn::Split": ["", "a"]},
        {"Fn::Split": [",", ["a"]]},
        {"Fn::Select": ["x", ["a"]]},
        {"Fn::Sub": ["a"]},
        {"Fn::Sub": "${Zones}"},
        {"Fn::Base64": {"a": 1}},
        {"Fn::FindInMap": ["Map", {"a": 1}, "b"]},
        {"Fn::ImportValue": ["a"]},
        {"Fn::Cidr": ["10.0.0.0/8", 1, 8]},
        {"Fn::Length": ["a"]},
        {"Fn::ToJsonString": {"a": 1}},
    ],
)
def test_malformed_function_is_a_validation_error(value: Any) -> None:
    with pytest.raises(ValidationError):
        evaluate(value, scope())


def test_language_extensions_are_there_with_their_transform() -> None:
    extended = scope(extended=True)
    assert evaluate({"Fn::Length": {"Ref": "Zones"}}, extended) == 2
    assert evaluate({"Fn::ToJsonString": {"a": {"Ref": "Name"}}}, extended) == '{"a":"orders"}'
    default = {"Fn::FindInMap": ["Map", "x", "y", {"DefaultValue": {"Ref": "Name"}}]}
    assert evaluate(default, extended) == "orders"


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::Sub": "a${Queue}"},
        {"Fn::Join": ["", ["a", {"Ref": "Queue"}]]},
        {"Fn::Select": [0, {"Fn::Split": [":", {"Ref": "Queue"}]}]},
        {"Fn::Base64": {"Ref": "Queue"}},
    ],
)
def test_value_that_needs_something_unknown_is_unknown(value: Any) -> None:
    assert evaluate(value, scope(resource=lambda _: UNKNOWN)) is UNKNOWN


_FUNCTIONS = ["Ref"] + [
    f"Fn::{name}"
    for name in ("Base64", "FindInMap", "GetAtt", "If", "ImportValue", "Join", "Length", "Select", "Split", "Sub")
]
_SCALARS = st.text(max_size=6) | st.integers() | st.booleans() | st.sampled_from(["Name", "Yes", "Map", "Q", "${Name}"])


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    calls = st.builds(lambda name, argument: {name: argument}, st.sampled_from(_FUNCTIONS), inner)
    return st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3) | calls


_VALUES = st.recursive(_SCALARS, _nested, max_leaves=15)


@given(_VALUES)
def test_anything_evaluates_or_is_a_validation_error(value: Any) -> None:
    try:
        result = evaluate(value, scope(extended=True))
    except ValidationError:
        return
    if result is not NO_VALUE:
        json.dumps(result)  # nothing but plain values is left


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ({"Fn::Equals": [{"Ref": "Size"}, 3]}, True),
        ({"Fn::Equals": [True, "true"]}, True),
        ({"Fn::Not": [{"Fn::Equals": ["a", "a"]}]}, False),
        ({"Fn::And": [{"Condition": "Base"}, {"Fn::Equals": ["a", "a"]}]}, True),
        ({"Fn::Or": [{"Fn::Equals": ["a", "b"]}, {"Fn::Equals": ["a", "c"]}]}, False),
        ({"Fn::Contains": [{"Ref": "Zones"}, "b"]}, True),
        ({"Fn::EachMemberIn": [{"Ref": "Zones"}, ["a", "b", "c"]]}, True),
        ({"Fn::EachMemberEquals": [{"Ref": "Zones"}, "a"]}, False),
    ],
)
def test_condition_is_decided(condition: Any, truth: bool) -> None:
    declared = {"It": condition, "Base": {"Fn::Equals": [{"Ref": "Name"}, "orders"]}}
    assert decide_conditions(declared, scope())["It"] is truth


def test_conditions_in_a_circle_are_refused() -> None:
    declared = {"A": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Fn::Not": [{"Condition": "A"}]}}
    with pytest.raises(ValidationError, match=r"Circular dependency between conditions: \[A, B\]"):
        decide_conditions(declared, scope())


def test_rule_that_applies_and_fails_is_refused_with_its_description() -> None:
    assertion = {"Assert": {"Fn::Equals": [{"Ref": "Size"}, "4"]}, "AssertDescription": "Size must be 4"}
    check_rules({"R": {"RuleCondition": {"Fn::Equals": ["a", "b"]}, "Assertions": [assertion]}}, scope())
    with pytest.raises(ValidationError, match="Size must be 4"):
        check_rules({"R": {"Assertions": [assertion]}}, scope())
