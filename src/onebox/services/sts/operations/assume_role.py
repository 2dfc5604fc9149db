"""AssumeRole: temporary credentials of a role whose trust policy names the caller."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from onebox.errors import ValidationError
from onebox.services.context import RequestContext, Wire
from onebox.services.iam.internal import role_principal
from onebox.services.iam.model import Role, Session
from onebox.services.sts.authorization import find_condition_keys, needed_actions
from onebox.services.sts.core import Core
from onebox.services.sts.errors import AccessDenied
from onebox.services.sts.limits import CHAINED_SESSION_S_MOST, ROLE_SESSION_S_DEFAULT, ROLE_SESSION_S_MOST
from onebox.services.sts.session_policies import load_session_policies, packed_size
from onebox.services.sts.session_tags import merge_session_tags
from onebox.services.sts.validation import check_session_name, checked_duration_s, parse_role_arn


def assume_role(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Temporary credentials of a role. Raises AccessDenied alike for a role that is missing and one that refuses."""
    role_arn, session_name = request["RoleArn"], request["RoleSessionName"]
    account = parse_role_arn(role_arn).account
    check_session_name("roleSessionName", session_name)
    duration_s = checked_duration_s(request.get("DurationSeconds", ROLE_SESSION_S_DEFAULT), ROLE_SESSION_S_MOST)
    policies = load_session_policies(core, context, request)
    tags, transitive_tags = merge_session_tags(context.principal, request)
    role = core.iam.find_role(account, role_arn)
    refused = "sts:AssumeRole" if role is None else _refused_action(core, context, role, request)
    if role is None or refused is not None:
        raise AccessDenied(
            f"User: {context.principal.arn} is not authorized to perform: {refused} on resource: {role_arn}"
        )
    _check_longest(context, role, duration_s)
    principal = replace(
        role_principal(role, session_name),
        session_policies=tuple(policies),
        session_tags=tags,
        transitive_tags=transitive_tags,
        source_identity=request.get("SourceIdentity", context.principal.source_identity),
    )
    session = core.iam.issue(context, principal, duration_s, role.arn)
    result: Wire = {
        "Credentials": shown_credentials(session),
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
        "PackedPolicySize": packed_size(policies) if policies else None,
        "SourceIdentity": principal.source_identity,
    }
    return result


def shown_credentials(session: Session) -> Wire:
    """Credentials as STS shows them."""
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "Expiration": session.expiration_at_ms,
    }


def _refused_action(core: Core, context: RequestContext, role: Role, request: Wire) -> str | None:
    """The first of the request's actions that the trust policy does not allow; None if it allows all."""
    keys = find_condition_keys(core, request)
    trusted = partial(core.iam.trusts_caller, role, context, keys)
    return next((action for action in needed_actions(request) if not trusted(action=action)), None)


def _check_longest(context: RequestContext, role: Role, duration_s: int) -> None:
    if duration_s > role.max_session_s:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if context.principal.role_name is not None and duration_s > CHAINED_SESSION_S_MOST:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
