"""Managed policies: create, list, delete, versions, tags, and who has them."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.aws_policies import AWS_ACCOUNT, find_aws_policy_version, list_aws_policies
from onebox.services.iam.core import Core, entity_arn, load_own_policy, load_policy
from onebox.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    LimitExceededException,
    NoSuchEntityException,
)
from onebox.services.iam.limits import (
    MANAGED_POLICY_CHARACTERS_MAX,
    POLICIES_PER_ACCOUNT_MAX,
    POLICY_VERSIONS_MAX,
)
from onebox.services.iam.model import ManagedPolicy, PolicyVersion
from onebox.services.iam.operations.document_size import counted_characters
from onebox.services.iam.policy_grammar import check_identity_policy
from onebox.services.iam.validation import USAGES, check_choice, check_name, check_path, page, parse_tags, tag_list

_NAME_MAX = 128
_VERSION_DIGITS = 10
_VERSION_MOST = 10**_VERSION_DIGITS - 1


def create_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Create a policy with its first version."""
    name, path = request["PolicyName"], request.get("Path", "/")
    check_name("policyName", name, _NAME_MAX)
    check_path(path)
    _check_document(request["PolicyDocument"])
    tags = parse_tags(context, request.get("Tags") or [])
    if core.managed_policies.find_named(context.account, name) is not None:
        raise EntityAlreadyExistsException(f"A policy called {name} already exists. Duplicate names are not allowed.")
    if core.managed_policies.count(context.account) >= POLICIES_PER_ACCOUNT_MAX:
        raise LimitExceededException(f"Cannot exceed quota for PoliciesPerAccount: {POLICIES_PER_ACCOUNT_MAX}")
    policy = ManagedPolicy(
        arn=entity_arn(context, f"policy{path}{name}"),
        account=context.account,
        name=name,
        path=path,
        policy_id=core.new_id("ANPA"),
        description=request.get("Description"),
        default_version=1,
        newest_version=1,
        tags=tags,
        created_at_ms=context.now_ms,
        updated_at_ms=context.now_ms,
    )
    core.managed_policies.insert(policy)
    core.managed_policies.insert_version(policy.arn, PolicyVersion(1, request["PolicyDocument"], context.now_ms))
    return {"Policy": {**_listed(core, context, policy), "Tags": tag_list(tags) or None}}


def get_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A policy without its documents."""
    policy = load_policy(core, context, request["PolicyArn"])
    return {
        "Policy": {
            **_listed(core, context, policy),
            "Description": policy.description,
            "Tags": tag_list(policy.tags),
        }
    }


def list_policies(core: Core, context: RequestContext, request: Wire) -> Wire:
    """AWS's and the account's own policies."""
    check_choice(request, "Scope", "All", "AWS", "Local")
    check_choice(request, "PolicyUsageFilter", *USAGES)
    scope, prefix = request.get("Scope", "All"), request.get("PathPrefix", "/")
    policies: list[ManagedPolicy] = []
    if scope in ("All", "AWS"):
        policies += list_aws_policies()
    if scope in ("All", "Local"):
        policies += core.managed_policies.list_all(context.account)
    attached = core.entity_policies.count_all_attachments(context.account)
    bounded = core.roles.count_bounded(context.account)
    bounded.update(core.users.count_bounded(context.account))
    found = [policy for policy in policies if policy.path.startswith(prefix)]
    if request.get("OnlyAttached"):
        found = [policy for policy in found if attached[policy.arn]]
    if request.get("PolicyUsageFilter") == "PermissionsBoundary":
        found = [policy for policy in found if bounded[policy.arn]]
    found.sort(key=lambda policy: policy.arn)

    def show(policy: ManagedPolicy) -> Wire:
        return _shown(policy, attached[policy.arn], bounded[policy.arn])

    return page(request, "Policies", found, lambda policy: policy.arn, show)


def delete_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a policy that nobody has and that has no version but the default."""
    policy = load_own_policy(core, context, request["PolicyArn"])
    if _attachments(core, context, policy.arn) or _bounded(core, context, policy.arn):
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    if len(core.managed_policies.list_versions(policy.arn)) > 1:
        raise DeleteConflictException(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's"
            " versions. The default version is deleted with the policy."
        )
    core.managed_policies.delete(policy.arn)
    core.forget()
    return {}


