"""Goal: a user's key opens exactly what the user's policies, groups and boundary allow, as long as it lives."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from onebox.testing import EngineThread
from tests.api.iam_support import document, key_client, refused, trust
from tests.api.test_onebox_serve import serving

INVALID = "The security token included in the request is invalid."


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam")


class Ann:
    """The user Ann's key, and clients made with it."""

    def __init__(self, iam: Any, onebox: EngineThread) -> None:
        iam.create_user(UserName="Ann")
        self._onebox = onebox
        self.key: dict[str, Any] = iam.create_access_key(UserName="Ann")["AccessKey"]

    def __call__(self, service: str) -> Any:
        return key_client(self._onebox, service, self.key)


@pytest.fixture
def ann(iam: Any, onebox: EngineThread) -> Ann:
    return Ann(iam, onebox)


def test_a_key_acts_as_its_user(ann: Ann, iam: Any, account: str) -> None:
    assert ann("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/Ann"
    assert ann.key["AccessKeyId"].startswith("AKIA")
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("iam:GetUser"))
    assert ann("iam").get_user()["User"]["UserName"] == "Ann"


def test_user_policies_are_enforced_from_the_next_request(ann: Ann, iam: Any, account: str) -> None:
    sqs = ann("sqs")
    assert refused(sqs.create_queue, QueueName="q")[:2] == (
        "AccessDenied",
        f"User: arn:aws:iam::{account}:user/Ann is not authorized to perform: sqs:CreateQueue on resource:"
        f" arn:aws:sqs:us-east-1:{account}:q because no identity-based policy allows the sqs:CreateQueue action",
    )
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("sqs:*"))
    assert sqs.create_queue(QueueName="q")["QueueUrl"]
    iam.delete_user_policy(UserName="Ann", PolicyName="p")
    assert refused(sqs.create_queue, QueueName="r")[0] == "AccessDenied"


def test_policies_of_groups_count_while_the_user_is_in(ann: Ann, iam: Any) -> None:
    iam.create_group(GroupName="Devs")
    iam.put_group_policy(GroupName="Devs", PolicyName="p", PolicyDocument=document("sqs:*"))
    iam.add_user_to_group(GroupName="Devs", UserName="Ann")
    assert ann("sqs").create_queue(QueueName="q")["QueueUrl"]
    iam.remove_user_from_group(GroupName="Devs", UserName="Ann")
    assert refused(ann("sqs").create_queue, QueueName="r")[0] == "AccessDenied"


def test_boundary_bounds_the_user(ann: Ann, iam: Any) -> None:
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("*"))
    bound = iam.create_policy(PolicyName="Bound", PolicyDocument=document("sns:*"))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="Ann", PermissionsBoundary=bound)
    assert "because no permissions boundary allows" in refused(ann("sqs").list_queues)[1]
    assert ann("sns").list_topics()["Topics"] == []


def test_policy_variables_name_the_user_and_its_tags(ann: Ann, iam: Any) -> None:
    iam.put_user_policy(
        UserName="Ann",
        PolicyName="p",
        PolicyDocument=document(
            "sqs:CreateQueue", ["arn:aws:sqs:*:*:${aws:username}-*", "arn:aws:sqs:*:*:${aws:PrincipalTag/team}"]
        ),
    )
    sqs = ann("sqs")
    assert sqs.create_queue(QueueName="Ann-1")["QueueUrl"]
    assert refused(sqs.create_queue, QueueName="Bob-1")[0] == "AccessDenied"
    assert refused(sqs.create_queue, QueueName="blue")[0] == "AccessDenied"
    iam.tag_user(UserName="Ann", Tags=[{"Key": "team", "Value": "blue"}])
    assert sqs.create_queue(QueueName="blue")["QueueUrl"]


def test_deleted_and_inactive_keys_are_refused(ann: Ann, iam: Any) -> None:
    key_id = ann.key["AccessKeyId"]
    sts = ann("sts")
    iam.update_access_key(UserName="Ann", AccessKeyId=key_id, Status="Inactive")
    assert refused(sts.get_caller_identity) == ("InvalidClientTokenId", INVALID, 403)
    iam.update_access_key(UserName="Ann", AccessKeyId=key_id, Status="Active")
    assert sts.get_caller_identity()["Arn"]
    iam.delete_access_key(UserName="Ann", AccessKeyId=key_id)
    assert refused(sts.get_caller_identity) == ("InvalidClientTokenId", INVALID, 403)


