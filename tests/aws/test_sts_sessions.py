"""Goal: STS tells who calls, and gives credentials only to whom a role trusts, for as long as it may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.support import Unique, refusal, trust


@pytest.fixture
def sts(client: Callable[..., Any]) -> Any:
    return client("sts", parameter_validation=False)


@pytest.fixture
def make_role(client: Callable[..., Any], unique: Unique) -> Any:
    def make(name: Any, trust_policy: Any, **members: Any) -> Any:
        role = client("iam").create_role(RoleName=unique(name), AssumeRolePolicyDocument=trust_policy, **members)
        return role["Role"]["Arn"]

    return make


def assumed(sts: Any, **request: Any) -> Any:
    """The answer of AssumeRole; None while the role is new and not known everywhere."""
    try:
        return sts.assume_role(RoleSessionName="shift", **request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return None


def test_assume_role_trusted_account_gets_credentials_that_work(
    sts: Any, account: str, make_role: Any, session_client: Any, unique: Unique, until: Any
) -> None:
    arn = make_role("Worker", trust({"AWS": f"arn:aws:iam::{account}:root"}))
    answer = until(lambda: assumed(sts, RoleArn=arn), "the role to be assumable")
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account}:assumed-role/{unique('Worker')}/shift"
    identity = session_client("sts", answer["Credentials"]).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]


def test_assume_role_not_trusted_is_refused(sts: Any, account: str, make_role: Any) -> None:
    arn = make_role("Worker", trust({"Service": "lambda.amazonaws.com"}))
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="shift") == (
        "AccessDenied",
        f"User: {sts.get_caller_identity()['Arn']} is not authorized to perform: sts:AssumeRole on resource: {arn}",
    )


def test_assume_role_missing_role_is_refused_alike(sts: Any, account: str, unique: Unique) -> None:
    arn = f"arn:aws:iam::{account}:role/{unique('Nobody')}"
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="shift")[0] == "AccessDenied"


def test_assume_role_external_id_must_be_the_one_asked_for(sts: Any, account: str, make_role: Any, until: Any) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    arn = make_role("Worker", trust({"AWS": account}, Condition=condition))
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="shift")[0] == "AccessDenied"
    until(lambda: assumed(sts, RoleArn=arn, ExternalId="secret"), "the role to be assumable")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"RoleSessionName": "x"}, "ValidationError"),
        ({"RoleSessionName": "a b"}, "ValidationError"),
        ({"DurationSeconds": 899}, "ValidationError"),
        ({"DurationSeconds": 43201}, "ValidationError"),
        ({"DurationSeconds": 3601}, "ValidationError"),
        ({"RoleArn": "nonsense-nonsense-nonsense"}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/Nothing"}]}, "MalformedPolicyDocument"),
    ],
)
def test_assume_role_invalid_parameter_is_refused(
    sts: Any, account: str, make_role: Any, change: Any, code: Any
) -> None:
    arn = make_role("Worker", trust({"AWS": account}))
    assert refusal(sts.assume_role, **{"RoleArn": arn, "RoleSessionName": "shift", **change})[0] == code


def test_assume_role_longer_session_is_given_where_the_role_allows(
    sts: Any, account: str, make_role: Any, until: Any
) -> None:
    arn = make_role("Worker", trust({"AWS": account}), MaxSessionDuration=7200)
    until(lambda: assumed(sts, RoleArn=arn, DurationSeconds=7200), "the role to be assumable for two hours")


def test_session_with_wrong_token_or_secret_is_refused(
    sts: Any, account: str, make_role: Any, session_client: Any, until: Any
) -> None:
    arn = make_role("Worker", trust({"AWS": account}))
    credentials = until(lambda: assumed(sts, RoleArn=arn), "the role to be assumable")["Credentials"]
    stranger = session_client("sts", {**credentials, "SessionToken": "other"})
    assert refusal(stranger.get_caller_identity)[0] == "InvalidClientTokenId"
    forged = session_client("sts", {**credentials, "SecretAccessKey": "guess"})
    assert refusal(forged.get_caller_identity)[0] == "SignatureDoesNotMatch"


def test_get_access_key_info_tells_the_account(sts: Any, account: str, make_role: Any, until: Any) -> None:
    arn = make_role("Worker", trust({"AWS": account}))
    key = until(lambda: assumed(sts, RoleArn=arn), "the role to be assumable")["Credentials"]["AccessKeyId"]
    assert sts.get_access_key_info(AccessKeyId=key)["Account"] == account


@pytest.mark.parametrize(
    "arn",
    [
        "arn::b:::something/role",
        "arn:a::::something/role",
        "arn:a:a::aaaaaaaaaa:",
        "arn:aws:iam::role/x-x-x-x",
        "nonsense-nonsense-nonsense",
    ],
)
def test_assume_role_judges_the_arn_before_any_right(sts: Any, arn: Any) -> None:
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="shift") == ("ValidationError", f"{arn} is invalid")


def tags(**values: Any) -> Any:
    return [{"Key": key, "Value": value} for key, value in values.items()]


BOTH = ["sts:AssumeRole", "sts:TagSession"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"Tags": tags(team="a"), "TransitiveTagKeys": ["other"]},
            "The specified transitive tag key must be included in the requested tags.",
        ),
        (
            {"Tags": [*tags(team="a"), *tags(TEAM="b")]},
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
    ],
)
def test_session_tags_that_contradict_each_other_are_refused(
    sts: Any, account: str, make_role: Any, change: Any, message: Any
) -> None:
    arn = make_role("Worker", trust({"AWS": account}, Action=BOTH))
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="shift", **change) == (
        "InvalidParameterValue",
        message,
    )


def test_session_tags_need_the_roles_trust(sts: Any, account: str, make_role: Any, until: Any) -> None:
    arn = make_role("Worker", trust({"AWS": account}))
    until(lambda: assumed(sts, RoleArn=arn), "the role to be assumable")
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="shift", Tags=tags(a="b")) == (
        "AccessDenied",
        f"User: {sts.get_caller_identity()['Arn']} is not authorized to perform: sts:TagSession on resource: {arn}",
    )


def test_source_identity_needs_trust_and_passes_on(sts: Any, account: str, make_role: Any, until: Any) -> None:
    plain = make_role("Plain", trust({"AWS": account}))
    until(lambda: assumed(sts, RoleArn=plain), "the role to be assumable")
    caller = sts.get_caller_identity()["Arn"]
    assert refusal(sts.assume_role, RoleArn=plain, RoleSessionName="shift", SourceIdentity="ann") == (
        "AccessDenied",
        f"User: {caller} is not authorized to perform: sts:SetSourceIdentity on resource: {plain}",
    )
    arn = make_role("Worker", trust({"AWS": account}, Action=["sts:AssumeRole", "sts:SetSourceIdentity"]))
    answer = until(lambda: assumed(sts, RoleArn=arn, SourceIdentity="ann"), "the role to be assumable")
    assert answer["SourceIdentity"] == "ann"
