"""Goal: conditions on IAM's own keys and on the global ones decide over real requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.iam_support import PolicyUser, document, key_client, refused, trust

SQS_FULL = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam")


@pytest.fixture
def ann(iam: Any, onebox: EngineThread) -> PolicyUser:
    return PolicyUser(iam, onebox)


def allow(action: Any, condition: Any = None, effect: Any = "Allow", resource: Any = "*") -> Any:
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def test_policy_arn_limits_what_may_be_attached(ann: PolicyUser, iam: Any) -> None:
    ann.may(allow("iam:*"), allow("iam:Attach*", {"ArnEquals": {"iam:PolicyARN": ADMIN}}, "Deny"))
    own = ann("iam")
    assert refused(own.attach_user_policy, UserName="Ann", PolicyArn=ADMIN)[0] == "AccessDenied"
    own.attach_user_policy(UserName="Ann", PolicyArn=SQS_FULL)


def test_permissions_boundary_must_be_given(ann: PolicyUser, iam: Any) -> None:
    ann.may(allow("iam:CreateUser", {"StringEquals": {"iam:PermissionsBoundary": SQS_FULL}}))
    own = ann("iam")
    assert refused(own.create_user, UserName="Bob")[0] == "AccessDenied"
    assert refused(own.create_user, UserName="Bob", PermissionsBoundary=ADMIN)[0] == "AccessDenied"
    assert own.create_user(UserName="Bob", PermissionsBoundary=SQS_FULL)["User"]


def test_boundary_of_the_changed_entity_counts_too(ann: PolicyUser, iam: Any) -> None:
    iam.create_user(UserName="Bob")
    iam.create_user(UserName="Cid", PermissionsBoundary=SQS_FULL)
    ann.may(allow("iam:PutUserPolicy", {"StringEquals": {"iam:PermissionsBoundary": SQS_FULL}}))
    own = ann("iam")
    assert refused(own.put_user_policy, UserName="Bob", PolicyName="p", PolicyDocument=document())[0] == (
        "AccessDenied"
    )
    own.put_user_policy(UserName="Cid", PolicyName="p", PolicyDocument=document())


def test_tags_of_request_and_resource_decide(ann: PolicyUser, iam: Any) -> None:
    ann.may(
        allow(
            "iam:TagUser",
            {
                "StringEquals": {"aws:ResourceTag/team": "a", "aws:RequestTag/cost": "1"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]},
            },
        )
    )
    iam.create_user(UserName="Mine", Tags=[{"Key": "team", "Value": "a"}])
    iam.create_user(UserName="Other", Tags=[{"Key": "team", "Value": "b"}])
    own, cost = ann("iam"), {"Key": "cost", "Value": "1"}
    own.tag_user(UserName="Mine", Tags=[cost])
    assert refused(own.tag_user, UserName="Other", Tags=[cost])[0] == "AccessDenied"
    assert refused(own.tag_user, UserName="Mine", Tags=[cost, {"Key": "x", "Value": "1"}])[0] == "AccessDenied"
    assert refused(own.tag_user, UserName="Mine", Tags=[{"Key": "cost", "Value": "2"}])[0] == "AccessDenied"


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"StringEquals": {"aws:username": "Ann"}}, True),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, False),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"Null": {"aws:TokenIssueTime": "true"}}, True),
        ({"Bool": {"aws:ViaAWSService": "false"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}, False),
    ],
)
def test_global_keys_of_a_users_own_request(ann: PolicyUser, condition: Any, allowed: Any) -> None:
    ann.may(allow("sqs:ListQueues", condition))
    if allowed:
        ann("sqs").list_queues()
    else:
        assert refused(ann("sqs").list_queues)[0] == "AccessDenied"


def test_a_policy_that_denies_unencrypted_requests_lets_this_machine_in(ann: PolicyUser) -> None:
    ann.may(allow("sqs:*"), allow("*", {"Bool": {"aws:SecureTransport": "false"}}, "Deny"))
    ann("sqs").list_queues()


def test_sessions_issued_before_a_moment_can_be_ended(
    client: Callable[..., Any], onebox: EngineThread, account: str, iam: Any
) -> None:
    role = iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust({"AWS": account}))["Role"]["Arn"]
    iam.put_role_policy(RoleName="R", PolicyName="p", PolicyDocument=document("sqs:*"))
    session = client("sts").assume_role(RoleArn=role, RoleSessionName="shift")["Credentials"]
    sqs = key_client(onebox, "sqs", session)
    sqs.list_queues()
    revoke = {"DateLessThan": {"aws:TokenIssueTime": "2999-01-01T00:00:00Z"}}
    iam.put_role_policy(
        RoleName="R", PolicyName="revoke", PolicyDocument=document("*", effect="Deny", Condition=revoke)
    )
    assert refused(sqs.list_queues)[0] == "AccessDenied"


HOSTILE = ["[" * 3_000, "{", "", "[]", "null", '{"Version": 1}', '{"Statement": ' + "[" * 200, '{"a":' * 500]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(
    ("operation", "member", "others"),
    [
        ("create_role", "AssumeRolePolicyDocument", {"RoleName": "New"}),
        ("update_assume_role_policy", "PolicyDocument", {"RoleName": "R"}),
        ("put_role_policy", "PolicyDocument", {"RoleName": "R", "PolicyName": "p"}),
        ("put_user_policy", "PolicyDocument", {"UserName": "U", "PolicyName": "p"}),
        ("create_policy", "PolicyDocument", {"PolicyName": "New"}),
        ("create_policy_version", "PolicyDocument", {}),
    ],
)
def test_document_that_is_no_policy_is_refused(
    client: Callable[..., Any], account: str, iam: Any, operation: Any, member: Any, others: Any, text: Any
) -> None:
    iam = client("iam", parameter_validation=False)
    iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust({"AWS": account}))
    iam.create_user(UserName="U")
    if operation == "create_policy_version":
        others = {"PolicyArn": iam.create_policy(PolicyName="P", PolicyDocument=document())["Policy"]["Arn"]}
    code, _, status = refused(getattr(iam, operation), **others, **{member: text})
    assert (code in ("MalformedPolicyDocument", "ValidationError"), status) == (True, 400)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("member", ["PolicyInputList", "PermissionsBoundaryPolicyInputList", "ResourcePolicy"])
def test_simulator_refuses_what_is_no_policy(client: Callable[..., Any], member: Any, text: Any) -> None:
    iam = client("iam", parameter_validation=False)
    question = {"ActionNames": ["sqs:SendMessage"], "PolicyInputList": [document()]}
    question[member] = text if member == "ResourcePolicy" else [text]
    code, _, status = refused(iam.simulate_custom_policy, **question)
    assert (code in ("InvalidInput", "ValidationError"), status) == (True, 400)


def test_simulator_works_for_users_with_the_policies_of_their_groups(iam: Any) -> None:
    user = iam.create_user(UserName="Ann")["User"]["Arn"]
    iam.create_group(GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=document("sqs:*"))
    iam.add_user_to_group(GroupName="g", UserName="Ann")
    (result,) = iam.simulate_principal_policy(PolicySourceArn=user, ActionNames=["sqs:SendMessage"])[
        "EvaluationResults"
    ]
    assert result["EvalDecision"] == "allowed"
    assert result["MatchedStatements"] == [{"SourcePolicyId": "group_g_p", "SourcePolicyType": "group"}]


def test_simulator_pages(iam: Any) -> None:
    question = {"PolicyInputList": [document()], "ActionNames": [f"sqs:A{number}" for number in range(5)]}
    pages = iam.get_paginator("simulate_custom_policy").paginate(**question, PaginationConfig={"PageSize": 2})
    counts = [len(page["EvaluationResults"]) for page in pages]
    assert counts == [2, 2, 1]
    assert refused(iam.simulate_custom_policy, **question, Marker="x")[0] == "ValidationError"
