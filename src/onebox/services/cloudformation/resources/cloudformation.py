"""AWS::CDK::Metadata, AWS::CloudFormation::WaitConditionHandle and AWS::CloudFormation::WaitCondition.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
"""

from __future__ import annotations

import json

from onebox.services.cloudformation.resources.shapes import INTEGER, TEXT, Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    NewResource,
    PlainFailure,
    ResourceType,
)
from onebox.services.context import Wire

_TIMEOUT_S_MAX = 43_200


class _WaitConditionHandle:
    """The address at which signals are taken; also of use as a resource that does nothing."""

    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(await client.open_callback())
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.close_callback(old.physical_id)

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        return {}


class _WaitCondition:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(new.name)
        count = int(new.properties.get("Count", 1))
        timeout_s = min(int(new.properties.get("Timeout", 0)), _TIMEOUT_S_MAX)
        signals = await client.wait_for_callback(new.properties["Handle"], count, timeout_s)
        for signal in signals:
            if signal.get("Status") != "SUCCESS":
                raise PlainFailure(
                    f"WaitCondition received failed message: '{signal.get('Reason', '')}' for uniqueId: "
                    f"{signal.get('UniqueId', '')}"
                )
        data = {str(signal.get("UniqueId", "")): signal.get("Data", "") for signal in signals}
        if len(signals) < count:
            raise PlainFailure(f"WaitCondition timed out. Received {len(signals)} conditions when expecting {count}")
        return {"Data": json.dumps(data, separators=(",", ":"))}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        raise PlainFailure("Update to resource type AWS::CloudFormation::WaitCondition is not supported.")

    async def delete(self, client: Client, old: LiveResource) -> None:
        """Only the handle has something to end."""

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        return old.properties


WAIT_CONDITION_HANDLE = ResourceType(
    name="AWS::CloudFormation::WaitConditionHandle", schema=Record({}), lifecycle=_WaitConditionHandle()
)

WAIT_CONDITION = ResourceType(
    name="AWS::CloudFormation::WaitCondition",
    schema=Record({"Count": INTEGER, "Handle": TEXT, "Timeout": INTEGER}, required=("Handle", "Timeout")),
    lifecycle=_WaitCondition(),
    attributes=frozenset({"Data"}),
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
