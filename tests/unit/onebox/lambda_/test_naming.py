"""Goal: every way AWS lets a request name a function is understood, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.errors import AwsError, ValidationException
from onebox.services.context import Principal, RequestContext
from onebox.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from onebox.services.lambda_.model import FunctionKey
from onebox.services.lambda_.naming import parse_function_reference

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
        ("x" * 65, None, ValidationException),
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
