"""Goal: every way AWS lets a request name a function is understood, and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.errors import AwsError, ValidationException
from onebox.services.context import Principal, RequestContext
from onebox.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from onebox.services.lambda_.model import FunctionKey
from onebox.services.lambda_.naming import parse_function_reference, parse_new_function

ACCOUNT = "123456789012"
CONTEXT = RequestContext(
    ACCOUNT, "us-east-1", Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT), 0, "id", "http://localhost"
)
KEY = FunctionKey(ACCOUNT, "us-east-1", "name")


@pytest.mark.parametrize(
    ("text", "qualifier", "expected"),
    [
        ("name", None, None),
        ("name", "live", "live"),
        ("name:3", None, "3"),
        ("name:$LATEST", "$LATEST", "$LATEST"),
        (f"{ACCOUNT}:function:name", None, None),
        (f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:name", None, None),
        (f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:name:live", None, "live"),
    ],
)
def test_parse_function_reference_forms_of_aws(text: str, qualifier: str | None, expected: str | None) -> None:
    reference = parse_function_reference(CONTEXT, text, qualifier)
    assert (reference.key, reference.qualifier) == (KEY, expected)


@pytest.mark.parametrize(
    ("text", "qualifier", "error"),
    [
        ("", None, ValidationException),
        ("a b", None, ValidationException),
        ("x:y:z:w", None, ValidationException),
        ("name", "not valid", ValidationException),
        ("name:1", "2", InvalidParameterValueException),
        (f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:name", None, ResourceNotFoundException),
    ],
)
def test_parse_function_reference_anything_else_is_refused(
    text: str, qualifier: str | None, error: type[AwsError]
) -> None:
    with pytest.raises(error):
        parse_function_reference(CONTEXT, text, qualifier)


@given(st.text(max_size=80), st.none() | st.text(max_size=10))
def test_parse_function_reference_any_text_parses_or_is_an_aws_error(text: str, qualifier: str | None) -> None:
    try:
        reference = parse_function_reference(CONTEXT, text, qualifier)
    except AwsError:
        return
    assert reference.key.region == CONTEXT.region


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("x" * 65, "InvalidParameterValueException", "length less than or equal to 64"),
        ("x" * 141, "ValidationException", "1 validation error detected: Value"),
        ("x" * 141 + "!", "ValidationException", "2 validation errors detected: Value"),
        ("a.b", "ValidationException", "'functionName' failed to satisfy constraint: Member must satisfy regular"),
    ],
)
def test_parse_new_function_names_that_cannot_be_made_are_refused(name: str, code: str, words: str) -> None:
    with pytest.raises(AwsError, match=re.escape(words)) as caught:
        parse_new_function(CONTEXT, name)
    assert caught.value.wire_code == code


@pytest.mark.parametrize(
    ("qualifier", "words"),
    [("x" * 129, "1 validation error detected"), ("x!" * 65, "2 validation errors detected"), ("a.b", "pattern")],
)
def test_parse_function_reference_broken_constraints_are_told_together(qualifier: str, words: str) -> None:
    with pytest.raises(ValidationException, match=words):
        parse_function_reference(CONTEXT, "name", qualifier)
    assert parse_function_reference(CONTEXT, "x" * 100, "$latest").qualifier == "$latest"
