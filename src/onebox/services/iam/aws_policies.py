"""AWS's own managed policies that concern the services offered here (``aws_policies.json``).

The documents, versions and dates are AWS's. ReadOnlyAccess, ViewOnlyAccess and SecurityAudit name the actions of the
services offered here only. An id that is not known is derived from the name, so it never changes.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/
"""

from __future__ import annotations

import json
from base64 import b32encode
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from onebox.services.iam.model import ManagedPolicy, PolicyVersion

AWS_ACCOUNT = "aws"


def find_aws_policy(arn: str) -> ManagedPolicy | None:
    """The AWS managed policy of this ARN (``arn:aws:iam::aws:policy/…``)."""
    known = _aws_policies().get(arn)
    return known[0] if known else None


def find_aws_policy_version(arn: str) -> PolicyVersion | None:
    """Its default version, the only one kept."""
    known = _aws_policies().get(arn)
    return known[1] if known else None


def list_aws_policies() -> list[ManagedPolicy]:
    """All of them, by name."""
    return [policy for policy, _ in _aws_policies().values()]


@lru_cache(maxsize=1)
def _aws_policies() -> dict[str, tuple[ManagedPolicy, PolicyVersion]]:
    policies = {}
    for entry in json.loads(Path(__file__).with_name("aws_policies.json").read_text("utf-8")):
        version = int(entry["DefaultVersionId"][1:])
        created_at_ms, updated_at_ms = _moment_ms(entry["CreateDate"]), _moment_ms(entry["UpdateDate"])
        policy = ManagedPolicy(
            arn=f"arn:aws:iam::aws:policy{entry['Path']}{entry['PolicyName']}",
            account=AWS_ACCOUNT,
            name=entry["PolicyName"],
            path=entry["Path"],
            policy_id=entry.get("PolicyId") or _derived_id(entry["PolicyName"]),
            description=entry.get("Description"),
            default_version=version,
            newest_version=version,
            tags={},
            created_at_ms=created_at_ms,
            updated_at_ms=updated_at_ms,
        )
        document = json.dumps(entry["Document"], indent=4)
        policies[policy.arn] = (policy, PolicyVersion(version, document, updated_at_ms))
    return policies


def _derived_id(name: str) -> str:
    return f"ANPA{b32encode(sha256(name.encode()).digest()).decode('ascii')[:17]}"


def _moment_ms(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
