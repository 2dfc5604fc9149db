"""AWS::IAM::Role and AWS::IAM::InstanceProfile.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

from __future__ import annotations

import json

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import create_or_adopt, ignore_gone, means_gone
from onebox.services.cloudformation.resources.iam_principals import (
    INLINE_POLICIES,
    apply_policies,
    read_document,
    read_policies,
    tags_of,
)
from onebox.services.cloudformation.resources.shapes import INTEGER, JSON, TAGS, TEXT, TEXTS, Record
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    tag_list,
)
from onebox.services.context import Wire


class _Role:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = {
            "RoleName": new.name,
            "AssumeRolePolicyDocument": json.dumps(new.properties["AssumeRolePolicyDocument"]),
            "Tags": tag_list(new.tags),
        }
        for name in ("Description", "MaxSessionDuration", "Path", "PermissionsBoundary"):
            if name in new.properties:
                request[name] = new.properties[name]
        await create_or_adopt(
            "AWS::IAM::Role",
            new,
            lambda: client.call("iam", "CreateRole", request),
            lambda: _role_tags(client, new.name),
        )
        await new.initiated(new.name)
        await apply_policies(client, "Role", new.name, {}, new.properties)
        role = (await client.call("iam", "GetRole", {"RoleName": new.name}))["Role"]
        return {"Arn": role["Arn"], "RoleId": role["RoleId"]}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        role = {"RoleName": old.physical_id}
        before = old.properties
        if before["AssumeRolePolicyDocument"] != properties["AssumeRolePolicyDocument"]:
            request = {**role, "PolicyDocument": json.dumps(properties["AssumeRolePolicyDocument"])}
            await client.call("iam", "UpdateAssumeRolePolicy", request)
        settings = {"Description": "", "MaxSessionDuration": 3600}
        if any(before.get(name) != properties.get(name) for name in settings):
            wanted = {name: properties.get(name, fallback) for name, fallback in settings.items()}
            await client.call("iam", "UpdateRole", {**role, **wanted})
        if before.get("PermissionsBoundary") != properties.get("PermissionsBoundary"):
            if "PermissionsBoundary" in properties:
                request = {**role, "PermissionsBoundary": properties["PermissionsBoundary"]}
                await client.call("iam", "PutRolePermissionsBoundary", request)
            else:
                await client.call("iam", "DeleteRolePermissionsBoundary", role)
        await apply_policies(client, "Role", old.physical_id, before, properties)
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("iam", "TagRole", {**role, "Tags": tag_list(fresh)}),
            lambda keys: client.call("iam", "UntagRole", {**role, "TagKeys": keys}),
        )
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await apply_policies(client, "Role", old.physical_id, old.properties, {})
        await client.call("iam", "DeleteRole", {"RoleName": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        role = {"RoleName": old.physical_id}
        try:
            live = (await client.call("iam", "GetRole", role))["Role"]
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        properties: Wire = {
            "RoleName": live["RoleName"],
            "Path": live["Path"],
            "AssumeRolePolicyDocument": read_document(live["AssumeRolePolicyDocument"]),
            **await read_policies(client, "Role", old.physical_id, old.properties),
        }
        return properties | {k: live[k] for k in ("Description", "MaxSessionDuration") if live.get(k)}


class _InstanceProfile:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = {"InstanceProfileName": new.name, "Path": new.properties.get("Path", "/"), "Tags": tag_list(new.tags)}
        await create_or_adopt(
            "AWS::IAM::InstanceProfile",
            new,
            lambda: client.call("iam", "CreateInstanceProfile", request),
            lambda: _profile_tags(client, new.name),
        )
        await new.initiated(new.name)
        await _apply_roles(client, new.name, new.properties["Roles"])
        answer = await client.call("iam", "GetInstanceProfile", {"InstanceProfileName": new.name})
        return {"Arn": answer["InstanceProfile"]["Arn"]}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _apply_roles(client, old.physical_id, properties["Roles"])
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await _apply_roles(client, old.physical_id, [])
        await client.call("iam", "DeleteInstanceProfile", {"InstanceProfileName": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            answer = await client.call("iam", "GetInstanceProfile", {"InstanceProfileName": old.physical_id})
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        live = answer["InstanceProfile"]
        return {
            "InstanceProfileName": live["InstanceProfileName"],
            "Path": live["Path"],
            "Roles": [role["RoleName"] for role in live["Roles"]],
        }


async def _apply_roles(client: Client, name: str, wanted: list[str]) -> None:
    profile = {"InstanceProfileName": name}
    answer = await client.call("iam", "GetInstanceProfile", profile)
    live = [role["RoleName"] for role in answer["InstanceProfile"]["Roles"]]
    for role in live:
        if role not in wanted:
            await ignore_gone(client.call("iam", "RemoveRoleFromInstanceProfile", {**profile, "RoleName": role}))
    for role in wanted:
        if role not in live:
            await client.call("iam", "AddRoleToInstanceProfile", {**profile, "RoleName": role})


async def _profile_tags(client: Client, name: str) -> dict[str, str]:
    return tags_of(await client.call("iam", "ListInstanceProfileTags", {"InstanceProfileName": name}))


async def _role_tags(client: Client, name: str) -> dict[str, str]:
    return tags_of(await client.call("iam", "ListRoleTags", {"RoleName": name}))


ROLE = ResourceType(
    name="AWS::IAM::Role",
    schema=Record(
        {
            "AssumeRolePolicyDocument": JSON,
            "Description": TEXT,
            "ManagedPolicyArns": TEXTS,
            "MaxSessionDuration": INTEGER,
            "Path": TEXT,
            "PermissionsBoundary": TEXT,
            "Policies": INLINE_POLICIES,
            "RoleName": TEXT,
            "Tags": TAGS,
        },
        required=("AssumeRolePolicyDocument",),
    ),
    lifecycle=_Role(),
    create_only=frozenset({"RoleName", "Path"}),
    attributes=frozenset({"Arn", "RoleId"}),
    naming=Naming("RoleName", characters_max=64),
    taggable=True,
)

INSTANCE_PROFILE = ResourceType(
    name="AWS::IAM::InstanceProfile",
    schema=Record({"InstanceProfileName": TEXT, "Path": TEXT, "Roles": TEXTS}, required=("Roles",)),
    lifecycle=_InstanceProfile(),
    create_only=frozenset({"InstanceProfileName", "Path"}),
    attributes=frozenset({"Arn"}),
    naming=Naming("InstanceProfileName", characters_max=128),
    taggable=True,
)
