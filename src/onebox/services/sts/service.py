"""The STS service: who am I, and temporary credentials of roles.

AWS: https://docs.aws.amazon.com/STS/latest/APIReference/
"""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.iam.internal import IamInternal
from onebox.services.registry import Access, access_to, bind
from onebox.services.sts.operations import OPERATIONS


class Sts:
    """GetCallerIdentity, AssumeRole, GetSessionToken, GetAccessKeyInfo."""

    name = "sts"

    def __init__(self, deps: Deps, iam: IamInternal) -> None:
        self.operations = bind(OPERATIONS, self)
        self.deps = deps
        self.iam = iam

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The action on the role to be assumed. GetCallerIdentity and GetSessionToken need no permission on AWS."""
        if operation in ("GetCallerIdentity", "GetSessionToken"):
            return []
        return access_to("sts", OPERATIONS, operation, [request.get("RoleArn", "*")])

    async def start(self) -> None:
        """Nothing runs in the background."""

    async def stop(self) -> None:
        """Nothing runs in the background."""
