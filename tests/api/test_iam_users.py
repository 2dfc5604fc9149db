"""Goal: users and groups live and die as in IAM, with its errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.iam_support import document, refused


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam", parameter_validation=False)


def test_the_built_in_user_is_seen_and_cannot_be_changed(iam: Any, client: Callable[..., Any], account: str) -> None:
    user = iam.get_user()["User"]
    identity = client("sts").get_caller_identity()
    assert (user["Arn"], user["UserId"]) == (identity["Arn"], identity["UserId"])
    assert user == iam.get_user(UserName="onebox")["User"]
    assert iam.list_users()["Users"] == []
    assert refused(iam.delete_user, UserName="onebox")[0] == "UnmodifiableEntity"
    assert refused(iam.put_user_policy, UserName="onebox", PolicyName="p", PolicyDocument=document())[0] == (
        "UnmodifiableEntity"
    )


def test_what_xml_cannot_hold_is_replaced_in_a_refusal(iam: Any) -> None:
    assert refused(iam.get_policy, PolicyArn="arn:aws:iam::1:policy/\x00\x1f") == (
        "NoSuchEntity",
        "Policy arn:aws:iam::1:policy/\ufffd\ufffd was not found.",
        404,
    )
