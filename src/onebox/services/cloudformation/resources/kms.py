"""AWS::KMS::Key and AWS::KMS::Alias: known, so that templates which make them on a condition can be used.

onebox has no keys: what it stores lies unencrypted in its database (docs/security.md). A stack that makes a key fails
with a sentence that says so.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_KMS.html
"""

from __future__ import annotations

from typing import NoReturn

from onebox.services.cloudformation.resources.shapes import BOOLEAN, INTEGER, JSON, TAGS, TEXT, Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    NewResource,
    PlainFailure,
    ResourceType,
)
from onebox.services.context import Wire


class _NotOffered:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        _refuse(new.type)

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        _refuse(old.type)

    async def delete(self, client: Client, old: LiveResource) -> None:
        """Nothing was made."""

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        return None


def _refuse(type_name: str) -> NoReturn:
    raise PlainFailure(
        f"onebox does not offer {type_name}: it keeps no keys. Leave the key out, or use the default encryption of S3,"
        " SQS, SNS, DynamoDB and Logs."
    )


KEY = ResourceType(
    name="AWS::KMS::Key",
    schema=Record(
        {
            "BypassPolicyLockoutSafetyCheck": BOOLEAN,
            "Description": TEXT,
            "EnableKeyRotation": BOOLEAN,
            "Enabled": BOOLEAN,
            "KeyPolicy": JSON,
            "KeySpec": TEXT,
            "KeyUsage": TEXT,
            "MultiRegion": BOOLEAN,
            "Origin": TEXT,
            "PendingWindowInDays": INTEGER,
            "RotationPeriodInDays": INTEGER,
            "Tags": TAGS,
        }
    ),
    lifecycle=_NotOffered(),
    attributes=frozenset({"Arn", "KeyId"}),
)

KEY_ALIAS = ResourceType(
    name="AWS::KMS::Alias",
    schema=Record({"AliasName": TEXT, "TargetKeyId": TEXT}, required=("AliasName", "TargetKeyId")),
    lifecycle=_NotOffered(),
)
