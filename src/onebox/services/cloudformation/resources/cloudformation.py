"""AWS::CDK::Metadata, and AWS::CloudFormation::WaitConditionHandle as a placeholder in conditions.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-waitconditionhandle.html
"""

from __future__ import annotations

from onebox.services.cloudformation.resources.shapes import Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    NewResource,
    ResourceType,
    arn,
)
from onebox.services.context import Wire


class _WaitConditionHandle:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        handle_arn = arn(client, "cloudformation", f"stack/{new.name}")
        await new.initiated(f"https://cloudformation-waitcondition-{client.region}.s3.amazonaws.com/{handle_arn}")
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        """Nothing stands behind it."""

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        return {}


WAIT_CONDITION_HANDLE = ResourceType(
    name="AWS::CloudFormation::WaitConditionHandle", schema=Record({}), lifecycle=_WaitConditionHandle()
)


class _Metadata:
    """Nothing is created: the resource only tells AWS which version of the CDK wrote the template."""

    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(new.name)
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        """Nothing was created."""

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        return old.properties


CDK_METADATA = ResourceType(name="AWS::CDK::Metadata", schema=Record({}, is_open=True), lifecycle=_Metadata())
