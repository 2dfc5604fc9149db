"""AWS::SQS::Queue and AWS::SQS::QueuePolicy.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_SQS.html
"""

from __future__ import annotations

import json
from typing import Any

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import ignore_gone, means_gone, refuse_foreign
from onebox.services.cloudformation.resources.shapes import BOOLEAN, INTEGER, JSON, TAGS, TEXT, TEXTS, Record
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    arn,
)
from onebox.services.cloudformation.template.intrinsics import scalar_text
from onebox.services.context import Wire

_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "DelaySeconds": "0",
    "FifoThroughputLimit": "perQueue",
    "KmsDataKeyReusePeriodSeconds": "300",
    "KmsMasterKeyId": "",
    "MaximumMessageSize": "262144",  # a new queue has 1048576; recorded from AWS
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedriveAllowPolicy": "",
    "RedrivePolicy": "",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
"""Every attribute that is a property, with what it falls back to when the property goes away."""
_KEPT = frozenset({"DeduplicationScope", "FifoThroughputLimit", "SqsManagedSseEnabled"})
"""What keeps its value when the property goes away; recorded from AWS."""
_DOCUMENTS = ("RedriveAllowPolicy", "RedrivePolicy")
_NUMBERS = (
    "DelaySeconds",
    "KmsDataKeyReusePeriodSeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
)


class _Queue:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        await refuse_foreign("AWS::SQS::Queue", new, lambda: _queue_tags(client, new.name))
        attributes = {name: _attribute_text(new.properties[name]) for name in _DEFAULTS if name in new.properties}
        if new.properties.get("FifoQueue"):
            attributes["FifoQueue"] = "true"
        request = {"QueueName": new.name, "Attributes": attributes, "tags": new.tags}
        queue_url = str((await client.call("sqs", "CreateQueue", request))["QueueUrl"])
        await new.initiated(queue_url)
        return {"Arn": arn(client, "sqs", new.name), "QueueName": new.name, "QueueUrl": queue_url}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        queue = {"QueueUrl": old.physical_id}
        attributes = {
            name: _attribute_text(properties[name]) if name in properties else fallback
            for name, fallback in _DEFAULTS.items()
            if old.properties.get(name) != properties.get(name) and (name in properties or name not in _KEPT)
        }
        if attributes:
            await client.call("sqs", "SetQueueAttributes", {**queue, "Attributes": attributes})
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("sqs", "TagQueue", {**queue, "Tags": fresh}),
            lambda keys: client.call("sqs", "UntagQueue", {**queue, "TagKeys": keys}),
        )
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("sqs", "DeleteQueue", {"QueueUrl": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        request = {"QueueUrl": old.physical_id, "AttributeNames": ["All"]}
        try:
            live = (await client.call("sqs", "GetQueueAttributes", request)).get("Attributes", {})
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        properties: Wire = {"QueueName": old.physical_id.rsplit("/", 1)[-1]}
        for name in ("FifoQueue", *_DEFAULTS):
            properties[name] = _plain(name, live[name]) if live.get(name) else None
        return properties


class _QueuePolicy:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(new.name)
        await _set_policies(client, new.properties["Queues"], json.dumps(new.properties["PolicyDocument"]))
        return {"Id": new.name}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _set_policies(client, properties["Queues"], json.dumps(properties["PolicyDocument"]))
        await _remove_policies(client, set(old.properties["Queues"]) - set(properties["Queues"]))
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await _remove_policies(client, set(old.properties["Queues"]))

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        wanted = old.properties["PolicyDocument"]
        live = wanted
        for queue_url in old.properties["Queues"]:
            request = {"QueueUrl": queue_url, "AttributeNames": ["Policy"]}
            try:
                answer = await client.call("sqs", "GetQueueAttributes", request)
            except AwsError as error:
                if means_gone(error):
                    return None
                raise
            policy = answer.get("Attributes", {}).get("Policy")
            if policy is None:
                return None
            if json.loads(policy) != wanted:
                live = json.loads(policy)
        return {"Queues": old.properties["Queues"], "PolicyDocument": live}


async def _set_policies(client: Client, queue_urls: list[str], policy: str) -> None:
    for queue_url in queue_urls:
        request = {"QueueUrl": queue_url, "Attributes": {"Policy": policy}}
        await client.call("sqs", "SetQueueAttributes", request)


async def _remove_policies(client: Client, queue_urls: set[str]) -> None:
    for queue_url in sorted(queue_urls):
        await ignore_gone(_set_policies(client, [queue_url], ""))


async def _queue_tags(client: Client, name: str) -> dict[str, str]:
    queue_url = (await client.call("sqs", "GetQueueUrl", {"QueueName": name}))["QueueUrl"]
    answer = await client.call("sqs", "ListQueueTags", {"QueueUrl": queue_url})
    return dict(answer.get("Tags", {}))


def _attribute_text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict) else scalar_text(value)


def _plain(name: str, text: str) -> Any:
    if name in _DOCUMENTS:
        return json.loads(text)
    if name in _NUMBERS:
        return int(text)
    return {"true": True, "false": False}.get(text, text)


def _fifo_suffix(properties: Wire) -> str:
    return ".fifo" if properties.get("FifoQueue") else ""


QUEUE = ResourceType(
    name="AWS::SQS::Queue",
    schema=Record(
        {
            **dict.fromkeys(_NUMBERS, INTEGER),
            "ContentBasedDeduplication": BOOLEAN,
            "DeduplicationScope": TEXT,
            "FifoQueue": BOOLEAN,
            "FifoThroughputLimit": TEXT,
            "KmsMasterKeyId": TEXT,
            "QueueName": TEXT,
            "RedriveAllowPolicy": JSON,
            "RedrivePolicy": JSON,
            "SqsManagedSseEnabled": BOOLEAN,
            "Tags": TAGS,
        }
    ),
    lifecycle=_Queue(),
    create_only=frozenset({"QueueName", "FifoQueue"}),
    attributes=frozenset({"Arn", "QueueName", "QueueUrl"}),
    naming=Naming("QueueName", characters_max=80, suffix=_fifo_suffix),
    taggable=True,
)

QUEUE_POLICY = ResourceType(
    name="AWS::SQS::QueuePolicy",
    schema=Record({"PolicyDocument": JSON, "Queues": TEXTS}, required=("PolicyDocument", "Queues")),
    lifecycle=_QueuePolicy(),
    attributes=frozenset({"Id"}),
)
