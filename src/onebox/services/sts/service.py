"""The STS service: who am I, and temporary credentials of roles.

AWS: https://docs.aws.amazon.com/STS/latest/APIReference/
"""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.iam.internal import IamInternal
from onebox.services.sts.operations import OPERATIONS


class Sts:
    """GetCallerIdentity, AssumeRole, GetSessionToken, GetAccessKeyInfo."""

    name = "sts"
    iam_prefix = "sts"
    operations = OPERATIONS

    def __init__(self, deps: Deps, iam: IamInternal) -> None:
        self.deps = deps
        self.iam = iam

    def resources(self, context: RequestContext, operation: str, request: Wire) -> list[str]:
        """The role to be assumed."""
        return [request.get("RoleArn", "*")]

    def actions(self, context: RequestContext, operation: str, request: Wire) -> list[tuple[str, str]]:
        """Whoever has credentials may ask who he is, and AWS needs no permission for a session token."""
        if operation in ("GetCallerIdentity", "GetSessionToken"):
            return []
        return [(f"sts:{operation}", resource) for resource in self.resources(context, operation, request)]

    async def start(self) -> None:
        """Nothing runs in the background."""

    async def stop(self) -> None:
        """Nothing runs in the background."""
