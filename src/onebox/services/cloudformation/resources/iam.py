"""AWS::IAM::Role, AWS::IAM::Policy and AWS::IAM::ManagedPolicy. Policies are for roles: onebox has no users or groups.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import create_or_adopt, ignore_gone, means_gone
from onebox.services.cloudformation.resources.shapes import INTEGER, JSON, TAGS, TEXT, TEXTS, ListOf, Record
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
        await _apply_role_policies(client, new.name, {}, new.properties)
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
        await _apply_role_policies(client, old.physical_id, before, properties)
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("iam", "TagRole", {**role, "Tags": tag_list(fresh)}),
            lambda keys: client.call("iam", "UntagRole", {**role, "TagKeys": keys}),
        )
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await _apply_role_policies(client, old.physical_id, old.properties, {})
        await client.call("iam", "DeleteRole", {"RoleName": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        role = {"RoleName": old.physical_id}
        try:
            live = (await client.call("iam", "GetRole", role))["Role"]
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        attached = (await client.call("iam", "ListAttachedRolePolicies", role)).get("AttachedPolicies", [])
        names = (await client.call("iam", "ListRolePolicies", role)).get("PolicyNames", [])
        own = {policy["PolicyName"] for policy in old.properties.get("Policies", [])}
        policies = []
        for name in names:
            if name in own:
                answer = await client.call("iam", "GetRolePolicy", {**role, "PolicyName": name})
                policies.append({"PolicyName": name, "PolicyDocument": _document(answer["PolicyDocument"])})
        properties: Wire = {
            "RoleName": live["RoleName"],
            "Path": live["Path"],
            "AssumeRolePolicyDocument": _document(live["AssumeRolePolicyDocument"]),
            "ManagedPolicyArns": [policy["PolicyArn"] for policy in attached],
            "Policies": policies,
        }
        return properties | {k: live[k] for k in ("Description", "MaxSessionDuration") if live.get(k)}


class _InlinePolicy:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(new.name)
        await _put_inline(client, new.properties)
        return {"Id": new.name}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _put_inline(client, properties)
        await _delete_inline(client, old.properties, keep=properties)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await _delete_inline(client, old.properties, keep={})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        live = old.properties
        for name in old.properties.get("Roles", []):
            request = {"RoleName": name, "PolicyName": old.properties["PolicyName"]}
            try:
                answer = await client.call("iam", "GetRolePolicy", request)
            except AwsError as error:
                if means_gone(error):
                    return None
                raise
            document = _document(answer["PolicyDocument"])
            if document != old.properties["PolicyDocument"]:
                live = {**live, "PolicyDocument": document}
        return live


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
            "PolicyDocument": _document(version["Document"]),
        }


async def _apply_role_policies(client: Client, name: str, old: Wire, new: Wire) -> None:
    """Attach and detach managed policies, put and delete inline ones. Repeatable."""
    role = {"RoleName": name}
    before, after = old.get("ManagedPolicyArns", []), new.get("ManagedPolicyArns", [])
    for policy_arn in after:
        await client.call("iam", "AttachRolePolicy", {**role, "PolicyArn": policy_arn})
    for policy_arn in before:
        if policy_arn not in after:
            await ignore_gone(client.call("iam", "DetachRolePolicy", {**role, "PolicyArn": policy_arn}))
    inline = {policy["PolicyName"]: policy["PolicyDocument"] for policy in new.get("Policies", [])}
    for policy_name, document in inline.items():
        request = {**role, "PolicyName": policy_name, "PolicyDocument": json.dumps(document)}
        await client.call("iam", "PutRolePolicy", request)
    for policy in old.get("Policies", []):
        if policy["PolicyName"] not in inline:
            await ignore_gone(client.call("iam", "DeleteRolePolicy", {**role, "PolicyName": policy["PolicyName"]}))


async def _put_inline(client: Client, properties: Wire) -> None:
    document = json.dumps(properties["PolicyDocument"])
    for name in properties.get("Roles", []):
        request = {"RoleName": name, "PolicyName": properties["PolicyName"], "PolicyDocument": document}
        await client.call("iam", "PutRolePolicy", request)


async def _delete_inline(client: Client, old: Wire, keep: Wire) -> None:
    kept = keep.get("Roles", []) if keep.get("PolicyName") == old["PolicyName"] else []
    for name in old.get("Roles", []):
        if name not in kept:
            request = {"RoleName": name, "PolicyName": old["PolicyName"]}
            await ignore_gone(client.call("iam", "DeleteRolePolicy", request))


async def _attach_all(client: Client, policy_arn: str, old: Wire, new: Wire) -> None:
    after = new.get("Roles", [])
    for name in after:
        await client.call("iam", "AttachRolePolicy", {"RoleName": name, "PolicyArn": policy_arn})
    for name in old.get("Roles", []):
        if name not in after:
            await ignore_gone(client.call("iam", "DetachRolePolicy", {"RoleName": name, "PolicyArn": policy_arn}))


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


async def _role_tags(client: Client, name: str) -> dict[str, str]:
    answer = await client.call("iam", "ListRoleTags", {"RoleName": name})
    return {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}


async def _policy_tags(client: Client, policy_arn: str) -> dict[str, str]:
    answer = await client.call("iam", "ListPolicyTags", {"PolicyArn": policy_arn})
    return {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}


def _document(text: Any) -> Any:
    """IAM answers documents URL-encoded."""
    return json.loads(unquote(text)) if isinstance(text, str) else text


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
            "Policies": ListOf(
                Record({"PolicyDocument": JSON, "PolicyName": TEXT}, required=("PolicyDocument", "PolicyName"))
            ),
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

POLICY = ResourceType(
    name="AWS::IAM::Policy",
    schema=Record(
        {"PolicyDocument": JSON, "PolicyName": TEXT, "Roles": TEXTS}, required=("PolicyDocument", "PolicyName")
    ),
    lifecycle=_InlinePolicy(),
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
            "Roles": TEXTS,
        },
        required=("PolicyDocument",),
    ),
    lifecycle=_ManagedPolicy(),
    create_only=frozenset({"Description", "ManagedPolicyName", "Path"}),
    attributes=frozenset({"PolicyArn", "PolicyId"}),
    naming=Naming("ManagedPolicyName", characters_max=128),
    taggable=True,
)