def test_wrong_secret_is_refused(ann: Ann, onebox: EngineThread) -> None:
    forged = key_client(onebox, "sts", {**ann.key, "SecretAccessKey": "guess"})
    assert refused(forged.get_caller_identity)[0] == "SignatureDoesNotMatch"
    forged = key_client(onebox, "dynamodb", {**ann.key, "SecretAccessKey": "guess"})
    assert refused(forged.list_tables)[0] == "InvalidSignatureException"


def test_two_keys_at_most_and_their_last_use(ann: Ann, iam: Any) -> None:
    second = iam.create_access_key(UserName="Ann")["AccessKey"]["AccessKeyId"]
    assert refused(iam.create_access_key, UserName="Ann") == (
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
        409,
    )
    listed = iam.list_access_keys(UserName="Ann")["AccessKeyMetadata"]
    assert {key["AccessKeyId"]: key["Status"] for key in listed} == {
        ann.key["AccessKeyId"]: "Active",
        second: "Active",
    }
    assert "SecretAccessKey" not in listed[0]
    unused = iam.get_access_key_last_used(AccessKeyId=second)
    assert (unused["UserName"], unused["AccessKeyLastUsed"]) == ("Ann", {"ServiceName": "N/A", "Region": "N/A"})
    ann("sts").get_caller_identity()
    used = iam.get_access_key_last_used(AccessKeyId=ann.key["AccessKeyId"])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", "us-east-1")
    assert used["LastUsedDate"]


def test_own_keys_need_no_name(ann: Ann, iam: Any) -> None:
    iam.put_user_policy(
        UserName="Ann",
        PolicyName="p",
        PolicyDocument=document("iam:*AccessKey*", "arn:aws:iam::*:user/${aws:username}"),
    )
    own = ann("iam")
    assert own.create_access_key()["AccessKey"]["UserName"] == "Ann"
    assert len(own.list_access_keys()["AccessKeyMetadata"]) == 2
    assert refused(own.create_access_key, UserName="Bob")[0] == "AccessDenied"


def test_get_user_without_a_name_by_a_role_is_refused(
    iam: Any, client: Callable[..., Any], onebox: EngineThread, account: str
) -> None:
    role = iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust({"AWS": account}))["Role"]["Arn"]
    iam.put_role_policy(RoleName="R", PolicyName="p", PolicyDocument=document("*"))
    credentials = client("sts").assume_role(RoleArn=role, RoleSessionName="shift")["Credentials"]
    assert refused(key_client(onebox, "iam", credentials).get_user) == (
        "ValidationError",
        "Must specify userName when calling with non-User credentials",
        400,
    )


def test_a_user_made_anew_has_none_of_the_old_rights(ann: Ann, iam: Any, onebox: EngineThread) -> None:
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("sqs:*"))
    session = ann("sts").get_session_token()["Credentials"]
    assert key_client(onebox, "sqs", session).create_queue(QueueName="q")["QueueUrl"]
    iam.delete_user_policy(UserName="Ann", PolicyName="p")
    iam.delete_access_key(UserName="Ann", AccessKeyId=ann.key["AccessKeyId"])
    iam.delete_user(UserName="Ann")
    iam.create_user(UserName="Ann")
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("*"))
    assert refused(key_client(onebox, "sqs", session).list_queues)[:2] == ("InvalidClientTokenId", INVALID)
    assert refused(ann("sqs").list_queues)[0] == "InvalidClientTokenId"


def test_users_keys_and_policies_survive_sigkill(tmp_path: Path) -> None:
    plain: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    with serving("--data", str(tmp_path)) as (process, url):
        iam = boto3.client("iam", endpoint_url=url, **plain)
        iam.create_user(UserName="Ann")
        key = iam.create_access_key(UserName="Ann")["AccessKey"]
        iam.create_group(GroupName="g")
        iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=document("sqs:*"))
        iam.add_user_to_group(GroupName="g", UserName="Ann")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with EngineThread(tmp_path, credentials_required=True) as engine:
        assert key_client(engine, "sqs", key).create_queue(QueueName="q")["QueueUrl"]
        assert refused(key_client(engine, "sns", key).list_topics)[0] == "AuthorizationError"
