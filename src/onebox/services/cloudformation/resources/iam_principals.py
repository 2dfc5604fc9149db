"""What IAM's resource types share: users, groups and roles have the same operations for policies under other names.

AWS: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import ignore_gone, means_gone
from onebox.services.cloudformation.resources.shapes import JSON, TEXT, ListOf, Record
from onebox.services.cloudformation.resources.types import Client, tag_map
from onebox.services.context import Wire

KINDS = {"Users": "User", "Groups": "Group", "Roles": "Role"}
"""A policy's property that lists names, and the kind of principal in the names of IAM's operations."""

INLINE_POLICIES = ListOf(
    Record({"PolicyDocument": JSON, "PolicyName": TEXT}, required=("PolicyDocument", "PolicyName"))
)


def named(kind: str, name: str) -> Wire:
    """The member that names a principal: ``{"RoleName": name}``."""
    return {f"{kind}Name": name}


async def apply_policies(client: Client, kind: str, name: str, old: Wire, new: Wire) -> None:
    """Bring ManagedPolicyArns and Policies of a principal from ``old`` to ``new``. Repeatable."""
    principal = named(kind, name)
    before, after = old.get("ManagedPolicyArns", []), new.get("ManagedPolicyArns", [])
    for policy_arn in after:
        await client.call("iam", f"Attach{kind}Policy", {**principal, "PolicyArn": policy_arn})
    for policy_arn in before:
        if policy_arn not in after:
            await ignore_gone(client.call("iam", f"Detach{kind}Policy", {**principal, "PolicyArn": policy_arn}))
    inline = {policy["PolicyName"]: policy["PolicyDocument"] for policy in new.get("Policies", [])}
    for policy_name, document in inline.items():
        await put_policy(client, kind, name, policy_name, document)
    for policy in old.get("Policies", []):
        if policy["PolicyName"] not in inline:
            await delete_policy(client, kind, name, policy["PolicyName"])


async def read_policies(client: Client, kind: str, name: str, old: Wire) -> Wire:
    """ManagedPolicyArns, and those inline policies that ``old`` declares, as they are now."""
    principal = named(kind, name)
    attached = (await client.call("iam", f"ListAttached{kind}Policies", principal)).get("AttachedPolicies", [])
    names = (await client.call("iam", f"List{kind}Policies", principal)).get("PolicyNames", [])
    own = {policy["PolicyName"] for policy in old.get("Policies", [])}
    policies = []
    for policy_name in names:
        if policy_name in own:
            answer = await client.call("iam", f"Get{kind}Policy", {**principal, "PolicyName": policy_name})
            policies.append({"PolicyName": policy_name, "PolicyDocument": read_document(answer["PolicyDocument"])})
    return {"ManagedPolicyArns": [policy["PolicyArn"] for policy in attached], "Policies": policies}


async def put_policy(client: Client, kind: str, name: str, policy_name: str, document: Any) -> None:
    """Put an inline policy."""
    request = {**named(kind, name), "PolicyName": policy_name, "PolicyDocument": json.dumps(document)}
    await client.call("iam", f"Put{kind}Policy", request)


async def delete_policy(client: Client, kind: str, name: str, policy_name: str) -> None:
    """Delete an inline policy; one that is gone is deleted already."""
    request = {**named(kind, name), "PolicyName": policy_name}
    await ignore_gone(client.call("iam", f"Delete{kind}Policy", request))


async def find_policy(client: Client, kind: str, name: str, policy_name: str) -> Any | None:
    """The document of an inline policy, None if there is none."""
    try:
        answer = await client.call("iam", f"Get{kind}Policy", {**named(kind, name), "PolicyName": policy_name})
    except AwsError as error:
        if means_gone(error):
            return None
        raise
    return read_document(answer["PolicyDocument"])


def read_document(text: Any) -> Any:
    """IAM answers documents URL-encoded."""
    return json.loads(unquote(text)) if isinstance(text, str) else text


def tags_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a List…Tags answer."""
    return tag_map(answer.get("Tags", []))
