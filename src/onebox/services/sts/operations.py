"""The operations of STS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from onebox.errors import ValidationError
from onebox.services.context import RequestContext, Wire
from onebox.services.iam.model import Session
from onebox.services.registry import Operation
from onebox.services.sts.errors import (
    AccessDenied,
    MalformedPolicyDocumentException,
    PackedPolicyTooLargeException,
)

if TYPE_CHECKING:
    from onebox.services.sts.service import Sts

_SESSION_NAME = re.compile(r"[\w+=,.@-]*", re.ASCII)
_ACCESS_KEY = re.compile(r"(AKIA|ASIA)[A-Z0-9]{12,124}|\d{12}")
_DURATION_S_DEFAULT = 3_600
_DURATION_S_LEAST = 900
_DURATION_S_MOST = 43_200
_CHAINED_DURATION_S_MOST = 3_600
_SESSION_TOKEN_S_DEFAULT = 43_200
_SESSION_TOKEN_S_MOST = 129_600
_POLICY_CHARACTERS_MAX = 2_048
_POLICY_ARNS_MAX = 10


def get_caller_identity(sts: Sts, context: RequestContext, request: Wire) -> Wire:
    """Who the caller is."""
    principal = context.principal
    return {"UserId": principal.user_id, "Account": principal.account, "Arn": principal.arn}


def assume_role(sts: Sts, context: RequestContext, request: Wire) -> Wire:
    """Temporary credentials of a role whose trust policy names the caller."""
    _check_session_name(request["RoleSessionName"])
    duration_s = _checked_duration_s(request.get("DurationSeconds", _DURATION_S_DEFAULT), _DURATION_S_MOST)
    policies = _session_policies(sts, context, request)
    role_arn = request["RoleArn"]
    _check_role_arn(role_arn)
    role = sts.iam.find_role(role_arn.split(":")[4], role_arn)
    keys = {"sts:RoleSessionName": request["RoleSessionName"]}
    if "ExternalId" in request:
        keys["sts:ExternalId"] = request["ExternalId"]
    if role is None or not sts.iam.trusts_caller(role, context, keys):
        raise AccessDenied(
            f"User: {context.principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        )
    if duration_s > role.max_session_s:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if context.principal.role_name is not None and duration_s > _CHAINED_DURATION_S_MOST:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
    session = sts.iam.issue_session(context, role.arn, request["RoleSessionName"], duration_s, policies)
    result: Wire = {
        "Credentials": _shown_credentials(session),
        "AssumedRoleUser": {
            "AssumedRoleId": session.principal.user_id,
            "Arn": session.principal.arn,
        },
    }
    if policies:
        result["PackedPolicySize"] = max(1, sum(map(len, policies)) * 100 // _POLICY_CHARACTERS_MAX)
    if "SourceIdentity" in request:
        result["SourceIdentity"] = request["SourceIdentity"]
    return result


def get_session_token(sts: Sts, context: RequestContext, request: Wire) -> Wire:
    """Temporary credentials of the account itself; those of a role cannot ask for more."""
    if context.principal.role_name is not None:
        raise AccessDenied("Cannot call GetSessionToken with session credentials")
    duration_s = _checked_duration_s(request.get("DurationSeconds", _SESSION_TOKEN_S_DEFAULT), _SESSION_TOKEN_S_MOST)
    return {"Credentials": _shown_credentials(sts.iam.issue_account_session(context, duration_s))}


def get_access_key_info(sts: Sts, context: RequestContext, request: Wire) -> Wire:
    """The account an access key belongs to."""
    key_id = request["AccessKeyId"]
    if not _ACCESS_KEY.fullmatch(key_id):
        raise ValidationError(
            f"1 validation error detected: Value '{key_id}' at 'accessKeyId' failed to satisfy constraint: Member"
            r" must satisfy regular expression pattern: [\w]*"
        )
    session = sts.iam.find_session(key_id)
    if session is not None:
        return {"Account": session.account}
    return {"Account": key_id if key_id.isdecimal() else "000000000000"}


def _shown_credentials(session: Session) -> Wire:
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "Expiration": session.expiration_at_ms,
    }


def _check_session_name(name: str) -> None:
    if not 2 <= len(name) <= 64:
        bound = "greater than or equal to 2" if len(name) < 2 else "less than or equal to 64"
        raise _invalid("roleSessionName", name, f"Member must have length {bound}")
    if not _SESSION_NAME.fullmatch(name):
        pattern = r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
        raise _invalid("roleSessionName", name, pattern)


def _check_role_arn(role_arn: str) -> None:
    if len(role_arn) < 20:
        raise _invalid("roleArn", role_arn, "Member must have length greater than or equal to 20")
    if not role_arn.startswith("arn:") or role_arn.count(":") < 5:
        raise ValidationError(f"{role_arn} is invalid")


def _checked_duration_s(duration_s: int, most: int) -> int:
    if duration_s < _DURATION_S_LEAST:
        constraint = f"Member must have value greater than or equal to {_DURATION_S_LEAST}"
        raise _invalid("durationSeconds", duration_s, constraint)
    if duration_s > most:
        raise _invalid("durationSeconds", duration_s, f"Member must have value less than or equal to {most}")
    return duration_s


def _session_policies(sts: Sts, context: RequestContext, request: Wire) -> list[str]:
    """The documents that restrict the session: the inline one, and managed ones by ARN."""
    policies = []
    if "Policy" in request:
        if len(request["Policy"]) > _POLICY_CHARACTERS_MAX:
            raise PackedPolicyTooLargeException(
                f"Packed size of session policies exceeds the limit of {_POLICY_CHARACTERS_MAX} characters"
            )
        sts.iam.check_policy_document(request["Policy"])
        policies.append(request["Policy"])
    arns = [entry["arn"] for entry in request.get("PolicyArns") or []]
    if len(arns) > _POLICY_ARNS_MAX:
        raise PackedPolicyTooLargeException(f"At most {_POLICY_ARNS_MAX} session policy ARNs are allowed")
    for arn in arns:
        document = sts.iam.find_policy_document(context.account, arn)
        if document is None:
            raise MalformedPolicyDocumentException(f"Policy {arn} does not exist or is not attachable.")
        policies.append(document)
    return policies


def _invalid(member: str, value: object, constraint: str) -> ValidationError:
    return ValidationError(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    )


OPERATIONS = {
    "GetCallerIdentity": Operation(get_caller_identity, reads_only=True),
    "AssumeRole": Operation(assume_role),
    "GetSessionToken": Operation(get_session_token),
    "GetAccessKeyInfo": Operation(get_access_key_info, reads_only=True),
}
