"""Resource policies of functions: who else may invoke them.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html"""

from __future__ import annotations

import dataclasses
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
    ValidationException,
)
from onebox.services.lambda_.limits import POLICY_BYTES_MAX, STATEMENT_ID_CHARACTERS_MAX
from onebox.services.lambda_.model import LATEST
from onebox.services.lambda_.naming import FunctionReference
from onebox.services.lambda_.resource_policies import policy_document
from onebox.services.lambda_.validation import constraint_error, length_at_most

_ACTION = re.compile(r"lambda:[*]|lambda:[a-zA-Z]+|[*]")
_STATEMENT_ID = re.compile(r"([a-zA-Z0-9-_]+)")
_ACCOUNT = re.compile(r"[0-9]{12}")
_PRINCIPAL_ARN = re.compile(r"arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:\S+")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
_EQUAL_KEYS = {
    "FunctionUrlAuthType": "lambda:FunctionUrlAuthType",
    "EventSourceToken": "lambda:EventSourceToken",
    "PrincipalOrgID": "aws:PrincipalOrgID",
    "SourceAccount": "AWS:SourceAccount",
}


def add_permission(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Add a statement to a function's resource policy."""
    _check_request(request)
    reference = core.parse(context, request["FunctionName"], request.get("Qualifier"))
    if reference.qualifier == LATEST:
        raise InvalidParameterValueException("We currently do not support adding policies for $LATEST.")
    statement = _statement(request, reference.arn, context)
    _check_target(core, reference)
    qualifier = reference.qualifier or ""
    statements = core.policies.find_policy(reference.key, qualifier) or []
    _check_revision(core, reference, request.get("RevisionId"))
    if any(known["Sid"] == statement["Sid"] for known in statements):
        raise ResourceConflictException(
            f"The statement id ({statement['Sid']}) provided already exists. Please provide a new statement id, "
            "or remove the existing statement."
        )
    statements.append(statement)
    if len(policy_document(statements)) > POLICY_BYTES_MAX:
        raise PolicyLengthExceededException(
            f"The final policy size ({len(policy_document(statements))}) is bigger than the limit ({POLICY_BYTES_MAX})."
        )
    _save(core, reference, statements)
    return {"Statement": orjson.dumps(statement).decode()}


def remove_permission(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Remove a statement."""
    reference = core.parse(context, request["FunctionName"], request.get("Qualifier"))
    if core.functions.find_version(reference.key, LATEST) is None:
        raise ResourceNotFoundException(f"No policy found for: {reference.arn}")
    statements = core.policies.find_policy(reference.key, reference.qualifier or "")
    if statements is None:
        raise ResourceNotFoundException("No policy is associated with the given resource.")
    _check_revision(core, reference, request.get("RevisionId"))
    sid = request["StatementId"]
    kept = [statement for statement in statements if statement["Sid"] != sid]
    if len(kept) == len(statements):
        raise ResourceNotFoundException(f"Statement {sid} is not found in resource policy.")
    _save(core, reference, kept)
    return {}


def get_policy(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The resource policy as a document."""
    reference = core.parse(context, request["FunctionName"], request.get("Qualifier"), "GetPolicy")
    statements = core.policies.find_policy(reference.key, reference.qualifier or "")
    if statements is None:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    return {"Policy": policy_document(statements), "RevisionId": _find_revision(core, reference)}


def _save(core: LambdaCore, reference: FunctionReference, statements: list[Wire]) -> None:
    """Store a policy. That is a change of the function, version or alias: it gets another revision."""
    key, revision_id = reference.key, core.deps.ids.uuid()
    core.policies.save_policy(key, reference.qualifier or "", statements)
    alias = core.functions.find_alias(key, reference.qualifier) if reference.qualifier else None
    if alias is not None:
        core.functions.save_alias(dataclasses.replace(alias, revision_id=revision_id))
    else:
        core.functions.set_revision(key, reference.qualifier or LATEST, revision_id)


def _find_revision(core: LambdaCore, reference: FunctionReference) -> str | None:
    """The revision of the function, version or alias, which is its policy's too."""
    qualifier = reference.qualifier or LATEST
    alias = core.functions.find_alias(reference.key, qualifier)
    target = alias or core.functions.find_version(reference.key, qualifier)
    return None if target is None else target.revision_id


def _check_target(core: LambdaCore, reference: FunctionReference) -> None:
    """Raise ResourceNotFoundException unless the function, and the version or alias, exist."""
    key, qualifier = reference.key, reference.qualifier
    if core.functions.find_version(key, LATEST) is None:
        raise ResourceNotFoundException(f"Function not found: {reference.arn}")
    if qualifier is None:
        return
    is_version = qualifier.isdigit() or "$" in qualifier
    if not is_version and core.functions.find_alias(key, qualifier) is None:
        raise ResourceNotFoundException(f"Cannot find alias arn: {reference.arn}")
    if is_version and (not qualifier.isdigit() or core.functions.find_version(key, qualifier) is None):
        raise ResourceNotFoundException(f"Function not found: {reference.arn}")


def _check_request(request: Wire) -> None:
    action, sid = request["Action"], request["StatementId"]
    if not _STATEMENT_ID.fullmatch(sid):
        raise _constraint("statementId", sid, _STATEMENT_ID)
    if len(sid) > STATEMENT_ID_CHARACTERS_MAX:
        raise constraint_error("statementId", sid, length_at_most(STATEMENT_ID_CHARACTERS_MAX))
    if not _ACTION.fullmatch(action):
        raise _constraint("action", action, _ACTION)


def _statement(request: Wire, resource: str, context: RequestContext) -> Wire:
    statement: Wire = {
        "Sid": request["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(request["Principal"], context),
        "Action": request["Action"],
        "Resource": resource,
    }
    condition: Wire = {}
    equals = {key: request[member] for member, key in _EQUAL_KEYS.items() if member in request}
    if equals:
        condition["StringEquals"] = equals
    if "InvokedViaFunctionUrl" in request:
        condition["Bool"] = {"lambda:InvokedViaFunctionUrl": str(request["InvokedViaFunctionUrl"]).lower()}
    if "SourceArn" in request:
        condition["ArnLike"] = {"AWS:SourceArn": request["SourceArn"]}
    if condition:
        statement["Condition"] = condition
    return statement


def _principal(principal: str, context: RequestContext) -> Wire | str:
    if principal == "*":
        return "*"
    if _ACCOUNT.fullmatch(principal):
        return {"AWS": f"arn:{partition_of(context.region)}:iam::{principal}:root"}
    if _PRINCIPAL_ARN.fullmatch(principal):
        return {"AWS": principal}
    if _SERVICE.fullmatch(principal):
        return {"Service": principal}
    raise InvalidParameterValueException(
        "The provided principal was invalid. Please check the principal and try again."
    )


def _check_revision(core: LambdaCore, reference: FunctionReference, known: str | None) -> None:
    """Raise PreconditionFailedException unless the client knows the latest revision, or names none."""
    if known is not None and known != _find_revision(core, reference):
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the "
            "latest Revision Id"
        )


def _constraint(member: str, value: str, pattern: re.Pattern[str]) -> ValidationException:
    return ValidationException(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern.pattern}"
    )
