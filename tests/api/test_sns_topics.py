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


def test_topics_of_regions_are_apart(client: Callable[..., Any]) -> None:
    client("sns").create_topic(Name="Orders")
    assert client("sns", region="eu-west-1").list_topics()["Topics"] == []
    arn = client("sns", region="eu-west-1").create_topic(Name="Orders")["TopicArn"]
    assert ":eu-west-1:" in arn


def test_list_topics_pages_by_a_hundred(sns: Any) -> None:
    made = {sns.create_topic(Name=f"t{number:03}")["TopicArn"] for number in range(101)}
    first = sns.list_topics()
    second = sns.list_topics(NextToken=first["NextToken"])
    assert (len(first["Topics"]), len(second["Topics"]), "NextToken" in second) == (100, 1, False)
    assert {topic["TopicArn"] for topic in first["Topics"] + second["Topics"]} == made
    assert refusal(sns.list_topics, NextToken="%")[0] == "InvalidParameter"


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
