"""The IAM service: roles and policies of an account."""

from __future__ import annotations

from onebox.arn import find_arn, make_arn
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.iam.errors import InvalidInputException, NoSuchEntityException
from onebox.services.iam.internal import IamInternal
from onebox.services.iam.managed import AWS_ACCOUNT, find_aws_policy
from onebox.services.iam.model import ManagedPolicy
from onebox.services.iam.operations import OPERATIONS
from onebox.services.iam.store import IamStore
from onebox.services.registry import Access, access_to, bind


class Iam:
    """Roles, inline and managed policies, and the simulator. Users and groups are not offered."""

    name = "iam"

    def __init__(self, deps: Deps) -> None:
        self.operations = bind(OPERATIONS, self)
        self.deps = deps
        self.store = IamStore(deps.storage)
        self.internal = IamInternal(deps)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The operation's action on each resource that the request names."""
        resources = self._resources(context, operation, request)
        return access_to("iam", OPERATIONS, operation, resources)

    def _resources(self, context: RequestContext, operation: str, request: Wire) -> list[str]:
        """The role or policy named in the request."""
        if "PolicyArn" in request and "RoleName" not in request:
            return [request["PolicyArn"]]
        if operation == "CreatePolicy":
            path = request.get("Path", "/")
            return [self.arn(context, f"policy{path}{request['PolicyName']}")]
        if "RoleName" not in request:
            return [request.get("PolicySourceArn", "*")]
        role = self.store.find_role(context.account, request["RoleName"])
        path = request.get("Path", "/")
        return [role.arn if role else self.arn(context, f"role{path}{request['RoleName']}")]

    def arn(self, context: RequestContext, resource: str) -> str:
        """The ARN of one of the account's entities."""
        return make_arn("iam", "", context.account, resource, partition_region=context.region)

    def load_policy(self, context: RequestContext, policy_arn: str, missing: str = "") -> ManagedPolicy:
        """A managed policy of AWS or of the account. Raises InvalidInput, or NoSuchEntity (with ``missing``)."""
        if find_arn(policy_arn) is None:
            raise InvalidInputException(f"ARN {policy_arn} is not valid.")
        policy = find_aws_policy(policy_arn) or self.store.find_policy(policy_arn)
        if policy is None or policy.account not in (context.account, AWS_ACCOUNT):
            raise NoSuchEntityException(missing or f"Policy {policy_arn} was not found.")
        return policy

    async def start(self) -> None:
        """Nothing runs in the background."""

    async def stop(self) -> None:
        """Nothing runs in the background."""
