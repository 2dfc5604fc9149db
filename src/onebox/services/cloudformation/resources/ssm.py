"""AWS::SSM::Parameter.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ssm-parameter.html
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import create_or_adopt, means_gone
from onebox.services.cloudformation.resources.shapes import TEXT, MapOf, Record
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    changed,
    pick,
    tag_list,
    tag_map,
)
from onebox.services.context import Wire

_SETTINGS = ("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value")


class _Parameter:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = {"Name": new.name, **pick(new.properties, *_SETTINGS), "Tags": tag_list(new.tags)}
        await create_or_adopt(
            "AWS::SSM::Parameter",
            new,
            lambda: client.call("ssm", "PutParameter", request),
            lambda: _tags(client, new.name),
        )
        await new.initiated(new.name)
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        if changed(old.properties, properties, *_SETTINGS):
            cleared = [name for name in ("AllowedPattern", "Description") if name in old.properties]
            settings = dict.fromkeys(cleared, "") | pick(properties, *_SETTINGS)
            request = {"Name": old.physical_id, **settings, "Overwrite": True}
            await client.call("ssm", "PutParameter", request)
        tagged = _tagged(old.physical_id)
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("ssm", "AddTagsToResource", {**tagged, "Tags": tag_list(fresh)}),
            lambda keys: client.call("ssm", "RemoveTagsFromResource", {**tagged, "TagKeys": keys}),
        )
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("ssm", "DeleteParameter", {"Name": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            live = (await client.call("ssm", "GetParameter", {"Name": old.physical_id}))["Parameter"]
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        return pick(live, "Name", "Type", "Value", "DataType")


def _tagged(name: str) -> Wire:
    return {"ResourceType": "Parameter", "ResourceId": name}


async def _tags(client: Client, name: str) -> dict[str, str]:
    answer = await client.call("ssm", "ListTagsForResource", _tagged(name))
    return tag_map(answer["TagList"])


PARAMETER = ResourceType(
    name="AWS::SSM::Parameter",
    schema=Record(
        {
            "AllowedPattern": TEXT,
            "DataType": TEXT,
            "Description": TEXT,
            "Name": TEXT,
            "Policies": TEXT,
            "Tags": MapOf(TEXT),
            "Tier": TEXT,
            "Type": TEXT,
            "Value": TEXT,
        },
        required=("Type", "Value"),
    ),
    lifecycle=_Parameter(),
    create_only=frozenset({"Name", "Type"}),
    naming=Naming("Name", characters_max=200),
    taggable=True,
)
