"""What every operation of IAM works with: its stores, the policies in force, the issued credentials."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.arn import find_arn, make_arn
from onebox.ids import Ids
from onebox.services.context import Deps, RequestContext
from onebox.services.iam.aws_policies import AWS_ACCOUNT, find_aws_policy
from onebox.services.iam.credentials import IssuedCredentials
from onebox.services.iam.errors import InvalidInputException, NoSuchEntityException
from onebox.services.iam.model import ManagedPolicy
from onebox.services.iam.permissions import Permissions
from onebox.services.iam.store.access_keys import AccessKeyStore
from onebox.services.iam.store.entity_policies import EntityPolicyStore
from onebox.services.iam.store.groups import GroupStore
from onebox.services.iam.store.instance_profiles import InstanceProfileStore
from onebox.services.iam.store.managed_policies import ManagedPolicyStore
from onebox.services.iam.store.roles import RoleStore
from onebox.services.iam.store.server_certificates import ServerCertificateStore
from onebox.services.iam.store.service_credentials import ServiceCredentialStore
from onebox.services.iam.store.sessions import SessionStore
from onebox.services.iam.store.users import UserStore

_ID_CHARACTERS = 17


@dataclass(frozen=True, slots=True)
class Core:
    """Built once by :func:`make_core`."""

    ids: Ids
    roles: RoleStore
    users: UserStore
    groups: GroupStore
    entity_policies: EntityPolicyStore
    managed_policies: ManagedPolicyStore
    access_keys: AccessKeyStore
    instance_profiles: InstanceProfileStore
    server_certificates: ServerCertificateStore
    service_credentials: ServiceCredentialStore
    permissions: Permissions
    credentials: IssuedCredentials

    def forget(self) -> None:
        """Let the next request see a change of entities, policies or keys."""
        self.permissions.forget()
        self.credentials.forget()

    def new_id(self, prefix: str) -> str:
        """A unique id of an entity: ``AROA`` for roles, ``AIDA`` for users, …"""
        return f"{prefix}{self.ids.token(_ID_CHARACTERS)}"


def make_core(deps: Deps) -> Core:
    """The parts, put together."""
    storage = deps.storage
    roles, users, groups = RoleStore(storage), UserStore(storage), GroupStore(storage)
    entity_policies, managed_policies = EntityPolicyStore(storage), ManagedPolicyStore(storage)
    access_keys = AccessKeyStore(storage)
    permissions = Permissions(roles, users, groups, entity_policies, managed_policies)
    return Core(
        ids=deps.ids,
        roles=roles,
        users=users,
        groups=groups,
        entity_policies=entity_policies,
        managed_policies=managed_policies,
        access_keys=access_keys,
        instance_profiles=InstanceProfileStore(storage),
        server_certificates=ServerCertificateStore(storage),
        service_credentials=ServiceCredentialStore(storage),
        permissions=permissions,
        credentials=IssuedCredentials(
            storage=storage,
            ids=deps.ids,
            sessions=SessionStore(storage),
            access_keys=access_keys,
            users=users,
            permissions=permissions,
            clock=deps.clock,
        ),
    )


def entity_arn(context: RequestContext, resource: str) -> str:
    """The ARN of one of the account's entities."""
    return make_arn("iam", "", context.account, resource, partition_region=context.region)


def load_policy(core: Core, context: RequestContext, policy_arn: str, missing: str = "") -> ManagedPolicy:
    """A managed policy of AWS or of the account. Raises InvalidInput, or NoSuchEntity (with ``missing``)."""
    if find_arn(policy_arn) is None:
        raise InvalidInputException(f"ARN {policy_arn} is not valid.")
    policy = find_aws_policy(policy_arn) or core.managed_policies.find(policy_arn)
    if policy is None or policy.account not in (context.account, AWS_ACCOUNT):
        raise NoSuchEntityException(missing or f"Policy {policy_arn} was not found.")
    return policy


def load_own_policy(core: Core, context: RequestContext, policy_arn: str) -> ManagedPolicy:
    """A policy the account may change: not one of AWS's. Raises InvalidInput or NoSuchEntity."""
    policy = load_policy(core, context, policy_arn)
    if policy.account == AWS_ACCOUNT:
        raise InvalidInputException("Cannot perform the operation on the AWS managed policy.")
    return policy
