"""Goal: names of parameters are read and judged as the Parameter Store does."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.errors import AwsError
from onebox.services.ssm.names import check_new_name, is_below, parameter_arn, parse_reference

ACCOUNT, REGION = "111111111111", "us-east-1"


@pytest.mark.parametrize(
    ("text", "name", "selector"),
    [
        ("plain", "plain", None),
        ("/a/b", "/a/b", None),
        ("/a/b:3", "/a/b", "3"),
        ("plain:prod", "plain", "prod"),
        (f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/plain", "plain", None),
        (f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/a/b:3", "/a/b", "3"),
    ],
)
def test_references_are_names_or_arns_with_or_without_a_selector(text: Any, name: Any, selector: Any) -> None:
    assert parse_reference(text) == (name, selector)


@pytest.mark.parametrize("name", ["plain", "/a", "/a/b.c_d-e", "/" + "/".join("abcdefghijklmno")])
def test_good_names(name: Any) -> None:
    check_new_name(ACCOUNT, REGION, name)
    assert parse_reference(parameter_arn(ACCOUNT, REGION, name)).name.strip("/") == name.strip("/")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a/b", "ValidationException"),
        ("a b", "ValidationException"),
        ("/a//b", "ValidationException"),
        ("/a/", "ValidationException"),
        ("", "ValidationException"),
        ("ssm-x", "ValidationException"),
        ("/SSM/x", "ValidationException"),
        ("aws.x", "AccessDeniedException"),
        ("/aws/x", "AccessDeniedException"),
        ("/" + "/".join("abcdefghijklmnop"), "HierarchyLevelLimitExceededException"),
        ("x" * 1_000, "ValidationException"),
    ],
)
def test_bad_names(name: Any, code: Any) -> None:
    with pytest.raises(AwsError) as raised:
        check_new_name(ACCOUNT, REGION, name)
    assert raised.value.wire_code == code


@pytest.mark.parametrize(
    ("name", "path", "recursive", "expected"),
    [
        ("/a/b", "/a", False, True),
        ("/a/b/c", "/a", False, False),
        ("/a/b/c", "/a", True, True),
        ("/ab/c", "/a", True, False),
        ("/a", "", False, True),
        ("plain", "", True, False),
    ],
)
def test_paths(name: Any, path: Any, recursive: Any, expected: Any) -> None:
    assert is_below(name, path, recursive=recursive) is expected
