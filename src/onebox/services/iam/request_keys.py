"""The condition keys that every request has: AWS's «global condition context keys».

Promises: pure. A key that AWS leaves out is left out here: ``aws:username`` for roles, ``aws:TokenIssueTime`` and
``aws:MultiFactorAuthPresent`` for long-term credentials, ``aws:CalledVia`` for the client's own requests. A request
from the machine itself counts as ``aws:SecureTransport``.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from ipaddress import ip_address

from onebox.services.context import ANONYMOUS, Principal, RequestContext

GLOBAL_CONDITION_KEYS = (
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalTag/…",
    "aws:PrincipalType",
    "aws:Referer",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:SecureTransport",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:userid",
    "aws:username",
)
"""For docs/security.md; a test compares them with what :func:`find_request_keys` gives."""


def find_request_keys(
    context: RequestContext, resource: str, tags: Mapping[str, str]
) -> dict[str, str | Iterable[str]]:
    """The keys of a request for one resource. ``tags`` are those of the user, or of the role and its session."""
    principal = context.principal
    keys: dict[str, str | Iterable[str]] = {
        "aws:SourceIp": context.source_ip,
        "aws:RequestedRegion": context.region,
        "aws:SecureTransport": "true" if _is_loopback(context.source_ip) else "false",
        "aws:ViaAWSService": "false" if context.called_via is None else "true",
        "aws:PrincipalIsAWSService": "false",
        "aws:EpochTime": str(context.now_ms // 1000),
        "aws:CurrentTime": _iso(context.now_ms),
        "aws:PrincipalType": principal_type(principal),
    }
    if principal is not ANONYMOUS:
        keys["aws:PrincipalAccount"] = principal.account
        keys["aws:PrincipalArn"] = principal.entity_arn or principal.arn
        keys["aws:userid"] = principal.user_id
    parts = resource.split(":", 5)
    if len(parts) == 6 and parts[4]:
        keys["aws:ResourceAccount"] = parts[4]
    for name, header in (("aws:UserAgent", "user-agent"), ("aws:Referer", "referer")):
        if header in context.headers:
            keys[name] = context.headers[header]
    keys.update({f"aws:PrincipalTag/{name}": value for name, value in tags.items()})
    return keys | _session_keys(principal) | _via_keys(context.called_via)


def principal_type(principal: Principal) -> str:
    """``User``, ``AssumedRole``, ``FederatedUser``, ``Account`` or ``Anonymous``."""
    if principal is ANONYMOUS:
        return "Anonymous"
    resource = principal.arn.rpartition(":")[2]
    kinds = {"user": "User", "assumed-role": "AssumedRole", "federated-user": "FederatedUser"}
    return kinds.get(resource.partition("/")[0], "Account")


def _is_loopback(source_ip: str) -> bool:
    """Whether the request came from this machine. Nobody can listen to such a connection, and a TLS proxy before the
    port runs on the machine. Else every policy that asks for TLS, as most tools write them, would refuse all requests.
    """
    address = ip_address(source_ip)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _session_keys(principal: Principal) -> dict[str, str | Iterable[str]]:
    keys: dict[str, str | Iterable[str]] = {}
    if principal_type(principal) == "User":
        keys["aws:username"] = principal.arn.rpartition("/")[2]
    if principal.issued_at_ms is not None:
        keys["aws:TokenIssueTime"] = _iso(principal.issued_at_ms)
        keys["aws:MultiFactorAuthPresent"] = "false"
    if principal.source_identity is not None:
        keys["aws:SourceIdentity"] = principal.source_identity
    return keys


def _via_keys(service: str | None) -> dict[str, str | Iterable[str]]:
    if service is None:
        return {}
    return {"aws:CalledVia": (service,), "aws:CalledViaFirst": service, "aws:CalledViaLast": service}


def _iso(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
