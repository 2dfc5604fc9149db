"""ListEntitiesForPolicy: the roles, users and groups that have a managed policy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core, load_policy
from onebox.services.iam.model import Entity
from onebox.services.iam.validation import USAGES, check_choice, page

_MEMBERS = {"Group": "PolicyGroups", "Role": "PolicyRoles", "User": "PolicyUsers"}
_FILTERS = ("User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")


def list_entities_for_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Those to which the policy is attached, or whose permissions boundary it is; pages go through all three kinds."""
    check_choice(request, "EntityFilter", *_FILTERS)
    check_choice(request, "PolicyUsageFilter", *USAGES)
    policy = load_policy(core, context, request["PolicyArn"])
    prefix, wanted = request.get("PathPrefix", "/"), request.get("EntityFilter")
    found: list[tuple[str, Entity]] = []
    for kind, entities in _entities(core, context.account, policy.arn, request.get("PolicyUsageFilter")).items():
        if wanted in (None, kind):
            found += [(f"{kind} {entity.name}", entity) for entity in entities if entity.path.startswith(prefix)]
    shown = page(request, "Entities", found, key=lambda entry: entry[0], show=lambda entry: entry)
    result: Wire = {member: [] for member in _MEMBERS.values()}
    for key, entity in shown.pop("Entities"):
        kind = key.partition(" ")[0]
        result[_MEMBERS[kind]].append({f"{kind}Name": entity.name, f"{kind}Id": entity.id})
    return result | shown


def _entities(core: Core, account: str, policy_arn: str, usage: str | None) -> dict[str, list[Entity]]:
    """The entities by kind, each once and by name."""
    attached, bounded = usage != "PermissionsBoundary", usage != "PermissionsPolicy"
    roles, users, groups = core.roles, core.users, core.groups
    return {
        "Group": _by_name(groups.list_attached(account, policy_arn) if attached else []),
        "Role": _by_name(
            roles.list_attached(account, policy_arn) if attached else [],
            roles.list_bounded(account, policy_arn) if bounded else [],
        ),
        "User": _by_name(
            users.list_attached(account, policy_arn) if attached else [],
            users.list_bounded(account, policy_arn) if bounded else [],
        ),
    }


def _by_name(*lists: Sequence[Entity]) -> list[Entity]:
    return sorted({entity.id: entity for entity in chain(*lists)}.values(), key=lambda entity: entity.name)
