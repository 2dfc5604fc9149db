"""Resource policies of layer versions: which other accounts may use them.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html"""

from __future__ import annotations

import re

import orjson

from onebox.arn import partition_of
from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    InvalidParameterValueException,
    PolicyLengthExceededException,
    PreconditionFailedException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from onebox.services.lambda_.layer_names import checked_number, parse_layer_name
from onebox.services.lambda_.layer_policies import GET
from onebox.services.lambda_.limits import POLICY_BYTES_MAX, STATEMENT_ID_CHARACTERS_MAX
from onebox.services.lambda_.model import LayerVersion
from onebox.services.lambda_.resource_policies import policy_document
from onebox.services.lambda_.validation import broken, constraint_errors, length_at_most, must_match

_ACTION = re.compile(GET)
_STATEMENT_ID = re.compile(r"([a-zA-Z0-9-_]+)")
_PRINCIPAL = re.compile(r"\d{12}|\*|arn:(aws[a-zA-Z-]*):iam::\d{12}:root")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_PATTERNS = {
    "StatementId": _STATEMENT_ID,
    "Action": _ACTION,
    "Principal": _PRINCIPAL,
    "OrganizationId": _ORGANIZATION,
}


def add_layer_version_permission(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Let another account, an organisation or everybody use a version."""
    _check_request(request)
    version = _load(core, context, request)
    _check_revision(version, request.get("RevisionId"))
    sid = request["StatementId"]
    if any(known["Sid"] == sid for known in version.statements):
        raise ResourceConflictException(
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement."
        )
    statement = _statement(context, request, version.arn)
    statements = [*version.statements, statement]
    size = len(policy_document(statements))
    if size > POLICY_BYTES_MAX:
        raise PolicyLengthExceededException(
            f"The final policy size ({size}) is bigger than the limit ({POLICY_BYTES_MAX})."
        )
    revision_id = core.deps.ids.uuid()
    core.layers.save_policy(version, statements, revision_id)
    return {"Statement": orjson.dumps(statement).decode(), "RevisionId": revision_id}


def get_layer_version_policy(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The policy as a document."""
    version = _load(core, context, request)
    if not version.statements:
        raise ResourceNotFoundException("No policy is associated with the given resource.")
    return {"Policy": policy_document(list(version.statements)), "RevisionId": version.policy_revision_id}


def remove_layer_version_permission(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Remove a statement."""
    version = _load(core, context, request)
    _check_revision(version, request.get("RevisionId"))
    sid = request["StatementId"]
    kept = [statement for statement in version.statements if statement["Sid"] != sid]
    if len(kept) == len(version.statements):
        raise ResourceNotFoundException(f"Statement {sid} is not found in resource policy.")
    core.layers.save_policy(version, kept, core.deps.ids.uuid())
    return {}


def _load(core: LambdaCore, context: RequestContext, request: Wire) -> LayerVersion:
    number = checked_number(request["VersionNumber"])
    layer = parse_layer_name(context, request["LayerName"])
    is_own = (layer.account, layer.region) == (context.account, context.region)
    version = core.layers.find(layer, number) if is_own else None
    if version is None:
        raise ResourceNotFoundException(f"Layer version {layer.arn_of(number)} does not exist.")
    return version


def _check_request(request: Wire) -> None:
    problems = []
    for member, pattern in _PATTERNS.items():
        value = request.get(member)
        if value is not None and not pattern.fullmatch(value):
            problems.append(broken(member[0].lower() + member[1:], value, must_match(pattern.pattern)))
    if len(request["StatementId"]) > STATEMENT_ID_CHARACTERS_MAX:
        problems.append(broken("statementId", request["StatementId"], length_at_most(STATEMENT_ID_CHARACTERS_MAX)))
    if problems:
        raise constraint_errors(problems)
    if "OrganizationId" in request and request["Principal"] != "*":
        raise InvalidParameterValueException("OrganizationId needs the principal *.")


def _statement(context: RequestContext, request: Wire, arn: str) -> Wire:
    principal = request["Principal"]
    if principal.isdigit():
        principal = f"arn:{partition_of(context.region)}:iam::{principal}:root"
    statement: Wire = {
        "Sid": request["StatementId"],
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"AWS": principal},
        "Action": request["Action"],
        "Resource": arn,
    }
    if "OrganizationId" in request:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": request["OrganizationId"]}}
    return statement


def _check_revision(version: LayerVersion, known: str | None) -> None:
    if known is not None and known != version.policy_revision_id:
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve "
            "the latest Revision Id"
        )
