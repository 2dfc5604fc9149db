"""AWS::IAM::ServiceLinkedRole.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-servicelinkedrole.html
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import means_gone
from onebox.services.cloudformation.resources.shapes import TEXT, Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    NewResource,
    ResourceType,
    pick,
)
from onebox.services.context import Wire


class _ServiceLinkedRole:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = pick(new.properties, "AWSServiceName", "CustomSuffix", "Description")
        role = (await client.call("iam", "CreateServiceLinkedRole", request))["Role"]
        await new.initiated(role["RoleName"])
        return {"RoleName": role["RoleName"]}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        request = {"RoleName": old.physical_id, "Description": properties.get("Description", "")}
        await client.call("iam", "UpdateRole", request)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("iam", "DeleteServiceLinkedRole", {"RoleName": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            live = (await client.call("iam", "GetRole", {"RoleName": old.physical_id}))["Role"]
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        return pick(old.properties, "AWSServiceName", "CustomSuffix") | pick(live, "Description")


SERVICE_LINKED_ROLE = ResourceType(
    name="AWS::IAM::ServiceLinkedRole",
    schema=Record({"AWSServiceName": TEXT, "CustomSuffix": TEXT, "Description": TEXT}, required=("AWSServiceName",)),
    lifecycle=_ServiceLinkedRole(),
    create_only=frozenset({"AWSServiceName", "CustomSuffix"}),
    attributes=frozenset({"RoleName"}),
)
