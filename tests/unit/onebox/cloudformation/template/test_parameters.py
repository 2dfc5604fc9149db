"""Goal: parameters take what AWS lets them take, and say no in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.errors import ValidationError
from onebox.services.cloudformation.template.parameters import (
    decide_parameters,
    parameter_value,
    parse_parameter_declaration,
)


def decide(declaration: dict[str, Any], *given: dict[str, Any], previous: dict[str, str] | None = None) -> str:
    declared = {"P": parse_parameter_declaration("P", declaration)}
    return decide_parameters(declared, given, previous)["P"]


def value(text: str) -> dict[str, Any]:
    return {"ParameterKey": "P", "ParameterValue": text}


def test_default_given_and_previous_value_in_that_order_of_need() -> None:
    assert decide({"Type": "Number", "Default": 5}) == "5"
    assert decide({"Type": "String", "Default": True}) == "true"
    assert decide({"Type": "String", "Default": "a"}, value("b")) == "b"
    assert decide({"Type": "String"}, {"ParameterKey": "P", "UsePreviousValue": True}, previous={"P": "c"}) == "c"
    assert decide({"Type": "String", "Default": "a"}, previous={"P": "c"}) == "a"


@pytest.mark.parametrize(
    ("declaration", "text", "words"),
    [
        ({"AllowedValues": ["a", "b"]}, "c", "Parameter 'P' must be one of AllowedValues"),
        ({"AllowedPattern": "[a-z]+"}, "abC", "Parameter 'P' must match pattern [a-z]+"),
        ({"MinLength": 2}, "a", "Parameter 'P' must contain at least 2 characters"),
        ({"MaxLength": "2"}, "abc", "Parameter 'P' must contain at most 2 characters"),
        ({"Type": "Number"}, "x", "Parameter 'P' must be a number."),
        ({"Type": "Number"}, "NaN", "Parameter 'P' must be a number."),
        ({"Type": "Number", "MinValue": 3}, "2", "Parameter 'P' must be a number not less than 3"),
        ({"Type": "Number", "MaxValue": 3}, "3.5", "Parameter 'P' must be a number not greater than 3"),
        ({"Type": "List<Number>", "MaxValue": 3}, "1, 4", "Parameter 'P' must be a number not greater than 3"),
        (
            {"AllowedValues": ["a"], "ConstraintDescription": "only a"},
            "b",
            "Parameter P failed to satisfy constraint: only a",
        ),
    ],
)
def test_value_outside_its_constraint_is_refused(declaration: dict[str, Any], text: str, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        decide({"Type": "String", **declaration}, value(text))
    assert caught.value.message == words


def test_missing_and_unknown_parameters_are_listed() -> None:
    with pytest.raises(ValidationError, match=r"Parameters: \[P\] must have values"):
        decide({"Type": "String"})
    with pytest.raises(ValidationError, match=r"Parameters: \[Q\] do not exist in the template"):
        decide({"Type": "String", "Default": ""}, {"ParameterKey": "Q", "ParameterValue": "1"})


def test_previous_value_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValidationError, match="Cannot specify usePreviousValue as true"):
        decide({"Type": "String"}, {"ParameterKey": "P", "UsePreviousValue": True}, previous={})


@pytest.mark.parametrize(
    ("declaration", "words"),
    [
        ({}, "Template format error: Every Parameters object must contain a Type member."),
        (
            {"Type": "AWS::EC2::Image::Id"},
            "Template format error: Unrecognized parameter type: AWS::EC2::Image::Id",
        ),
        ({"Type": "String", "Values": []}, "Invalid template parameter property 'Values'"),
        (
            {"Type": "String", "AllowedValues": "a"},
            "Template format error: Every AllowedValues member must be a list.",
        ),
    ],
)
def test_malformed_declaration_is_refused(declaration: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_parameter_declaration("P", declaration)
    assert caught.value.message == words


def test_list_types_yield_lists() -> None:
    declaration = parse_parameter_declaration("P", {"Type": "CommaDelimitedList"})
    assert parameter_value(declaration, "a, b,c") == ["a", "b", "c"]
