"""What CreateTable and UpdateTable share: encryption, and members that onebox does not offer."""

from __future__ import annotations

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.errors import invalid_values


def set_encryption(settings: Wire, context: RequestContext, request: Wire) -> None:
    """Keep what an SSESpecification says."""
    specification = request.get("SSESpecification")
    if specification is None:
        return
    key_id = specification.get("KMSMasterKeyId")
    if not specification.get("Enabled", False):
        if key_id is not None:
            raise invalid_values("KMSMasterKeyId can only be specified when SSE is enabled")
        settings.pop("KMSMasterKeyArn", None)
        return
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
