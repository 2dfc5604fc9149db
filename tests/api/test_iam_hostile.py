"""Goal: policies, simulations and lists as large as IAM allows are answered, and delay nobody.

The work on the loop is measured in processor time of its turns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.iam_support import document, key_client, refused
from tests.stalls.accounts import long_policy, user_of_many_policies
from tests.stalls.loop import loop_turns

TURN_S_MAX = 0.1


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as engine:
        yield engine


@pytest.fixture
def iam(engine: EngineThread) -> Any:
    return engine.client("iam", parameter_validation=False)


def test_a_user_of_many_policies_delays_nobody(engine: EngineThread, iam: Any) -> None:
    s3 = key_client(engine, "s3", user_of_many_policies(iam))
    refused(s3.get_object, Bucket="absent", Key="first")
    iam.create_user(UserName="other")  # every policy is read again
    with loop_turns(engine) as turns:
        code, message, _ = refused(s3.get_object, Bucket="absent", Key="k" * 900)
    assert code == "AccessDenied"
    assert "no identity-based policy allows the s3:GetObject action" in message
    assert max(turns) < TURN_S_MAX
    iam.put_user_policy(UserName="many", PolicyName="all", PolicyDocument=document("s3:*"))
    assert refused(s3.get_object, Bucket="absent", Key="k")[0] == "NoSuchBucket"


def test_pairs_to_simulate_are_not_made_before_their_page(engine: EngineThread, iam: Any) -> None:
    asked = {"ActionNames": ["s3:Get"] * 1_500, "ResourceArns": ["arn:aws:s3:::b", *["arn:aws:s3:::c"] * 1_499]}
    with loop_turns(engine) as turns:
        answer = iam.simulate_custom_policy(PolicyInputList=[document("s3:*")], MaxItems=2, **asked)
    assert [result["EvalResourceName"][-1] for result in answer["EvaluationResults"]] == ["b", "c"]
    assert answer["IsTruncated"]
    assert max(turns) < TURN_S_MAX
    last = iam.simulate_custom_policy(
        PolicyInputList=[document("s3:*")], ActionNames=["a:a", "s3:b"], ResourceArns=["*", "arn:aws:s3:::b"]
    )
    decisions = [(one["EvalActionName"], one["EvalDecision"]) for one in last["EvaluationResults"]]
    assert decisions == [("a:a", "implicitDeny")] * 2 + [("s3:b", "allowed")] * 2


def test_a_simulation_of_too_many_comparisons_is_refused(iam: Any) -> None:
    policy = document("s3:*", Condition={"StringLike": {"aws:x": ["*a*b*c"] * 1_000}})
    context = {"ContextKeyName": "aws:x", "ContextKeyType": "stringList", "ContextKeyValues": ["abc" * 30] * 1_000}
    code, message, _ = refused(
        iam.simulate_custom_policy, PolicyInputList=[policy], ActionNames=["s3:Get"], ContextEntries=[context]
    )
    assert code == "InvalidInput"
    assert "at most 500000" in message


def test_tags_beyond_their_number_cost_linear_time(engine: EngineThread, iam: Any) -> None:
    tags = [{"Key": f"k{number}", "Value": ""} for number in range(10_000)]
    with loop_turns(engine) as turns:
        assert refused(iam.create_user, UserName="tagged", Tags=tags)[0] == "LimitExceeded"
    assert max(turns) < 3 * TURN_S_MAX
    twice = [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]
    assert refused(iam.create_user, UserName="tagged", Tags=twice)[0] == "InvalidInput"


def test_lists_of_policies_count_who_has_them(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="counted", PolicyDocument=long_policy(0))["Policy"]["Arn"]
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="bounded", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}), PermissionsBoundary=arn
    )
    iam.create_user(UserName="bounded", PermissionsBoundary=arn)
    iam.attach_user_policy(UserName="bounded", PolicyArn=arn)
    wanted = (1, 2)
    for answer in (
        iam.list_policies(Scope="Local", OnlyAttached=True, PolicyUsageFilter="PermissionsBoundary")["Policies"],
        [iam.get_policy(PolicyArn=arn)["Policy"]],
    ):
        (policy,) = [one for one in answer if one["PolicyName"] == "counted"]
        assert (policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]) == wanted
