"""Goal: roles live and die as in IAM, with its errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

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
def role(iam: Any) -> Any:
    return iam.create_role(RoleName="Worker", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]


def refusal(call: Any, **arguments: Any) -> Any:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    error = raised.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


def test_create_role_with_everything_is_read_back(iam: Any, account: str) -> None:
    created = iam.create_role(
        RoleName="Worker",
        Path="/team/a/",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Description="works",
        MaxSessionDuration=7200,
        Tags=[{"Key": "team", "Value": "a"}],
    )["Role"]
    assert created["Arn"] == f"arn:aws:iam::{account}:role/team/a/Worker"
    assert created["RoleId"].startswith("AROA")
    got = iam.get_role(RoleName="Worker")["Role"]
    assert got["AssumeRolePolicyDocument"] == TRUST
    assert (got["Path"], got["Description"], got["MaxSessionDuration"]) == ("/team/a/", "works", 7200)
    assert got["Tags"] == [{"Key": "team", "Value": "a"}]


def test_create_role_name_taken_in_other_case_is_refused(iam: Any, role: Any) -> None:
    assert refusal(iam.create_role, RoleName="WORKER", AssumeRolePolicyDocument=json.dumps(TRUST)) == (
        "EntityAlreadyExists",
        "Role with name WORKER already exists.",
        409,
    )


def test_get_role_missing_is_refused(iam: Any) -> None:
    assert refusal(iam.get_role, RoleName="Nobody") == (
        "NoSuchEntity",
        "The role with name Nobody cannot be found.",
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
def test_create_role_invalid_parameter_is_refused(iam: Any, change: Any, code: Any) -> None:
    arguments = {"RoleName": "Worker", "AssumeRolePolicyDocument": json.dumps(TRUST), **change}
    assert refusal(iam.create_role, **arguments)[0] == code


def test_create_role_trust_policy_too_long_is_refused(iam: Any) -> None:
    trust = {**TRUST, "Id": "x" * 2_048}
    assert refusal(iam.create_role, RoleName="Worker", AssumeRolePolicyDocument=json.dumps(trust)) == (
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: 2048",
        409,
    )


def test_list_roles_pages_through_all_by_name(iam: Any) -> None:
    for name in ("c", "a", "b"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    names = [[role["RoleName"] for role in page["Roles"]] for page in pages]
    assert names == [["a", "b"], ["c"]]


def test_update_role_changes_only_what_is_given(iam: Any, role: Any) -> None:
    iam.update_role(RoleName="Worker", MaxSessionDuration=43200)
    iam.update_role_description(RoleName="Worker", Description="new")
    trust = {**TRUST, "Id": "second"}
    iam.update_assume_role_policy(RoleName="Worker", PolicyDocument=json.dumps(trust))
    got = iam.get_role(RoleName="Worker")["Role"]
    assert (got["MaxSessionDuration"], got["Description"], got["AssumeRolePolicyDocument"]) == (43200, "new", trust)


def test_tag_role_adds_replaces_and_removes(iam: Any, role: Any) -> None:
    iam.tag_role(RoleName="Worker", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.tag_role(RoleName="Worker", Tags=[{"Key": "a", "Value": "3"}])
    iam.untag_role(RoleName="Worker", TagKeys=["b", "c"])
    assert iam.list_role_tags(RoleName="Worker")["Tags"] == [{"Key": "a", "Value": "3"}]


def test_put_role_policy_replaces_the_one_of_that_name(iam: Any, role: Any) -> None:
    iam.put_role_policy(RoleName="Worker", PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    second = {**ALLOW, "Id": "two"}
    iam.put_role_policy(RoleName="Worker", PolicyName="p", PolicyDocument=json.dumps(second))
    assert iam.list_role_policies(RoleName="Worker")["PolicyNames"] == ["p"]
    assert iam.get_role_policy(RoleName="Worker", PolicyName="p")["PolicyDocument"] == second
    iam.delete_role_policy(RoleName="Worker", PolicyName="p")
    assert refusal(iam.get_role_policy, RoleName="Worker", PolicyName="p") == (
        "NoSuchEntity",
        "The role policy with name p cannot be found.",
        404,
    )


def test_put_role_policy_malformed_is_refused(iam: Any, role: Any) -> None:
    assert refusal(iam.put_role_policy, RoleName="Worker", PolicyName="p", PolicyDocument="{") == (
        "MalformedPolicyDocument",
        "Syntax errors in policy.",
        400,
    )


def test_put_role_policy_all_together_too_long_is_refused(iam: Any, role: Any) -> None:
    big = {**ALLOW, "Id": "x" * 6_000}
    iam.put_role_policy(RoleName="Worker", PolicyName="p", PolicyDocument=json.dumps(big))
    assert refusal(iam.put_role_policy, RoleName="Worker", PolicyName="q", PolicyDocument=json.dumps(big)) == (
        "LimitExceeded",
        "Maximum policy size of 10240 bytes exceeded for role Worker",
        409,
    )


def test_delete_role_with_policies_is_refused_until_they_are_gone(iam: Any, role: Any) -> None:
    iam.attach_role_policy(RoleName="Worker", PolicyArn=SQS_FULL)
    iam.put_role_policy(RoleName="Worker", PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    assert refusal(iam.delete_role, RoleName="Worker") == (
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
        409,
    )
    iam.detach_role_policy(RoleName="Worker", PolicyArn=SQS_FULL)
    assert refusal(iam.delete_role, RoleName="Worker")[1] == "Cannot delete entity, must delete policies first."
    iam.delete_role_policy(RoleName="Worker", PolicyName="p")
    iam.delete_role(RoleName="Worker")
    assert refusal(iam.get_role, RoleName="Worker")[0] == "NoSuchEntity"


def test_create_role_answers_without_the_longest_session(iam: Any, role: Any) -> None:
    assert "MaxSessionDuration" not in role
    assert "RoleLastUsed" not in role
    got = iam.get_role(RoleName="Worker")["Role"]
    assert (got["MaxSessionDuration"], got["RoleLastUsed"]) == (3600, {})
    assert iam.list_roles()["Roles"][0]["MaxSessionDuration"] == 3600


def test_effect_is_read_in_any_case(iam: Any) -> None:
    trust = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Effect": "ALLOW"}]}
    iam.create_role(RoleName="R", AssumeRolePolicyDocument=json.dumps(trust))
    assert iam.get_role(RoleName="R")["Role"]["AssumeRolePolicyDocument"] == trust
