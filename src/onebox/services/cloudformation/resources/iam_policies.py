"""AWS::IAM::ManagedPolicy, AWS::IAM::Policy, and AWS::IAM::RolePolicy, UserPolicy and GroupPolicy.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

from __future__ import annotations

import json

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import create_or_adopt, ignore_gone, means_gone
from onebox.services.cloudformation.resources.iam_principals import (
    KINDS,
    delete_policy,
    find_policy,
    named,
    put_policy,
    read_document,
    tags_of,
)
from onebox.services.cloudformation.resources.shapes import JSON, TEXT, TEXTS, Record
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    global_arn,
    tag_list,
)
from onebox.services.context import Wire

_VERSIONS_MAX = 5
"""Versions a managed policy may have."""


class _Policy:
    """One inline policy of any number of users, groups and roles."""

    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(new.name)
        await _put_everywhere(client, new.properties)
        return {"Id": new.name}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _put_everywhere(client, properties)
        await _delete_everywhere(client, old.properties, keep=properties)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await _delete_everywhere(client, old.properties, keep={})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        live = old.properties
        for prop, kind in KINDS.items():
            for name in old.properties.get(prop, []):
                document = await find_policy(client, kind, name, old.properties["PolicyName"])
                if document is None:
                    return None
                if document != old.properties["PolicyDocument"]:
                    live = {**live, "PolicyDocument": document}
        return live


async def _put_everywhere(client: Client, properties: Wire) -> None:
    for prop, kind in KINDS.items():
        for name in properties.get(prop, []):
            await put_policy(client, kind, name, properties["PolicyName"], properties["PolicyDocument"])


async def _delete_everywhere(client: Client, old: Wire, keep: Wire) -> None:
    for prop, kind in KINDS.items():
        kept = keep.get(prop, []) if keep.get("PolicyName") == old["PolicyName"] else []
        for name in old.get(prop, []):
            if name not in kept:
                await delete_policy(client, kind, name, old["PolicyName"])


class _SinglePolicy:
    """One inline policy of one principal."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    async def create(self, client: Client, new: NewResource) -> Attributes:
        owner, policy_name = self._names(new.properties)
        await new.initiated(f"{policy_name}|{owner}")
        await self._put(client, new.properties)
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await self._put(client, properties)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await delete_policy(client, self._kind, *self._names(old.properties))

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        document = await find_policy(client, self._kind, *self._names(old.properties))
        return None if document is None else {**old.properties, "PolicyDocument": document}

    async def _put(self, client: Client, properties: Wire) -> None:
        if "PolicyDocument" in properties:
            owner, policy_name = self._names(properties)
            await put_policy(client, self._kind, owner, policy_name, properties["PolicyDocument"])

    def _names(self, properties: Wire) -> tuple[str, str]:
        return properties[f"{self._kind}Name"], properties["PolicyName"]


