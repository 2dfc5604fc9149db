"""Goal: managed policies, their versions and attachments, and the simulator, as in IAM."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread

SEED_POLICIES = {
    "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess": "v15",
    "arn:aws:iam::aws:policy/AmazonSQSFullAccess": "v1",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": "v1",
}


def document(action: Any = "sqs:*", effect: Any = "Allow", resource: Any = "*", **members: Any) -> Any:
    statement = {"Effect": effect, "Action": action, "Resource": resource, **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam", parameter_validation=False)


@pytest.fixture
def policy_arn(iam: Any) -> Any:
    return iam.create_policy(PolicyName="Queues", PolicyDocument=document(), Description="queues")["Policy"]["Arn"]


def refusal(call: Any, **arguments: Any) -> Any:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


@pytest.mark.parametrize(("arn", "version"), SEED_POLICIES.items())
def test_get_policy_of_aws_is_there_with_its_document(iam: Any, arn: Any, version: Any) -> None:
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (policy["DefaultVersionId"], policy["IsAttachable"]) == (version, True)
    assert policy["PolicyId"].startswith("ANPA")
    got = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    assert got["Document"]["Version"] == "2012-10-17"
    assert got["IsDefaultVersion"]


def test_policies_of_another_account_are_not_seen(iam: Any, policy_arn: Any, onebox: EngineThread) -> None:
    other = onebox.client("iam", account="999999999999")
    assert refusal(other.get_policy, PolicyArn=policy_arn)[0] == "NoSuchEntity"
