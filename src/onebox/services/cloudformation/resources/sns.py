"""AWS::SNS::Topic, AWS::SNS::Subscription, AWS::SNS::TopicPolicy.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_SNS.html
"""

from __future__ import annotations

import json
from typing import Any

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import ignore_gone, means_gone, refuse_foreign
from onebox.services.cloudformation.resources.shapes import BOOLEAN, JSON, TAGS, TEXT, TEXTS, ListOf, Record
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    arn,
    tag_list,
    tag_map,
)
from onebox.services.cloudformation.template.intrinsics import scalar_text
from onebox.services.context import Wire

_TOPIC_SETTINGS = (
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
)
_SUBSCRIPTION_SETTINGS = (
    "DeliveryPolicy",
    "FilterPolicyScope",  # before the policy, which is checked against it
    "FilterPolicy",
    "RawMessageDelivery",
    "RedrivePolicy",
    "ReplayPolicy",
    "SubscriptionRoleArn",
)
_RESET = {
    "ContentBasedDeduplication": "false",
    "RawMessageDelivery": "false",
    "FilterPolicyScope": "MessageAttributes",
    "SignatureVersion": "1",
    "TracingConfig": "PassThrough",
    "FilterPolicy": "{}",
    "FifoThroughputScope": "Topic",
}
"""What a setting falls back to when its property goes away; empty text for the others."""


