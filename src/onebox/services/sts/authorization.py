"""The rights that a request to STS requires: the action on the role to be assumed.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.policy import Statement, compile_policy
from onebox.services.registry import Access
from onebox.services.sts.core import Core
from onebox.services.sts.validation import parse_role_arn

CONDITION_KEYS = (
    "aws:RequestTag/…",
    "aws:ResourceTag/…",
    "aws:TagKeys",
    "iam:ResourceTag/…",
    "sts:DurationSeconds",
    "sts:ExternalId",
    "sts:RoleSessionName",
    "sts:SourceIdentity",
    "sts:TransitiveTagKeys",
)

# They need no right on AWS.
_UNPROTECTED = frozenset(("GetCallerIdentity", "GetSessionToken"))
_MEMBER_KEYS = {
    "ExternalId": "sts:ExternalId",
    "RoleSessionName": "sts:RoleSessionName",
    "SourceIdentity": "sts:SourceIdentity",
}


def required_access(core: Core, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action, and for AssumeRole those of what the new session is given besides."""
    if operation in _UNPROTECTED:
        return []
    if operation != "AssumeRole":
        return [Access(f"sts:{operation}", "*")]
    # AWS judges the ARN before any right.
    parse_role_arn(request["RoleArn"])
    find_keys = partial(find_condition_keys, core, request)
    find_trust = partial(_find_trust_policy, core, request)
    return [Access(action, request["RoleArn"], find_keys, find_trust) for action in needed_actions(request)]


def needed_actions(request: Wire) -> list[str]:
    """The actions of an AssumeRole request: its own, and those of the tags and the source identity that it sets."""
    actions = ["sts:AssumeRole"]
    if request.get("Tags"):
        actions.append("sts:TagSession")
    if "SourceIdentity" in request:
        actions.append("sts:SetSourceIdentity")
    return actions


def _find_trust_policy(core: Core, request: Wire) -> Sequence[Statement]:
    """The role's trust policy: within an account it is enough that it names the caller."""
    role = core.iam.find_role(parse_role_arn(request["RoleArn"]).account, request["RoleArn"])
    return compile_policy(role.trust_policy) if role else ()


def find_condition_keys(core: Core, request: Wire) -> dict[str, str | Iterable[str]]:
    """STS's own keys of an AssumeRole request, for policies of the caller and of the role."""
    keys: dict[str, str | Iterable[str]] = {
        key: request[member] for member, key in _MEMBER_KEYS.items() if member in request
    }
    keys["sts:DurationSeconds"] = str(request.get("DurationSeconds", 3600))
    tags = request.get("Tags") or []
    if tags:
        keys.update({f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in tags})
        keys["aws:TagKeys"] = [tag["Key"] for tag in tags]
    if request.get("TransitiveTagKeys"):
        keys["sts:TransitiveTagKeys"] = list(request["TransitiveTagKeys"])
    parts = request["RoleArn"].split(":", 5)
    role = core.iam.find_role(parts[4], request["RoleArn"]) if len(parts) == 6 else None
    for name, value in (role.tags if role else {}).items():
        keys[f"aws:ResourceTag/{name}"] = keys[f"iam:ResourceTag/{name}"] = value
    return keys
