"""Goal: STS tells who calls, and gives credentials only to whom a role trusts, for as long as it may."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from onebox.testing import EngineThread


def trust(principal: Any, **members: Any) -> Any:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def session_client(engine: Any, service: Any, credentials: Any, token: Any = None) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=engine.endpoint_url,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=token or credentials["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def refusal(call: Any, **arguments: Any) -> Any:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


@pytest.fixture
def sts(client: Callable[..., Any]) -> Any:
    return client("sts", parameter_validation=False)


@pytest.fixture
def make_role(client: Callable[..., Any]) -> Any:
    def make(name: Any, trust_policy: Any, **members: Any) -> Any:
        role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy, **members)
        return role["Role"]["Arn"]

    return make


def test_get_caller_identity_of_plain_credentials_is_the_built_in_user(sts: Any, account: str) -> None:
    identity = sts.get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (account, f"arn:aws:iam::{account}:user/onebox")


def test_assume_role_across_accounts_needs_the_others_trust(sts: Any, onebox: EngineThread, account: str) -> None:
    other = onebox.client("iam", account="888888888888")
    role = f"Guest{account}"
    arn = other.create_role(RoleName=role, AssumeRolePolicyDocument=trust({"AWS": account}))["Role"]["Arn"]
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="visit")
    identity = session_client(onebox, "sts", answer["Credentials"]).get_caller_identity()
    assert identity["Account"] == "888888888888"


def test_assume_role_from_a_role_lasts_an_hour_at_most(
    sts: Any, account: str, make_role: Any, client: Callable[..., Any], onebox: EngineThread
) -> None:
    first = make_role("First", trust({"AWS": account}))
    second = make_role("Second", trust({"AWS": first}), MaxSessionDuration=7200)
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
    client("iam").put_role_policy(RoleName="First", PolicyName="p", PolicyDocument=json.dumps(allow))
    credentials = sts.assume_role(RoleArn=first, RoleSessionName="shift")["Credentials"]
    chained = session_client(onebox, "sts", credentials)
    code, message = refusal(chained.assume_role, RoleArn=second, RoleSessionName="shift", DurationSeconds=7200)
    assert (code, message.endswith("for roles assumed by role chaining")) == ("ValidationError", True)
    assert chained.assume_role(RoleArn=second, RoleSessionName="shift")["Credentials"]


def test_session_credentials_expire_and_say_so(timed: EngineThread) -> None:
    sts, iam = timed.client("sts", account="111111111111"), timed.client("iam", account="111111111111")
    role = iam.create_role(RoleName="Worker", AssumeRolePolicyDocument=trust({"AWS": "111111111111"}))
    credentials = sts.assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="shift", DurationSeconds=900)[
        "Credentials"
    ]
    session = session_client(timed, "sts", credentials)
    timed.clock.advance(899)
    assert session.get_caller_identity()["Account"] == "111111111111"
    timed.clock.advance(1)
    assert refusal(session.get_caller_identity) == (
        "ExpiredToken",
        "The security token included in the request is expired",
    )


def test_get_session_token_acts_as_the_account(
    sts: Any, account: str, onebox: EngineThread, client: Callable[..., Any]
) -> None:
    credentials = sts.get_session_token(DurationSeconds=900)["Credentials"]
    assert (
        session_client(onebox, "sts", credentials).get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/onebox"
    )
    assert session_client(onebox, "iam", credentials).list_roles()["Roles"] == []


def tags(**values: Any) -> Any:
    return [{"Key": key, "Value": value} for key, value in values.items()]


BOTH = ["sts:AssumeRole", "sts:TagSession"]


def test_transitive_session_tags_pass_on_and_cannot_be_set_again(
    sts: Any, account: str, make_role: Any, client: Callable[..., Any], onebox: EngineThread
) -> None:
    first = make_role("First", trust({"AWS": account}, Action=BOTH))
    second = make_role("Second", trust({"AWS": first}, Action=BOTH))
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
    client("iam").put_role_policy(RoleName="First", PolicyName="p", PolicyDocument=json.dumps(allow))
    tagged = {
        "Effect": "Allow",
        "Action": "sqs:CreateQueue",
        "Resource": "arn:aws:sqs:*:*:${aws:PrincipalTag/team}",
    }
    own = json.dumps({"Version": "2012-10-17", "Statement": [tagged]})
    client("iam").put_role_policy(RoleName="Second", PolicyName="p", PolicyDocument=own)
    credentials = sts.assume_role(
        RoleArn=first, RoleSessionName="shift", Tags=tags(team="blue", kept="no"), TransitiveTagKeys=["Team"]
    )["Credentials"]
    chained = session_client(onebox, "sts", credentials)
    assert refusal(chained.assume_role, RoleArn=second, RoleSessionName="next", Tags=tags(TEAM="red")) == (
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the"
        " calling session.",
    )
    last = chained.assume_role(RoleArn=second, RoleSessionName="next")["Credentials"]
    sqs = session_client(onebox, "sqs", last)
    assert sqs.create_queue(QueueName="blue")["QueueUrl"]
    assert refusal(sqs.create_queue, QueueName="red")[0] == "AccessDenied"


def test_federated_user_may_do_what_user_and_policy_both_allow(
    sts: Any, account: str, client: Callable[..., Any], onebox: EngineThread
) -> None:
    iam = client("iam")
    iam.create_user(UserName="Ann")
    own = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sqs:*", "sts:*"], "Resource": "*"}]}
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=json.dumps(own))
    ann = session_client(onebox, "sts", {**iam.create_access_key(UserName="Ann")["AccessKey"], "SessionToken": None})
    given = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    answer = ann.get_federation_token(Name="guest", Policy=json.dumps(given), DurationSeconds=900)
    arn = f"arn:aws:sts::{account}:federated-user/guest"
    assert answer["FederatedUser"] == {"Arn": arn, "FederatedUserId": f"{account}:guest"}
    assert session_client(onebox, "sts", answer["Credentials"]).get_caller_identity()["Arn"] == arn
    assert session_client(onebox, "sqs", answer["Credentials"]).create_queue(QueueName="q")["QueueUrl"]
    assert refusal(session_client(onebox, "sns", answer["Credentials"]).list_topics)[0] == "AuthorizationError"
    bare = ann.get_federation_token(Name="guest")
    assert bare["PackedPolicySize"] == 0
    assert refusal(session_client(onebox, "sqs", bare["Credentials"]).list_queues)[0] == "AccessDenied"
    again = session_client(onebox, "sts", bare["Credentials"])
    assert refusal(again.get_federation_token, Name="other")[0] == "AccessDenied"


def test_federated_user_of_plain_credentials_has_no_more_than_its_policy(sts: Any, onebox: EngineThread) -> None:
    bare = sts.get_federation_token(Name="guest")["Credentials"]
    assert refusal(session_client(onebox, "sqs", bare).list_queues)[0] == "AccessDenied"


def test_get_access_key_info_of_an_unknown_key_is_refused(sts: Any) -> None:
    assert refusal(sts.get_access_key_info, AccessKeyId="AKIAIOSFODNN7EXAMPLE")[0] == "ValidationError"


def test_a_user_that_the_role_names_needs_no_policy_of_its_own(
    sts: Any, account: str, make_role: Any, client: Callable[..., Any], onebox: EngineThread
) -> None:
    iam = client("iam")
    iam.create_user(UserName="Ann")
    ann = session_client(onebox, "sts", {**iam.create_access_key(UserName="Ann")["AccessKey"], "SessionToken": None})
    named = make_role("Named", trust({"AWS": f"arn:aws:iam::{account}:user/Ann"}))
    whole = make_role("Whole", trust({"AWS": account}))
    assert ann.assume_role(RoleArn=named, RoleSessionName="shift")["Credentials"]
    assert refusal(ann.assume_role, RoleArn=whole, RoleSessionName="shift")[0] == "AccessDenied"
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sts:*", "Resource": named}]}
    iam.put_user_policy(UserName="Ann", PolicyName="deny", PolicyDocument=json.dumps(deny))
    assert refusal(ann.assume_role, RoleArn=named, RoleSessionName="shift")[0] == "AccessDenied"


def test_a_user_that_the_role_does_not_name_is_refused(
    sts: Any, account: str, make_role: Any, client: Callable[..., Any], onebox: EngineThread
) -> None:
    iam = client("iam")
    iam.create_user(UserName="Ann")
    ann = session_client(onebox, "sts", {**iam.create_access_key(UserName="Ann")["AccessKey"], "SessionToken": None})
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=json.dumps(allow))
    bobs = make_role("Bobs", trust({"AWS": f"arn:aws:iam::{account}:user/Bob"}))
    assert refusal(ann.assume_role, RoleArn=bobs, RoleSessionName="shift")[0] == "AccessDenied"
