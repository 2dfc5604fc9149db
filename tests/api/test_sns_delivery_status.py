"""Goal: deliveries are logged in CloudWatch Logs as the topic's feedback attributes ask for, with their role."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.sns_world import SnsWorld
from tests.api.test_sns_http import Endpoint
from tests.polling import until


@pytest.fixture
def world(client: Callable[..., Any], account: str) -> SnsWorld:
    return SnsWorld(client, account)


def make_role(client: Callable[..., Any], service: str, action: str) -> str:
    """A role that ``service`` may assume and that may do ``action``; its ARN."""
    iam = client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    rights = {"Effect": "Allow", "Action": action, "Resource": "*"}
    name = "Feedback"
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(rights))
    return arn


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def logged(client: Callable[..., Any], group: str) -> list[dict[str, Any]]:
    logs = client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    return [json.loads(event["message"]) for event in logs.filter_log_events(logGroupName=group)["events"]]


def test_deliveries_to_queues_are_logged_taken_and_refused(
    world: SnsWorld, client: Callable[..., Any], account: str
) -> None:
    role = make_role(client, "sns.amazonaws.com", "logs:*")
    topic = world.topic(
        SQSSuccessFeedbackRoleArn=role, SQSFailureFeedbackRoleArn=role, SQSSuccessFeedbackSampleRate="100"
    )
    open_queue, closed_queue = world.queue(), world.queue("Closed", open_to_sns=False)
    world.subscribe(topic, open_queue)
    world.subscribe(topic, closed_queue)

    published = world.sns.publish(TopicArn=topic, Message="Grüße")

    (taken,) = logged(client, f"sns/us-east-1/{account}/Orders")
    assert taken["status"] == "SUCCESS"
    assert taken["notification"].pop("timestamp")[10] == " "
    assert taken["notification"] == {
        "messageMD5Sum": hashlib.md5("Grüße".encode()).hexdigest(),
        "messageId": published["MessageId"],
        "topicArn": topic,
    }
    assert taken["delivery"]["destination"] == open_queue
    assert taken["delivery"]["statusCode"] == 200
    assert taken["delivery"]["dwellTimeMs"] == 0
    assert set(json.loads(taken["delivery"]["providerResponse"])) == {"sqsRequestId"}
    (refused,) = logged(client, f"sns/us-east-1/{account}/Orders/Failure")
    assert refused["status"] == "FAILURE"
    assert refused["delivery"]["destination"] == closed_queue
    assert json.loads(refused["delivery"]["providerResponse"])["ErrorCode"] == "AccessDenied"


def test_an_endpoints_answer_is_logged_when_it_has_come(
    world: SnsWorld, client: Callable[..., Any], account: str
) -> None:
    role = make_role(client, "sns.amazonaws.com", "logs:*")
    topic = world.topic(
        HTTPSuccessFeedbackRoleArn=role, HTTPFailureFeedbackRoleArn=role, HTTPSuccessFeedbackSampleRate="100"
    )
    endpoint = Endpoint()
    try:
        world.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
        token = json.loads(endpoint.next()[1])["Token"]
        world.sns.confirm_subscription(TopicArn=topic, Token=token)
        world.sns.publish(TopicArn=topic, Message="first")
        endpoint.next()
        endpoint.statuses = [403]
        world.sns.publish(TopicArn=topic, Message="second")
        endpoint.next()
        group = f"sns/us-east-1/{account}/Orders"
        failures = until(lambda: logged(client, f"{group}/Failure"), "the failure")
        (success,) = until(lambda: logged(client, group)[:1], "the success")
    finally:
        endpoint.close()
    assert success["delivery"]["destination"] == endpoint.url
    assert (success["delivery"]["statusCode"], success["delivery"]["attempts"]) == (200, 1)
    assert [failure["delivery"]["statusCode"] for failure in failures] == [403]
    assert failures[0]["notification"]["messageMD5Sum"] == hashlib.md5(b"second").hexdigest()


@pytest.mark.parametrize(
    ("service", "action", "percent"),
    [
        ("lambda.amazonaws.com", "logs:*", "100"),
        ("sns.amazonaws.com", "s3:*", "100"),
        ("sns.amazonaws.com", "logs:*", "0"),
    ],
    ids=["a role that SNS may not assume", "a role that may not log", "no sample"],
)
def test_nothing_is_logged_and_everything_is_delivered_without_right_or_sample(
    world: SnsWorld, client: Callable[..., Any], account: str, service: str, action: str, percent: str
) -> None:
    role = make_role(client, service, action)
    topic = world.topic(SQSSuccessFeedbackRoleArn=role, SQSSuccessFeedbackSampleRate=percent)
    queue = world.queue()
    world.subscribe(topic, queue, RawMessageDelivery="true")
    world.sns.publish(TopicArn=topic, Message="m")
    assert world.bodies(queue) == ["m"]
    assert logged(client, f"sns/us-east-1/{account}/Orders") == []