class _Topic:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        topic_arn = arn(client, "sns", new.name)
        await refuse_foreign("AWS::SNS::Topic", new, lambda: _topic_tags(client, topic_arn))
        attributes = _attribute_texts(new.properties, ("FifoTopic", *_TOPIC_SETTINGS))
        request = {"Name": new.name, "Attributes": attributes, "Tags": tag_list(new.tags)}
        if "DataProtectionPolicy" in new.properties:
            request["DataProtectionPolicy"] = _attribute_text(new.properties["DataProtectionPolicy"])
        await client.call("sns", "CreateTopic", request)
        await new.initiated(topic_arn)
        await _apply_subscriptions(client, topic_arn, [], new.properties.get("Subscription", []))
        return {"TopicArn": topic_arn, "TopicName": new.name}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        topic_arn = old.physical_id
        for name, text in _changed_settings(_TOPIC_SETTINGS, old.properties, properties).items():
            await _set_topic_attribute(client, topic_arn, name, text)
        if old.properties.get("DataProtectionPolicy") != properties.get("DataProtectionPolicy"):
            policy = _attribute_text(properties.get("DataProtectionPolicy", ""))
            request = {"ResourceArn": topic_arn, "DataProtectionPolicy": policy}
            await client.call("sns", "PutDataProtectionPolicy", request)
        before, after = old.properties.get("Subscription", []), properties.get("Subscription", [])
        await _apply_subscriptions(client, topic_arn, before, after)
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("sns", "TagResource", {"ResourceArn": topic_arn, "Tags": tag_list(fresh)}),
            lambda keys: client.call("sns", "UntagResource", {"ResourceArn": topic_arn, "TagKeys": keys}),
        )
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("sns", "DeleteTopic", {"TopicArn": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            live = (await client.call("sns", "GetTopicAttributes", {"TopicArn": old.physical_id}))["Attributes"]
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        if "DataProtectionPolicy" in old.properties:
            request = {"ResourceArn": old.physical_id}
            live |= await client.call("sns", "GetDataProtectionPolicy", request)
        return {"TopicName": old.physical_id.rsplit(":", 1)[-1]} | _live_settings(
            live, (*_TOPIC_SETTINGS, "DataProtectionPolicy")
        )


class _Subscription:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        subscription_arn = await _subscribe(client, new.properties["TopicArn"], new.properties, _SUBSCRIPTION_SETTINGS)
        await new.initiated(subscription_arn)
        return {"Arn": subscription_arn}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        for name, text in _changed_settings(_SUBSCRIPTION_SETTINGS, old.properties, properties).items():
            request = {"SubscriptionArn": old.physical_id, "AttributeName": name, "AttributeValue": text}
            await client.call("sns", "SetSubscriptionAttributes", request, region=properties.get("Region"))
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        request = {"SubscriptionArn": old.physical_id}
        await client.call("sns", "Unsubscribe", request, region=old.properties.get("Region"))

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        request = {"SubscriptionArn": old.physical_id}
        try:
            answer = await client.call("sns", "GetSubscriptionAttributes", request, region=old.properties.get("Region"))
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        live = answer["Attributes"]
        return {name: live[name] for name in ("TopicArn", "Protocol", "Endpoint") if name in live} | _live_settings(
            live, _SUBSCRIPTION_SETTINGS
        )


class _TopicPolicy:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(new.name)
        await _set_policies(client, new.properties)
        return {"Id": new.name}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _set_policies(client, properties)
        await _reset_policies(client, set(old.properties["Topics"]) - set(properties["Topics"]))
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await _reset_policies(client, set(old.properties["Topics"]))

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        topics = old.properties["Topics"]
        try:
            answers = [await client.call("sns", "GetTopicAttributes", {"TopicArn": topic}) for topic in topics]
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        policies = [json.loads(answer["Attributes"].get("Policy", "{}")) for answer in answers]
        wanted = old.properties["PolicyDocument"]
        differing = next((policy for policy in policies if policy != wanted), wanted)
        return {"Topics": topics, "PolicyDocument": differing}


async def _subscribe(client: Client, topic_arn: str, properties: Wire, settings: tuple[str, ...]) -> str:
    request = {
        "TopicArn": topic_arn,
        "Protocol": properties["Protocol"],
        "Attributes": _attribute_texts(properties, settings),
        "ReturnSubscriptionArn": True,
    }
    if "Endpoint" in properties:
        request["Endpoint"] = properties["Endpoint"]
    answer = await client.call("sns", "Subscribe", request, region=properties.get("Region"))
    return str(answer["SubscriptionArn"])


async def _apply_subscriptions(client: Client, topic_arn: str, old: list[Wire], new: list[Wire]) -> None:
    """The Topic's own Subscription property: pairs of protocol and endpoint."""
    for subscription in new:
        if subscription not in old:
            await _subscribe(client, topic_arn, subscription, ())
    gone = [subscription for subscription in old if subscription not in new]
    if gone:
        for live in await _list_subscriptions(client, topic_arn):
            if any(live["Protocol"] == one["Protocol"] and live["Endpoint"] == one["Endpoint"] for one in gone):
                await ignore_gone(client.call("sns", "Unsubscribe", {"SubscriptionArn": live["SubscriptionArn"]}))


async def _list_subscriptions(client: Client, topic_arn: str) -> list[Wire]:
    found: list[Wire] = []
    request: Wire = {"TopicArn": topic_arn}
    while True:
        page = await client.call("sns", "ListSubscriptionsByTopic", request)
        found += page.get("Subscriptions", [])
        if not page.get("NextToken"):
            return found
        request["NextToken"] = page["NextToken"]


async def _set_topic_attribute(client: Client, topic_arn: str, name: str, text: str) -> None:
    request = {"TopicArn": topic_arn, "AttributeName": name, "AttributeValue": text}
    await client.call("sns", "SetTopicAttributes", request)


async def _set_policies(client: Client, properties: Wire) -> None:
    for topic_arn in properties["Topics"]:
        await _set_topic_attribute(client, topic_arn, "Policy", json.dumps(properties["PolicyDocument"]))


async def _reset_policies(client: Client, topic_arns: set[str]) -> None:
    for topic_arn in sorted(topic_arns):
        policy = json.dumps(default_policy(client, topic_arn))
        await ignore_gone(_set_topic_attribute(client, topic_arn, "Policy", policy))


def default_policy(client: Client, topic_arn: str) -> Wire:
    """The policy every new topic has: its owner may do everything."""
    actions = (
        "GetTopicAttributes SetTopicAttributes AddPermission RemovePermission DeleteTopic Subscribe "
        "ListSubscriptionsByTopic Publish"
    )
    return {
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [
            {
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [f"SNS:{action}" for action in actions.split()],
                "Resource": topic_arn,
                "Condition": {"StringEquals": {"AWS:SourceOwner": client.account}},
            }
        ],
    }


async def _topic_tags(client: Client, topic_arn: str) -> dict[str, str]:
    answer = await client.call("sns", "ListTagsForResource", {"ResourceArn": topic_arn})
    return tag_map(answer.get("Tags", []))


def _attribute_texts(properties: Wire, names: tuple[str, ...]) -> dict[str, str]:
    return {name: _attribute_text(properties[name]) for name in names if name in properties}


def _attribute_text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict) else scalar_text(value)


def _changed_settings(names: tuple[str, ...], old: Wire, new: Wire) -> dict[str, str]:
    """Attribute texts to set; a removed property gets the service's default."""
    return {
        name: _attribute_text(new[name]) if name in new else _RESET.get(name, "")
        for name in names
        if old.get(name) != new.get(name)
    }


def _live_settings(live: Wire, names: tuple[str, ...]) -> Wire:
    settings: Wire = {}
    for name in names:
        text = live.get(name)
        if not text:
            settings[name] = None
            continue
        is_document = name.endswith("Policy")
        settings[name] = json.loads(text) if is_document else _plain(text)
    return settings


def _plain(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


def _fifo_suffix(properties: Wire) -> str:
    return ".fifo" if properties.get("FifoTopic") else ""


TOPIC = ResourceType(
    name="AWS::SNS::Topic",
    schema=Record(
        {
            "ArchivePolicy": JSON,
            "ContentBasedDeduplication": BOOLEAN,
            "DataProtectionPolicy": JSON,
            "DisplayName": TEXT,
            "FifoThroughputScope": TEXT,
            "FifoTopic": BOOLEAN,
            "KmsMasterKeyId": TEXT,
            "SignatureVersion": TEXT,
            "Subscription": ListOf(Record({"Endpoint": TEXT, "Protocol": TEXT}, required=("Endpoint", "Protocol"))),
            "Tags": TAGS,
            "TopicName": TEXT,
            "TracingConfig": TEXT,
        }
    ),
    lifecycle=_Topic(),
    create_only=frozenset({"TopicName", "FifoTopic"}),
    attributes=frozenset({"TopicArn", "TopicName"}),
    naming=Naming("TopicName", characters_max=256, suffix=_fifo_suffix),
    taggable=True,
)

SUBSCRIPTION = ResourceType(
    name="AWS::SNS::Subscription",
    schema=Record(
        {
            "DeliveryPolicy": JSON,
            "Endpoint": TEXT,
            "FilterPolicy": JSON,
            "FilterPolicyScope": TEXT,
            "Protocol": TEXT,
            "RawMessageDelivery": BOOLEAN,
            "RedrivePolicy": JSON,
            "Region": TEXT,
            "ReplayPolicy": JSON,
            "SubscriptionRoleArn": TEXT,
            "TopicArn": TEXT,
        },
        required=("Protocol", "TopicArn"),
    ),
    lifecycle=_Subscription(),
    create_only=frozenset({"TopicArn", "Protocol", "Endpoint", "Region"}),
    attributes=frozenset({"Arn"}),
)

TOPIC_POLICY = ResourceType(
    name="AWS::SNS::TopicPolicy",
    schema=Record({"PolicyDocument": JSON, "Topics": TEXTS}, required=("PolicyDocument", "Topics")),
    lifecycle=_TopicPolicy(),
    attributes=frozenset({"Id"}),
)
