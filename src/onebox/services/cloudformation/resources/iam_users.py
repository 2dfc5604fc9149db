"""AWS::IAM::User, AWS::IAM::Group, AWS::IAM::UserToGroupAddition and AWS::IAM::AccessKey.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import (
    ResourceExists,
    create_or_adopt,
    ignore_gone,
    means_exists,
    means_gone,
)
from onebox.services.cloudformation.resources.iam_principals import (
    INLINE_POLICIES,
    apply_policies,
    read_policies,
    tags_of,
)
from onebox.services.cloudformation.resources.shapes import INTEGER, TAGS, TEXT, TEXTS, Record
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    pick,
    tag_list,
)
from onebox.services.context import Wire


class _User:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        user = {"UserName": new.name}
        request = {**user, **pick(new.properties, "Path", "PermissionsBoundary"), "Tags": tag_list(new.tags)}
        await create_or_adopt(
            "AWS::IAM::User", new, lambda: client.call("iam", "CreateUser", request), lambda: _tags(client, new.name)
        )
        await new.initiated(new.name)
        await apply_policies(client, "User", new.name, {}, new.properties)
        await _apply_groups(client, new.name, {}, new.properties)
        return {"Arn": (await client.call("iam", "GetUser", user))["User"]["Arn"]}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        user = {"UserName": old.physical_id}
        if old.properties.get("PermissionsBoundary") != properties.get("PermissionsBoundary"):
            if "PermissionsBoundary" in properties:
                request = {**user, "PermissionsBoundary": properties["PermissionsBoundary"]}
                await client.call("iam", "PutUserPermissionsBoundary", request)
            else:
                await client.call("iam", "DeleteUserPermissionsBoundary", user)
        await apply_policies(client, "User", old.physical_id, old.properties, properties)
        await _apply_groups(client, old.physical_id, old.properties, properties)
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("iam", "TagUser", {**user, "Tags": tag_list(fresh)}),
            lambda keys: client.call("iam", "UntagUser", {**user, "TagKeys": keys}),
        )
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await apply_policies(client, "User", old.physical_id, old.properties, {})
        await _apply_groups(client, old.physical_id, old.properties, {})
        await client.call("iam", "DeleteUser", {"UserName": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        user = {"UserName": old.physical_id}
        try:
            live = (await client.call("iam", "GetUser", user))["User"]
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        groups = (await client.call("iam", "ListGroupsForUser", user)).get("Groups", [])
        member_of = {group["GroupName"] for group in groups}
        return {
            **pick(live, "UserName", "Path"),
            # Other resources may add the user to further groups (AWS::IAM::UserToGroupAddition).
            "Groups": [group for group in old.properties.get("Groups", []) if group in member_of],
            **await read_policies(client, "User", old.physical_id, old.properties),
        }


class _Group:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        group = {"GroupName": new.name}
        try:
            await client.call("iam", "CreateGroup", {**group, **pick(new.properties, "Path")})
        except AwsError as error:
            # A group has no tags to tell whose it is: after a restart one of this name counts as created before.
            if not means_exists(error):
                raise
            if not new.resumed:
                raise ResourceExists("AWS::IAM::Group", new.name) from error
        await new.initiated(new.name)
        await apply_policies(client, "Group", new.name, {}, new.properties)
        return {"Arn": (await client.call("iam", "GetGroup", group))["Group"]["Arn"]}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await apply_policies(client, "Group", old.physical_id, old.properties, properties)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await apply_policies(client, "Group", old.physical_id, old.properties, {})
        await client.call("iam", "DeleteGroup", {"GroupName": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            live = (await client.call("iam", "GetGroup", {"GroupName": old.physical_id}))["Group"]
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        policies = await read_policies(client, "Group", old.physical_id, old.properties)
        return {**pick(live, "GroupName", "Path"), **policies}


class _UserToGroupAddition:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(new.name)
        await self._add(client, new.properties)
        return {"Id": new.name}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await self._add(client, properties)
        gone = [user for user in old.properties["Users"] if user not in properties["Users"]]
        await _remove_from_group(client, old.properties["GroupName"], gone)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await _remove_from_group(client, old.properties["GroupName"], old.properties["Users"])

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        group = pick(old.properties, "GroupName")
        try:
            users = (await client.call("iam", "GetGroup", group)).get("Users", [])
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        live = {user["UserName"] for user in users}
        return {**group, "Users": [name for name in old.properties["Users"] if name in live]}

    async def _add(self, client: Client, properties: Wire) -> None:
        for user in properties["Users"]:
            request = {"GroupName": properties["GroupName"], "UserName": user}
            await client.call("iam", "AddUserToGroup", request)


class _AccessKey:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        key = (await client.call("iam", "CreateAccessKey", pick(new.properties, "UserName")))["AccessKey"]
        await new.initiated(key["AccessKeyId"])
        if new.properties.get("Status", "Active") != "Active":
            await self._set_status(client, key["AccessKeyId"], new.properties)
        return {"SecretAccessKey": key["SecretAccessKey"]}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await self._set_status(client, old.physical_id, properties)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        request = {**pick(old.properties, "UserName"), "AccessKeyId": old.physical_id}
        await client.call("iam", "DeleteAccessKey", request)

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        user = pick(old.properties, "UserName")
        try:
            keys = (await client.call("iam", "ListAccessKeys", user)).get("AccessKeyMetadata", [])
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        live = next((key for key in keys if key["AccessKeyId"] == old.physical_id), None)
        return None if live is None else {**user, "Status": live["Status"]}

    async def _set_status(self, client: Client, key_id: str, properties: Wire) -> None:
        request = {**pick(properties, "UserName"), "AccessKeyId": key_id}
        await client.call("iam", "UpdateAccessKey", {**request, "Status": properties.get("Status", "Active")})


async def _apply_groups(client: Client, name: str, old: Wire, new: Wire) -> None:
    for group in new.get("Groups", []):
        await client.call("iam", "AddUserToGroup", {"GroupName": group, "UserName": name})
    for group in old.get("Groups", []):
        if group not in new.get("Groups", []):
            await _remove_from_group(client, group, [name])


async def _remove_from_group(client: Client, group: str, users: list[str]) -> None:
    for user in users:
        request = {"GroupName": group, "UserName": user}
        await ignore_gone(client.call("iam", "RemoveUserFromGroup", request))


async def _tags(client: Client, name: str) -> dict[str, str]:
    return tags_of(await client.call("iam", "ListUserTags", {"UserName": name}))


USER = ResourceType(
    name="AWS::IAM::User",
    schema=Record(
        {
            "Groups": TEXTS,
            "ManagedPolicyArns": TEXTS,
            "Path": TEXT,
            "PermissionsBoundary": TEXT,
            "Policies": INLINE_POLICIES,
            "Tags": TAGS,
            "UserName": TEXT,
        }
    ),
    lifecycle=_User(),
    create_only=frozenset({"UserName", "Path"}),
    attributes=frozenset({"Arn"}),
    naming=Naming("UserName", characters_max=64),
    taggable=True,
)

GROUP = ResourceType(
    name="AWS::IAM::Group",
    schema=Record({"GroupName": TEXT, "ManagedPolicyArns": TEXTS, "Path": TEXT, "Policies": INLINE_POLICIES}),
    lifecycle=_Group(),
    create_only=frozenset({"GroupName", "Path"}),
    attributes=frozenset({"Arn"}),
    naming=Naming("GroupName", characters_max=128),
)

USER_TO_GROUP_ADDITION = ResourceType(
    name="AWS::IAM::UserToGroupAddition",
    schema=Record({"GroupName": TEXT, "Users": TEXTS}, required=("GroupName", "Users")),
    lifecycle=_UserToGroupAddition(),
    create_only=frozenset({"GroupName"}),
    attributes=frozenset({"Id"}),
)

ACCESS_KEY = ResourceType(
    name="AWS::IAM::AccessKey",
    schema=Record({"Serial": INTEGER, "Status": TEXT, "UserName": TEXT}, required=("UserName",)),
    lifecycle=_AccessKey(),
    create_only=frozenset({"Serial", "UserName"}),
    attributes=frozenset({"SecretAccessKey"}),
)
