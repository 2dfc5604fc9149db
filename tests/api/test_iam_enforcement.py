"""Goal: credentials of a role may do exactly what its policies say, from the next request on, in AWS's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from onebox.testing import EngineThread


def trust(account: str) -> Any:
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def document(action: Any, resource: Any = "*", effect: Any = "Allow", **members: Any) -> Any:
    statement = {"Effect": effect, "Action": action, "Resource": resource, **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def iam(client: Callable[..., Any], account: str) -> Any:
    iam = client("iam")
    iam.create_role(RoleName="Worker", AssumeRolePolicyDocument=trust(account))
    return iam


@pytest.fixture
def as_role(client: Callable[..., Any], onebox: EngineThread, account: str, iam: Any) -> Any:
    """Makes clients with fresh credentials of the role Worker; ``session`` are further members of AssumeRole."""

    def make(service: Any, **session: Any) -> Any:
        credentials = client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/Worker", RoleSessionName="shift", **session
        )["Credentials"]
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=onebox.endpoint_url,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    return make


def denial(call: Any, **arguments: Any) -> Any:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Message"]


def test_role_without_policies_is_denied_in_aws_words(as_role: Any, client: Callable[..., Any], account: str) -> None:
    topic = client("sns").create_topic(Name="T")["TopicArn"]
    assert denial(as_role("sns").publish, TopicArn=topic, Message="m") == (
        f"User: arn:aws:sts::{account}:assumed-role/Worker/shift is not authorized to perform: SNS:Publish on"
        f" resource: {topic} because no identity-based policy allows the SNS:Publish action"
    )


def test_role_policy_change_counts_from_the_next_request(as_role: Any, client: Callable[..., Any], iam: Any) -> None:
    topic = client("sns").create_topic(Name="T")["TopicArn"]
    sns = as_role("sns")
    iam.put_role_policy(RoleName="Worker", PolicyName="p", PolicyDocument=document("sns:Publish", topic))
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]
    iam.put_role_policy(RoleName="Worker", PolicyName="deny", PolicyDocument=document("sns:*", effect="Deny"))
    assert denial(sns.publish, TopicArn=topic, Message="m").endswith(
        "with an explicit deny in an identity-based policy"
    )
    iam.delete_role_policy(RoleName="Worker", PolicyName="deny")
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]
    iam.delete_role_policy(RoleName="Worker", PolicyName="p")
    assert "no identity-based policy allows" in denial(sns.publish, TopicArn=topic, Message="m")


def test_new_default_version_of_an_attached_policy_counts_at_once(
    as_role: Any, client: Callable[..., Any], iam: Any
) -> None:
    topic = client("sns").create_topic(Name="T")["TopicArn"]
    arn = iam.create_policy(PolicyName="P", PolicyDocument=document("sqs:*"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="Worker", PolicyArn=arn)
    sns = as_role("sns")
    denial(sns.publish, TopicArn=topic, Message="m")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("sns:*"), SetAsDefault=True)
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]


def test_resource_and_condition_narrow_what_is_allowed(as_role: Any, client: Callable[..., Any], iam: Any) -> None:
    allowed, other = (client("sns").create_topic(Name=name)["TopicArn"] for name in ("Allowed", "Other"))
    here = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    elsewhere = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    iam.put_role_policy(
        RoleName="Worker", PolicyName="p", PolicyDocument=document("sns:Publish", allowed, Condition=here)
    )
    sns = as_role("sns")
    assert sns.publish(TopicArn=allowed, Message="m")["MessageId"]
    denial(sns.publish, TopicArn=other, Message="m")
    iam.put_role_policy(
        RoleName="Worker", PolicyName="p", PolicyDocument=document("sns:Publish", allowed, Condition=elsewhere)
    )
    denial(sns.publish, TopicArn=allowed, Message="m")


def test_permissions_boundary_bounds_the_role(as_role: Any, client: Callable[..., Any], iam: Any) -> None:
    topic = client("sns").create_topic(Name="T")["TopicArn"]
    boundary = iam.create_policy(PolicyName="Bound", PolicyDocument=document("sqs:*"))["Policy"]["Arn"]
    iam.put_role_policy(RoleName="Worker", PolicyName="p", PolicyDocument=document("*"))
    sns = as_role("sns")
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]
    iam.put_role_permissions_boundary(RoleName="Worker", PermissionsBoundary=boundary)
    assert denial(sns.publish, TopicArn=topic, Message="m").endswith(
        "because no permissions boundary allows the SNS:Publish action"
    )
    iam.delete_role_permissions_boundary(RoleName="Worker")
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]


def test_session_policy_restricts_this_session_only(as_role: Any, client: Callable[..., Any], iam: Any) -> None:
    topic = client("sns").create_topic(Name="T")["TopicArn"]
    iam.put_role_policy(RoleName="Worker", PolicyName="p", PolicyDocument=document("*"))
    restricted = as_role("sns", Policy=document("sqs:*"))
    assert denial(restricted.publish, TopicArn=topic, Message="m").endswith(
        "because no session policy allows the SNS:Publish action"
    )
    assert as_role("sns").publish(TopicArn=topic, Message="m")["MessageId"]


def test_session_of_a_deleted_role_may_do_nothing(as_role: Any, client: Callable[..., Any], iam: Any) -> None:
    topic = client("sns").create_topic(Name="T")["TopicArn"]
    iam.put_role_policy(RoleName="Worker", PolicyName="p", PolicyDocument=document("*"))
    sns = as_role("sns")
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]
    iam.delete_role_policy(RoleName="Worker", PolicyName="p")
    iam.delete_role(RoleName="Worker")
    denial(sns.publish, TopicArn=topic, Message="m")
