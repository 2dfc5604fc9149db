"""Inline policies of roles, users and groups. Each operation takes the kind of entity first."""

from __future__ import annotations

from urllib.parse import quote

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core
from onebox.services.iam.entities import EntityKind, check_changeable
from onebox.services.iam.errors import LimitExceededException, NoSuchEntityException
from onebox.services.iam.operations.document_size import counted_characters
from onebox.services.iam.policy_grammar import check_identity_policy
from onebox.services.iam.validation import check_name, page

_NAME_MAX = 128


def put_policy(kind: EntityKind, core: Core, context: RequestContext, request: Wire) -> Wire:
    """Add an inline policy, or replace the one of that name."""
    entity = kind.load(core, context, request)
    check_changeable(entity)
    name, document = request["PolicyName"], request["PolicyDocument"]
    check_name("policyName", name, _NAME_MAX)
    check_identity_policy(document)
    others = [text for known, text in core.entity_policies.list_inline(entity) if known.lower() != name.lower()]
    most = kind.inline_characters_max
    if sum(map(counted_characters, [*others, document])) > most:
        raise LimitExceededException(f"Maximum policy size of {most} bytes exceeded for {kind.word} {entity.name}")
    core.entity_policies.put_inline(entity, name, document)
    core.forget()
    return {}


def get_policy(kind: EntityKind, core: Core, context: RequestContext, request: Wire) -> Wire:
    """An inline policy; the document is percent-encoded, as in AWS."""
    entity = kind.load(core, context, request)
    for name, document in core.entity_policies.list_inline(entity):
        if name.lower() == request["PolicyName"].lower():
            return {kind.member: entity.name, "PolicyName": name, "PolicyDocument": quote(document, safe="")}
    raise _missing(kind, request)


def list_policies(kind: EntityKind, core: Core, context: RequestContext, request: Wire) -> Wire:
    """The names of the inline policies."""
    entity = kind.load(core, context, request)
    names = [name for name, _ in core.entity_policies.list_inline(entity)]
    return page(request, "PolicyNames", names, str, str)


def delete_policy(kind: EntityKind, core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove an inline policy."""
    entity = kind.load(core, context, request)
    check_changeable(entity)
    if not core.entity_policies.delete_inline(entity, request["PolicyName"]):
        raise _missing(kind, request)
    core.forget()
    return {}


def _missing(kind: EntityKind, request: Wire) -> NoSuchEntityException:
    return NoSuchEntityException(f"The {kind.word} policy with name {request['PolicyName']} cannot be found.")
