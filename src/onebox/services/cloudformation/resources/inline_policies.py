"""AWS::SNS::TopicInlinePolicy and AWS::SQS::QueueInlinePolicy: the policy of one topic or queue.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sqs-queueinlinepolicy.html
"""

from __future__ import annotations

import json

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import ignore_gone, means_gone
from onebox.services.cloudformation.resources.shapes import JSON, TEXT, Record
from onebox.services.cloudformation.resources.sns import default_policy
from onebox.services.cloudformation.resources.types import Attributes, Client, LiveResource, NewResource, ResourceType
from onebox.services.context import Wire


class _QueueInlinePolicy:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(new.properties["Queue"])
        await self._set(client, new.properties["Queue"], json.dumps(new.properties["PolicyDocument"]))
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await self._set(client, properties["Queue"], json.dumps(properties["PolicyDocument"]))
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await ignore_gone(self._set(client, old.physical_id, ""))

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        request = {"QueueUrl": old.physical_id, "AttributeNames": ["Policy"]}
        try:
            policy = (await client.call("sqs", "GetQueueAttributes", request)).get("Attributes", {}).get("Policy")
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        return None if policy is None else {"Queue": old.physical_id, "PolicyDocument": json.loads(policy)}

    async def _set(self, client: Client, queue_url: str, policy: str) -> None:
        await client.call("sqs", "SetQueueAttributes", {"QueueUrl": queue_url, "Attributes": {"Policy": policy}})


class _TopicInlinePolicy:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(new.properties["TopicArn"])
        await self._set(client, new.properties["TopicArn"], new.properties["PolicyDocument"])
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await self._set(client, properties["TopicArn"], properties["PolicyDocument"])
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await ignore_gone(self._set(client, old.physical_id, default_policy(client, old.physical_id)))

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            answer = await client.call("sns", "GetTopicAttributes", {"TopicArn": old.physical_id})
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        policy = json.loads(answer["Attributes"].get("Policy", "{}"))
        return {"TopicArn": old.physical_id, "PolicyDocument": policy}

    async def _set(self, client: Client, topic_arn: str, policy: Wire) -> None:
        request = {"TopicArn": topic_arn, "AttributeName": "Policy", "AttributeValue": json.dumps(policy)}
        await client.call("sns", "SetTopicAttributes", request)


QUEUE_INLINE_POLICY = ResourceType(
    name="AWS::SQS::QueueInlinePolicy",
    schema=Record({"PolicyDocument": JSON, "Queue": TEXT}, required=("PolicyDocument", "Queue")),
    lifecycle=_QueueInlinePolicy(),
    create_only=frozenset({"Queue"}),
)

TOPIC_INLINE_POLICY = ResourceType(
    name="AWS::SNS::TopicInlinePolicy",
    schema=Record({"PolicyDocument": JSON, "TopicArn": TEXT}, required=("PolicyDocument", "TopicArn")),
    lifecycle=_TopicInlinePolicy(),
    create_only=frozenset({"TopicArn"}),
)
