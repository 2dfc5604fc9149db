"""Goal: SQS and SNS ask IAM for every right that a request uses, and supply AWS's condition keys to every policy."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from onebox.testing import EngineThread

Make = Callable[..., Any]
ALLOW_ALL = {"Effect": "Allow", "Action": ["sqs:*", "sns:*"], "Resource": "*"}


@pytest.fixture
def as_role(client: Make, onebox: EngineThread, account: str) -> Make:
    """Makes a client with the rights that the given statements grant."""
    iam = client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="Worker", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))

    def make(service: str, *statements: dict[str, Any]) -> Any:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName="Worker", PolicyName="Work", PolicyDocument=document)
        credentials = client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/Worker", RoleSessionName="shift")[
            "Credentials"
        ]
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


def refused(call: Callable[[], Any]) -> str:
    """The sentence with which a call is denied."""
    with pytest.raises(ClientError) as raised:
        call()
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
    return str(raised.value.response["Error"]["Message"])


def queue_with_dead_letters(sqs: Any, account: str) -> tuple[str, str]:
    """The ARNs of a queue and of its dead-letter queue."""
    sqs.create_queue(QueueName="dead")
    source, dead = (f"arn:aws:sqs:us-east-1:{account}:{name}" for name in ("work", "dead"))
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": redrive})
    return source, dead


@pytest.mark.parametrize(
    "missing", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:StartMessageMoveTask"]
)
def test_start_message_move_task_needs_the_rights_to_empty_the_source(
    client: Make, as_role: Make, account: str, missing: str
) -> None:
    source, dead = queue_with_dead_letters(client("sqs"), account)
    deny = {"Effect": "Deny", "Action": missing, "Resource": dead}
    denial = refused(lambda: as_role("sqs", ALLOW_ALL, deny).start_message_move_task(SourceArn=dead))
    assert missing.lower() in denial.lower()
    assert as_role("sqs", ALLOW_ALL).start_message_move_task(SourceArn=dead)["TaskHandle"]
    assert source


def test_queue_is_not_reached_under_the_name_of_another_partition(client: Make, as_role: Make, account: str) -> None:
    _, dead = queue_with_dead_letters(client("sqs"), account)
    abroad = dead.replace("arn:aws:", "arn:aws-cn:")
    sqs = as_role("sqs", ALLOW_ALL, {"Effect": "Deny", "Action": "sqs:*", "Resource": dead})
    with pytest.raises(ClientError, match="The resource that you specified for the SourceArn parameter doesn't exist"):
        sqs.start_message_move_task(SourceArn=abroad)


@pytest.mark.parametrize("named", [True, False])
def test_start_message_move_task_needs_send_message_on_every_destination(
    client: Make, as_role: Make, account: str, named: bool
) -> None:
    source, dead = queue_with_dead_letters(client("sqs"), account)
    deny = {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": source}
    request = {"SourceArn": dead, **({"DestinationArn": source} if named else {})}
    denial = refused(lambda: as_role("sqs", ALLOW_ALL, deny).start_message_move_task(**request))
    assert "sqs:sendmessage" in denial.lower()
    assert source in denial


def test_sqs_tags_of_queue_and_request_are_condition_keys(client: Make, as_role: Make) -> None:
    owner = client("sqs")
    url = owner.create_queue(QueueName="q", tags={"team": "orders"})["QueueUrl"]

    def deny(**condition: Any) -> dict[str, Any]:
        return {"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Condition": condition}

    by_resource = as_role("sqs", ALLOW_ALL, deny(StringEquals={"aws:ResourceTag/team": "orders"}))
    refused(lambda: by_resource.send_message(QueueUrl=url, MessageBody="x"))
    by_request = as_role("sqs", ALLOW_ALL, deny(StringEquals={"aws:RequestTag/team": "none"}))
    refused(lambda: by_request.tag_queue(QueueUrl=url, Tags={"team": "none"}))
    refused(lambda: by_request.create_queue(QueueName="r", tags={"team": "none"}))
    by_request.tag_queue(QueueUrl=url, Tags={"team": "some"})
    by_key = as_role("sqs", ALLOW_ALL, deny(**{"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}))
    refused(lambda: by_key.untag_queue(QueueUrl=url, TagKeys=["team"]))
    by_key.untag_queue(QueueUrl=url, TagKeys=["other"])


def test_sns_tags_protocol_and_endpoint_are_condition_keys(client: Make, as_role: Make, account: str) -> None:
    owner = client("sns")
    arn = owner.create_topic(Name="t", Tags=[{"Key": "team", "Value": "orders"}])["TopicArn"]

    def deny(**condition: Any) -> dict[str, Any]:
        return {"Effect": "Deny", "Action": "sns:*", "Resource": "*", "Condition": condition}

    by_resource = as_role("sns", ALLOW_ALL, deny(StringEquals={"aws:ResourceTag/team": "orders"}))
    refused(lambda: by_resource.publish(TopicArn=arn, Message="x"))
    by_key = as_role("sns", ALLOW_ALL, deny(**{"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}))
    refused(lambda: by_key.untag_resource(ResourceArn=arn, TagKeys=["team"]))
    by_value = as_role("sns", ALLOW_ALL, deny(StringEquals={"aws:RequestTag/team": "none"}))
    refused(lambda: by_value.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "none"}]))
    by_protocol = as_role("sns", ALLOW_ALL, deny(StringEquals={"sns:Protocol": "email"}))
    refused(lambda: by_protocol.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com"))
    by_endpoint = as_role("sns", ALLOW_ALL, deny(StringLike={"sns:Endpoint": "*@example.com"}))
    refused(lambda: by_endpoint.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com"))
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    assert by_endpoint.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]


def policy_for_others(effect: str, resource: str, action: str, **condition: Any) -> str:
    statement = {"Effect": effect, "Principal": "*", "Action": action, "Resource": resource}
    allow = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow, {**statement, "Condition": condition}]})


def test_resource_policies_see_secure_transport_of_other_accounts(
    client: Make, onebox: EngineThread, account: str
) -> None:
    sqs, sns = client("sqs"), client("sns")
    other = {"account": str(int(account) + 500_000_000)}
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    topic = sns.create_topic(Name="t")["TopicArn"]
    sends: tuple[Callable[[], Any], ...] = (
        lambda: onebox.client("sqs", **other).send_message(QueueUrl=url, MessageBody="x"),
        lambda: onebox.client("sns", **other).publish(TopicArn=topic, Message="x"),
    )
    for secure in ("true", "false"):
        condition = {"Bool": {"aws:SecureTransport": secure}}
        policy = policy_for_others("Deny", queue, "sqs:SendMessage", **condition)
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        policy = policy_for_others("Deny", topic, "sns:Publish", **condition)
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
        for send in sends:
            if secure == "true":  # as every request from this machine is
                refused(send)
            else:
                assert send()["MessageId"]


def test_topic_policy_may_restrict_others_to_a_protocol(client: Make, onebox: EngineThread, account: str) -> None:
    sns = client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    condition = {"StringEquals": {"sns:Protocol": "email"}}
    policy = policy_for_others("Deny", topic, "sns:Subscribe", **condition)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    other = onebox.client("sns", account=str(int(account) + 500_000_000))
    refused(lambda: other.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com"))
    assert other.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:1/")["SubscriptionArn"]


@pytest.mark.parametrize(
    ("key", "own"), [("aws:SourceArn", True), ("aws:SourceAccount", True), ("aws:SourceArn", False)]
)
def test_deliveries_carry_source_arn_and_source_account(client: Make, account: str, key: str, own: bool) -> None:
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    value = (topic if key == "aws:SourceArn" else account) if own else topic + "x"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"StringEquals": {key: value}},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": statement})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    sns.publish(TopicArn=topic, Message="m")
    assert ("Messages" in sqs.receive_message(QueueUrl=url)) is own