class _ManagedPolicy:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        path = new.properties.get("Path", "/")
        policy_arn = global_arn(client, "iam", f"policy{path}{new.name}")
        request = {
            "PolicyName": new.name,
            "PolicyDocument": json.dumps(new.properties["PolicyDocument"]),
            "Path": path,
            "Tags": tag_list(new.tags),
        }
        if "Description" in new.properties:
            request["Description"] = new.properties["Description"]
        await create_or_adopt(
            "AWS::IAM::ManagedPolicy",
            new,
            lambda: client.call("iam", "CreatePolicy", request),
            lambda: _policy_tags(client, policy_arn),
        )
        await new.initiated(policy_arn)
        await _attach_all(client, policy_arn, {}, new.properties)
        policy = (await client.call("iam", "GetPolicy", {"PolicyArn": policy_arn}))["Policy"]
        return {"PolicyArn": policy_arn, "PolicyId": policy.get("PolicyId", "")}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        policy = {"PolicyArn": old.physical_id}
        if old.properties["PolicyDocument"] != properties["PolicyDocument"]:
            await _make_room_for_version(client, old.physical_id)
            document = json.dumps(properties["PolicyDocument"])
            request = {**policy, "PolicyDocument": document, "SetAsDefault": True}
            await client.call("iam", "CreatePolicyVersion", request)
        await _attach_all(client, old.physical_id, old.properties, properties)
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("iam", "TagPolicy", {**policy, "Tags": tag_list(fresh)}),
            lambda keys: client.call("iam", "UntagPolicy", {**policy, "TagKeys": keys}),
        )
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await _attach_all(client, old.physical_id, old.properties, {})
        for version in await _versions(client, old.physical_id):
            if not version["IsDefaultVersion"]:
                await _delete_version(client, old.physical_id, version)
        await client.call("iam", "DeletePolicy", {"PolicyArn": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        policy = {"PolicyArn": old.physical_id}
        try:
            live = (await client.call("iam", "GetPolicy", policy))["Policy"]
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        request = {**policy, "VersionId": live["DefaultVersionId"]}
        version = (await client.call("iam", "GetPolicyVersion", request))["PolicyVersion"]
        return {
            "ManagedPolicyName": live["PolicyName"],
            "Path": live["Path"],
            "PolicyDocument": read_document(version["Document"]),
        }


async def _attach_all(client: Client, policy_arn: str, old: Wire, new: Wire) -> None:
    for prop, kind in KINDS.items():
        after = new.get(prop, [])
        for name in after:
            await client.call("iam", f"Attach{kind}Policy", {**named(kind, name), "PolicyArn": policy_arn})
        for name in old.get(prop, []):
            if name not in after:
                request = {**named(kind, name), "PolicyArn": policy_arn}
                await ignore_gone(client.call("iam", f"Detach{kind}Policy", request))


async def _versions(client: Client, policy_arn: str) -> list[Wire]:
    answer = await client.call("iam", "ListPolicyVersions", {"PolicyArn": policy_arn})
    return list(answer.get("Versions", []))


async def _make_room_for_version(client: Client, policy_arn: str) -> None:
    versions = await _versions(client, policy_arn)
    if len(versions) >= _VERSIONS_MAX:
        oldest = min(
            (version for version in versions if not version["IsDefaultVersion"]),
            key=lambda version: int(version["VersionId"].lstrip("v")),
        )
        await _delete_version(client, policy_arn, oldest)


async def _delete_version(client: Client, policy_arn: str, version: Wire) -> None:
    request = {"PolicyArn": policy_arn, "VersionId": version["VersionId"]}
    await client.call("iam", "DeletePolicyVersion", request)


async def _policy_tags(client: Client, policy_arn: str) -> dict[str, str]:
    return tags_of(await client.call("iam", "ListPolicyTags", {"PolicyArn": policy_arn}))


POLICY = ResourceType(
    name="AWS::IAM::Policy",
    schema=Record(
        {"PolicyDocument": JSON, "PolicyName": TEXT, **dict.fromkeys(KINDS, TEXTS)},
        required=("PolicyDocument", "PolicyName"),
    ),
    lifecycle=_Policy(),
    attributes=frozenset({"Id"}),
)

MANAGED_POLICY = ResourceType(
    name="AWS::IAM::ManagedPolicy",
    schema=Record(
        {
            "Description": TEXT,
            "ManagedPolicyName": TEXT,
            "Path": TEXT,
            "PolicyDocument": JSON,
            **dict.fromkeys(KINDS, TEXTS),
        },
        required=("PolicyDocument",),
    ),
    lifecycle=_ManagedPolicy(),
    create_only=frozenset({"Description", "ManagedPolicyName", "Path"}),
    attributes=frozenset({"PolicyArn", "PolicyId"}),
    naming=Naming("ManagedPolicyName", characters_max=128),
    taggable=True,
)


def _single_policy(kind: str) -> ResourceType:
    owner = f"{kind}Name"
    return ResourceType(
        name=f"AWS::IAM::{kind}Policy",
        schema=Record({"PolicyDocument": JSON, "PolicyName": TEXT, owner: TEXT}, required=("PolicyName", owner)),
        lifecycle=_SinglePolicy(kind),
        create_only=frozenset({"PolicyName", owner}),
    )


ROLE_POLICY = _single_policy("Role")
USER_POLICY = _single_policy("User")
GROUP_POLICY = _single_policy("Group")