def create_policy_version(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Add a version, and make it the default if asked."""
    policy = load_own_policy(core, context, request["PolicyArn"])
    _check_document(request["PolicyDocument"])
    if len(core.managed_policies.list_versions(policy.arn)) >= POLICY_VERSIONS_MAX:
        raise LimitExceededException(
            f"A managed policy can have up to {POLICY_VERSIONS_MAX} versions. Before you create a new version, you"
            " must delete an existing version."
        )
    number = policy.newest_version + 1
    version = PolicyVersion(number, request["PolicyDocument"], context.now_ms)
    core.managed_policies.insert_version(policy.arn, version)
    default = number if request.get("SetAsDefault") else policy.default_version
    _write(core, replace(policy, newest_version=number, default_version=default, updated_at_ms=context.now_ms))
    return {"PolicyVersion": _shown_version(version, default)}


def get_policy_version(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A version with its document, percent-encoded as in AWS."""
    policy = load_policy(core, context, request["PolicyArn"])
    version = _load_version(core, policy, request["VersionId"])
    shown = _shown_version(version, policy.default_version)
    return {"PolicyVersion": {**shown, "Document": quote(version.document, safe="")}}


def list_policy_versions(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The versions, newest first, without documents."""
    policy = load_policy(core, context, request["PolicyArn"])
    if policy.account == AWS_ACCOUNT:
        version = find_aws_policy_version(policy.arn)
        versions = [version] if version else []
    else:
        versions = core.managed_policies.list_versions(policy.arn)
    # A marker names the version before, so the order is that of the versions' distance to the newest there can be.
    return page(
        request,
        "Versions",
        versions,
        key=lambda version: f"{_VERSION_MOST - version.version:0{_VERSION_DIGITS}}",
        show=lambda version: _shown_version(version, policy.default_version),
    )


def set_default_policy_version(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Put another version in force."""
    policy = load_own_policy(core, context, request["PolicyArn"])
    version = _load_version(core, policy, request["VersionId"])
    _write(core, replace(policy, default_version=version.version, updated_at_ms=context.now_ms))
    return {}


def delete_policy_version(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a version that is not in force."""
    policy = load_own_policy(core, context, request["PolicyArn"])
    version = _load_version(core, policy, request["VersionId"])
    if version.version == policy.default_version:
        raise DeleteConflictException("Cannot delete the default version of a policy.")
    core.managed_policies.delete_version(policy.arn, version.version)
    return {}


def _load_version(core: Core, policy: ManagedPolicy, version_id: str) -> PolicyVersion:
    number = int(version_id[1:]) if version_id[:1] == "v" and version_id[1:].isdecimal() else 0
    if policy.account == AWS_ACCOUNT:
        known = find_aws_policy_version(policy.arn)
        version = known if known and known.version == number else None
    else:
        version = core.managed_policies.find_version(policy.arn, number)
    if version is None:
        raise NoSuchEntityException(f"Policy {policy.arn} version {version_id} does not exist or is not attachable.")
    return version


def _check_document(document: str) -> None:
    check_identity_policy(document)
    if counted_characters(document) > MANAGED_POLICY_CHARACTERS_MAX:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {MANAGED_POLICY_CHARACTERS_MAX}")


def _write(core: Core, policy: ManagedPolicy) -> None:
    core.managed_policies.update(policy)
    core.forget()


def _attachments(core: Core, context: RequestContext, policy_arn: str) -> int:
    return core.entity_policies.count_attachments(context.account, policy_arn)


def _bounded(core: Core, context: RequestContext, policy_arn: str) -> int:
    roles = core.roles.count_bounded(context.account, policy_arn)
    return roles[policy_arn] + core.users.count_bounded(context.account, policy_arn)[policy_arn]


def _listed(core: Core, context: RequestContext, policy: ManagedPolicy) -> Wire:
    return _shown(policy, _attachments(core, context, policy.arn), _bounded(core, context, policy.arn))


def _shown(policy: ManagedPolicy, attachments: int, bounded: int) -> Wire:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.policy_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default_version}",
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": bounded,
        "IsAttachable": True,
        "CreateDate": policy.created_at_ms,
        "UpdateDate": policy.updated_at_ms,
    }


def _shown_version(version: PolicyVersion, default: int) -> Wire:
    return {
        "VersionId": f"v{version.version}",
        "IsDefaultVersion": version.version == default,
        "CreateDate": version.created_at_ms,
    }
