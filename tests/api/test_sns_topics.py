"""Goal: topics, their attributes, tags, policies and permissions, as in SNS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.sns_world import SnsWorld, refusal


@pytest.fixture
def world(client: Callable[..., Any], account: str) -> SnsWorld:
    return SnsWorld(client, account)


@pytest.fixture
def sns(world: SnsWorld) -> Any:
    return world.sns


def attributes_of(sns: Any, arn: Any) -> Any:
    return sns.get_topic_attributes(TopicArn=arn)["Attributes"]


def test_create_topic_shows_awss_defaults(sns: Any, account: str) -> None:
    arn = sns.create_topic(Name="Orders")["TopicArn"]
    assert arn == f"arn:aws:sns:us-east-1:{account}:Orders"
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


def test_create_topic_again_is_the_same_topic_unless_attributes_differ(sns: Any) -> None:
    arn = sns.create_topic(Name="Orders", Attributes={"DisplayName": "A"}, Tags=[{"Key": "k", "Value": "v"}])[
        "TopicArn"
    ]
    assert sns.create_topic(Name="Orders")["TopicArn"] == arn
    assert sns.create_topic(Name="Orders", Attributes={"DisplayName": "A"})["TopicArn"] == arn
    assert refusal(sns.create_topic, Name="Orders", Attributes={"DisplayName": "B"}) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
    )
    assert refusal(sns.create_topic, Name="Orders", Tags=[{"Key": "k", "Value": "other"}]) == (
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
        ("arn:aws:sns:eu-west-1:{account}:Orders", "InvalidParameter", "Invalid parameter: TopicArn"),
        ("arn:aws:sns:us-east-1:{account}:Orders", "NotFound", "Topic does not exist"),
    ],
)
def test_get_topic_attributes_of_no_topic_is_refused(sns: Any, account: str, arn: Any, code: Any, message: Any) -> None:
    assert refusal(sns.get_topic_attributes, TopicArn=arn.format(account=account)) == (code, message)


def test_topics_of_regions_are_apart(client: Callable[..., Any]) -> None:
    client("sns").create_topic(Name="Orders")
    assert client("sns", region="eu-west-1").list_topics()["Topics"] == []
    arn = client("sns", region="eu-west-1").create_topic(Name="Orders")["TopicArn"]
    assert ":eu-west-1:" in arn


def test_set_topic_attributes_each_is_shown_and_an_empty_value_restores_the_default(sns: Any) -> None:
    arn = sns.create_topic(Name="Orders")["TopicArn"]
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
def test_set_topic_attributes_invalid_is_refused(sns: Any, name: Any, value: Any, words: Any) -> None:
    arn = sns.create_topic(Name="Orders")["TopicArn"]
    code, message = refusal(sns.set_topic_attributes, TopicArn=arn, AttributeName=name, AttributeValue=value)
    assert code == "InvalidParameter"
    assert words in message


def test_delete_topic_takes_its_subscriptions_along_and_is_idempotent(world: SnsWorld, sns: Any) -> None:
    arn = world.topic()
    world.subscribe(arn, world.queue())
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    assert sns.list_topics()["Topics"] == []
    assert sns.list_subscriptions()["Subscriptions"] == []
    assert refusal(sns.publish, TopicArn=arn, Message="m") == ("NotFound", "Topic does not exist")


def test_list_topics_pages_by_a_hundred(sns: Any) -> None:
    made = {sns.create_topic(Name=f"t{number:03}")["TopicArn"] for number in range(101)}
    first = sns.list_topics()
    second = sns.list_topics(NextToken=first["NextToken"])
    assert (len(first["Topics"]), len(second["Topics"]), "NextToken" in second) == (100, 1, False)
    assert {topic["TopicArn"] for topic in first["Topics"] + second["Topics"]} == made
    assert refusal(sns.list_topics, NextToken="%")[0] == "InvalidParameter"


def test_tag_resource_adds_replaces_and_removes(sns: Any) -> None:
    arn = sns.create_topic(Name="Orders", Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["b", "none"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]
    assert refusal(sns.list_tags_for_resource, ResourceArn=arn + "x") == (
        "ResourceNotFound",
        "Resource does not exist",
    )


def test_add_permission_lets_the_other_account_publish_until_removed(
    sns: Any, onebox: EngineThread, account: str
) -> None:
    arn = sns.create_topic(Name="Orders")["TopicArn"]
    guest = onebox.client("sns", account="777777777777")
    assert refusal(guest.publish, TopicArn=arn, Message="m") == (
        "AuthorizationError",
        f"User: arn:aws:iam::777777777777:user/onebox is not authorized to perform: SNS:Publish on resource: {arn}"
        " because no resource-based policy allows the SNS:Publish action",
    )
    sns.add_permission(TopicArn=arn, Label="guest", AWSAccountId=["777777777777"], ActionName=["Publish"])
    assert guest.publish(TopicArn=arn, Message="m")["MessageId"]
    assert refusal(guest.get_topic_attributes, TopicArn=arn)[0] == "AuthorizationError"
    twice = {"TopicArn": arn, "Label": "guest", "AWSAccountId": ["777777777777"], "ActionName": ["Publish"]}
    assert refusal(sns.add_permission, **twice) == ("InvalidParameter", "Invalid parameter: Statement already exists")
    sns.remove_permission(TopicArn=arn, Label="guest")
    assert refusal(guest.publish, TopicArn=arn, Message="m")[0] == "AuthorizationError"


def test_topic_policy_that_denies_binds_the_owner_too(sns: Any, account: str) -> None:
    arn = sns.create_topic(Name="Orders")["TopicArn"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    code, message = refusal(sns.publish, TopicArn=arn, Message="m")
    assert code == "AuthorizationError"
    assert message.endswith("with an explicit deny in a resource-based policy")


def test_data_protection_policy_is_kept_to_the_character_and_is_no_attribute(sns: Any) -> None:
    policy = '{ "Name": "p", "Version": "2021-06-01",  "Statement": [] }'
    arn = sns.create_topic(Name="Guarded", DataProtectionPolicy=policy)["TopicArn"]
    assert sns.get_data_protection_policy(ResourceArn=arn)["DataProtectionPolicy"] == policy
    assert "DataProtectionPolicy" not in attributes_of(sns, arn)

    other = policy.replace('"p"', '"q"')
    sns.put_data_protection_policy(ResourceArn=arn, DataProtectionPolicy=other)
    assert sns.get_data_protection_policy(ResourceArn=arn)["DataProtectionPolicy"] == other
    sns.put_data_protection_policy(ResourceArn=arn, DataProtectionPolicy="")
    assert "DataProtectionPolicy" not in sns.get_data_protection_policy(ResourceArn=arn)


def test_data_protection_policy_of_no_topic_of_fifo_and_of_no_json_are_refused(sns: Any, account: str) -> None:
    arn = sns.create_topic(Name="Guarded2")["TopicArn"]
    fifo = sns.create_topic(Name="Guarded.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    put = sns.put_data_protection_policy
    assert refusal(put, ResourceArn=arn[:-1] + "3", DataProtectionPolicy="{}")[0] == "NotFound"
    assert refusal(put, ResourceArn=arn, DataProtectionPolicy="[1")[0] == "InvalidParameter"
    assert refusal(put, ResourceArn=fifo, DataProtectionPolicy="{}")[0] == "InvalidParameter"
    too_long = json.dumps({"Name": "x" * 30_720})
    assert refusal(put, ResourceArn=arn, DataProtectionPolicy=too_long)[0] == "InvalidParameter"
