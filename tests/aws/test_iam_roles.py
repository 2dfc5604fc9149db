"""Goal: roles live and die as in IAM, with its errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.support import Unique

TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
SQS_FULL = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam", parameter_validation=False)


@pytest.fixture
def role(iam: Any, unique: Unique) -> Any:
    return iam.create_role(RoleName=unique("Worker"), AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]


def refusal(call: Any, **arguments: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    error = raised.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


def test_create_role_with_everything_is_read_back(iam: Any, account: str, unique: Unique) -> None:
    created = iam.create_role(
        RoleName=unique("Worker"),
        Path="/team/a/",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Description="works",
        MaxSessionDuration=7200,
        Tags=[{"Key": "team", "Value": "a"}],
    )["Role"]
    assert created["Arn"] == f"arn:aws:iam::{account}:role/team/a/{unique('Worker')}"
    assert created["RoleId"].startswith("AROA")
    got = iam.get_role(RoleName=unique("Worker"))["Role"]
    assert got["AssumeRolePolicyDocument"] == TRUST
    assert (got["Path"], got["Description"], got["MaxSessionDuration"]) == ("/team/a/", "works", 7200)
    assert got["Tags"] == [{"Key": "team", "Value": "a"}]


def test_create_role_name_taken_in_other_case_is_refused(iam: Any, role: Any, unique: Unique) -> None:
    assert refusal(iam.create_role, RoleName=unique("Worker").upper(), AssumeRolePolicyDocument=json.dumps(TRUST)) == (
        "EntityAlreadyExists",
        f"Role with name {unique('Worker').upper()} already exists.",
        409,
    )


def test_get_role_missing_is_refused(iam: Any, unique: Unique) -> None:
    assert refusal(iam.get_role, RoleName=unique("Nobody")) == (
        "NoSuchEntity",
        f"The role with name {unique('Nobody')} cannot be found.",
        404,
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"RoleName": "a b"}, "ValidationError"),
        ({"RoleName": "x" * 65}, "ValidationError"),
        ({"Path": "team"}, "ValidationError"),
        ({"MaxSessionDuration": 60}, "ValidationError"),
        ({"AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument"),
        ({"AssumeRolePolicyDocument": json.dumps(ALLOW)}, "MalformedPolicyDocument"),
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "InvalidInput"),
        ({"PermissionsBoundary": "arn:aws:iam::aws:policy/Nothing"}, "NoSuchEntity"),
    ],
)
def test_create_role_invalid_parameter_is_refused(iam: Any, change: Any, code: Any, unique: Unique) -> None:
    arguments = {"RoleName": unique("Worker"), "AssumeRolePolicyDocument": json.dumps(TRUST), **change}
    assert refusal(iam.create_role, **arguments)[0] == code


def test_create_role_trust_policy_too_long_is_refused(iam: Any, unique: Unique) -> None:
    trust = {**TRUST, "Id": "x" * 2_048}
    assert refusal(iam.create_role, RoleName=unique("Worker"), AssumeRolePolicyDocument=json.dumps(trust)) == (
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: 2048",
        409,
    )


def test_list_roles_pages_through_all_by_name(iam: Any, unique: Unique, until: Any) -> None:
    for name in ("c", "a", "b"):
        iam.create_role(RoleName=unique(name), Path=f"/{unique('p')}/", AssumeRolePolicyDocument=json.dumps(TRUST))

    def names() -> list[list[str]]:
        request = {"PathPrefix": f"/{unique('p')}/", "PaginationConfig": {"PageSize": 2}}
        pages = iam.get_paginator("list_roles").paginate(**request)
        return [[role["RoleName"] for role in page["Roles"]] for page in pages]

    until(lambda: names() == [[unique("a"), unique("b")], [unique("c")]], "the three roles in the list")


def test_update_role_changes_only_what_is_given(iam: Any, role: Any, unique: Unique) -> None:
    iam.update_role(RoleName=unique("Worker"), MaxSessionDuration=43200)
    iam.update_role_description(RoleName=unique("Worker"), Description="new")
    trust = {**TRUST, "Id": "second"}
    iam.update_assume_role_policy(RoleName=unique("Worker"), PolicyDocument=json.dumps(trust))
    got = iam.get_role(RoleName=unique("Worker"))["Role"]
    assert (got["MaxSessionDuration"], got["Description"], got["AssumeRolePolicyDocument"]) == (43200, "new", trust)


def test_tag_role_adds_replaces_and_removes(iam: Any, role: Any, unique: Unique) -> None:
    iam.tag_role(RoleName=unique("Worker"), Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.tag_role(RoleName=unique("Worker"), Tags=[{"Key": "a", "Value": "3"}])
    iam.untag_role(RoleName=unique("Worker"), TagKeys=["b", "c"])
    assert iam.list_role_tags(RoleName=unique("Worker"))["Tags"] == [{"Key": "a", "Value": "3"}]


def test_put_role_policy_replaces_the_one_of_that_name(iam: Any, role: Any, unique: Unique) -> None:
    iam.put_role_policy(RoleName=unique("Worker"), PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    second = {**ALLOW, "Id": "two"}
    iam.put_role_policy(RoleName=unique("Worker"), PolicyName="p", PolicyDocument=json.dumps(second))
    assert iam.list_role_policies(RoleName=unique("Worker"))["PolicyNames"] == ["p"]
    assert iam.get_role_policy(RoleName=unique("Worker"), PolicyName="p")["PolicyDocument"] == second
    iam.delete_role_policy(RoleName=unique("Worker"), PolicyName="p")
    assert refusal(iam.get_role_policy, RoleName=unique("Worker"), PolicyName="p") == (
        "NoSuchEntity",
        "The role policy with name p cannot be found.",
        404,
    )


def test_put_role_policy_malformed_is_refused(iam: Any, role: Any, unique: Unique) -> None:
    assert refusal(iam.put_role_policy, RoleName=unique("Worker"), PolicyName="p", PolicyDocument="{") == (
        "MalformedPolicyDocument",
        "Syntax errors in policy.",
        400,
    )


def test_put_role_policy_all_together_too_long_is_refused(iam: Any, role: Any, unique: Unique) -> None:
    big = {**ALLOW, "Id": "x" * 6_000}
    iam.put_role_policy(RoleName=unique("Worker"), PolicyName="p", PolicyDocument=json.dumps(big))
    assert refusal(iam.put_role_policy, RoleName=unique("Worker"), PolicyName="q", PolicyDocument=json.dumps(big)) == (
        "LimitExceeded",
        f"Maximum policy size of 10240 bytes exceeded for role {unique('Worker')}",
        409,
    )


def test_delete_role_with_policies_is_refused_until_they_are_gone(iam: Any, role: Any, unique: Unique) -> None:
    iam.attach_role_policy(RoleName=unique("Worker"), PolicyArn=SQS_FULL)
    iam.put_role_policy(RoleName=unique("Worker"), PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    assert refusal(iam.delete_role, RoleName=unique("Worker")) == (
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
        409,
    )
    iam.detach_role_policy(RoleName=unique("Worker"), PolicyArn=SQS_FULL)
    assert refusal(iam.delete_role, RoleName=unique("Worker"))[1] == "Cannot delete entity, must delete policies first."
    iam.delete_role_policy(RoleName=unique("Worker"), PolicyName="p")
    iam.delete_role(RoleName=unique("Worker"))
    assert refusal(iam.get_role, RoleName=unique("Worker"))[0] == "NoSuchEntity"


def test_create_role_answers_without_the_longest_session(iam: Any, role: Any, unique: Unique) -> None:
    assert "MaxSessionDuration" not in role
    assert "RoleLastUsed" not in role
    got = iam.get_role(RoleName=unique("Worker"))["Role"]
    assert (got["MaxSessionDuration"], got["RoleLastUsed"]) == (3600, {})


def test_effect_is_read_in_any_case(iam: Any, unique: Unique) -> None:
    trust = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Effect": "ALLOW"}]}
    iam.create_role(RoleName=unique("R"), AssumeRolePolicyDocument=json.dumps(trust))
    assert iam.get_role(RoleName=unique("R"))["Role"]["AssumeRolePolicyDocument"] == trust
