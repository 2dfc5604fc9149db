"""Goal: topics, their attributes, tags, policies and permissions, as in SNS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.aws.support import Unique, code_of, refusal
from tests.aws.topics import Topics


def attributes_of(sns: Any, arn: Any) -> Any:
    return sns.get_topic_attributes(TopicArn=arn)["Attributes"]


def test_create_topic_shows_awss_defaults(sns: Any, account: str, unique: Unique, region: str) -> None:
    arn = sns.create_topic(Name=unique("Orders"))["TopicArn"]
    assert arn == f"arn:aws:sns:{region}:{account}:{unique('Orders')}"
    attributes = attributes_of(sns, arn)
    policy = json.loads(attributes.pop("Policy"))
    assert json.loads(attributes.pop("EffectiveDeliveryPolicy"))["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 3
    assert attributes == {
        "TopicArn": arn,
        "Owner": account,
        "DisplayName": "",
        "SubscriptionsConfirmed": "0",
        "SubscriptionsPending": "0",
        "SubscriptionsDeleted": "0",
    }
    assert policy["Id"] == "__default_policy_ID"
    (statement,) = policy["Statement"]
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceOwner": account}}
    assert "SNS:Publish" in statement["Action"]


def test_create_topic_again_is_the_same_topic_unless_attributes_differ(sns: Any, unique: Unique) -> None:
    arn = sns.create_topic(Name=unique("Orders"), Attributes={"DisplayName": "A"}, Tags=[{"Key": "k", "Value": "v"}])[
        "TopicArn"
    ]
    assert sns.create_topic(Name=unique("Orders"))["TopicArn"] == arn
    assert sns.create_topic(Name=unique("Orders"), Attributes={"DisplayName": "A"})["TopicArn"] == arn
    assert refusal(sns.create_topic, Name=unique("Orders"), Attributes={"DisplayName": "B"}) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
    )
    assert refusal(sns.create_topic, Name=unique("Orders"), Tags=[{"Key": "k", "Value": "other"}]) == (
        "InvalidParameter",
        "Invalid parameter: Tags Reason: Topic already exists with different tags",
    )


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"Name": "a b"}, "Invalid parameter: Topic Name"),
        ({"Name": "x" * 257}, "Invalid parameter: Topic Name"),
        ({"Name": "orders.fifo"}, "Invalid parameter: Topic Name"),
        (
            {"Name": "or ders.fifo", "Attributes": {"FifoTopic": "true"}},
            "Invalid parameter: Fifo Topic names must end with .fifo and must be made up of only uppercase and"
            " lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256"
            " characters long.",
        ),
        (
            {"Name": "o", "Attributes": {"SignatureVersion": "3"}},
            "Invalid parameter: Attributes Reason: SignatureVersion: Invalid value [3]. Must be 1 or 2.",
        ),
        ({"Name": "o", "Attributes": {"Odd": "1"}}, "Invalid parameter: Attributes Reason: Unknown attribute: Odd"),
        (
            {"Name": "o", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
            "Invalid parameter: Duplicated keys are not allowed.",
        ),
    ],
)
def test_create_topic_invalid_is_refused_in_aws_words(sns: Any, request_: Any, message: Any) -> None:
    assert refusal(sns.create_topic, **request_) == ("InvalidParameter", message)


@pytest.mark.parametrize(
    ("arn", "code", "message"),
    [
        (
            "Orders",
            "InvalidParameter",
            "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
        ),
        ("arn:aws:sns:ca-west-1:{account}:Orders", "InvalidParameter", "Invalid parameter: TopicArn"),
        ("arn:aws:sns:{region}:{account}:{name}", "NotFound", "Topic does not exist"),
    ],
)
def test_get_topic_attributes_of_no_topic_is_refused(
    sns: Any, account: str, arn: Any, code: Any, message: Any, unique: Unique, region: str
) -> None:
    named = arn.format(account=account, region=region, name=unique("Orders"))
    assert refusal(sns.get_topic_attributes, TopicArn=named) == (code, message)


def test_set_topic_attributes_each_is_shown_and_an_empty_value_restores_the_default(sns: Any, unique: Unique) -> None:
    arn = sns.create_topic(Name=unique("Orders"))["TopicArn"]
    values = {
        "DisplayName": "My orders",
        "SignatureVersion": "2",
        "TracingConfig": "Active",
        "KmsMasterKeyId": "alias/aws/sns",
        "MaximumMessageSize": "2048",
        "SQSSuccessFeedbackSampleRate": "50",
    }
    for name, value in values.items():
        sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
    assert attributes_of(sns, arn).items() >= values.items()
    sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue="")
    assert "KmsMasterKeyId" not in attributes_of(sns, arn)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("Odd", "1", "Invalid parameter: AttributeName"),
        ("FifoTopic", "true", "Invalid parameter: AttributeName"),
        ("ContentBasedDeduplication", "true", "can only be set for FIFO topics"),
        ("Policy", "{", "Invalid parameter: Policy Error"),
        (
            "Policy",
            '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}',
            "Invalid parameter: Policy statement action out of service scope!",
        ),
        ("MaximumMessageSize", "12", "Invalid parameter: MaximumMessageSize"),
        ("DeliveryPolicy", "{", "Invalid parameter: DeliveryPolicy: failed to parse JSON."),
    ],
)
def test_set_topic_attributes_invalid_is_refused(sns: Any, name: Any, value: Any, words: Any, unique: Unique) -> None:
    arn = sns.create_topic(Name=unique("Orders"))["TopicArn"]
    code, message = refusal(sns.set_topic_attributes, TopicArn=arn, AttributeName=name, AttributeValue=value)
    assert code == "InvalidParameter"
    assert words in message


def test_delete_topic_takes_its_subscriptions_along_and_is_idempotent(topics: Topics, sns: Any, until: Any) -> None:
    arn = topics.topic()
    topics.subscribe(arn, topics.queue())
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    until(lambda: code_of(sns.publish, TopicArn=arn, Message="m") == "NotFound", "the topic to be gone")
    until(lambda: code_of(sns.list_subscriptions_by_topic, TopicArn=arn) == "NotFound", "the subscription to be gone")


def test_tag_resource_adds_replaces_and_removes(sns: Any, unique: Unique) -> None:
    arn = sns.create_topic(Name=unique("Orders"), Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["b", "none"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]
    assert refusal(sns.list_tags_for_resource, ResourceArn=arn + "x") == (
        "ResourceNotFound",
        "Resource does not exist",
    )


def test_topic_policy_that_denies_binds_the_owner_too(sns: Any, account: str, unique: Unique, until: Any) -> None:
    arn = sns.create_topic(Name=unique("Orders"))["TopicArn"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    until(lambda: code_of(sns.publish, TopicArn=arn, Message="m") == "AuthorizationError", "the policy to bind")
    _, message = refusal(sns.publish, TopicArn=arn, Message="m")
    assert message.endswith("with an explicit deny in a resource-based policy")
