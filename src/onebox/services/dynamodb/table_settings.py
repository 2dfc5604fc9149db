"""What creating, updating and restoring tables share: encryption, and members that onebox does not offer.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SSESpecification.html
"""

from __future__ import annotations

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.errors import invalid_values


def set_encryption(settings: Wire, context: RequestContext, specification: Wire | None) -> None:
    """Keep what an SSESpecification says; None says nothing."""
    if specification is None:
        return
    key_id, kind = specification.get("KMSMasterKeyId"), specification.get("SSEType")
    if not specification.get("Enabled", False):
        if kind is not None:
            raise invalid_values("SSEType can not be specified if Enabled is false")
        if key_id is not None:
            raise invalid_values("KMSMasterKeyId can not be specified if Enabled is false")
        settings.pop("KMSMasterKeyArn", None)
        return
    if kind == "AES256":
        raise invalid_values("SSEType AES256 is not supported")
    if key_id is None:
        key_id = "alias/aws/dynamodb"
    if not key_id.startswith("arn:"):
        resource = key_id if key_id.startswith("alias/") else f"key/{key_id}"
        key_id = make_arn("kms", context.region, context.account, resource)
    settings["KMSMasterKeyArn"] = key_id


def refuse_unsupported(request: Wire, members: tuple[str, ...]) -> None:
    """Refuse members of features that onebox does not offer."""
    for member in members:
        if member in request:
            raise invalid_values(f"{member} is not available in this Region")
