"""Temporary credentials of the calling user: as they are (GetSessionToken), or for a federated user."""

from __future__ import annotations

from dataclasses import replace

from onebox.services.context import Principal, RequestContext, Wire
from onebox.services.sts.core import Core
from onebox.services.sts.errors import AccessDenied
from onebox.services.sts.limits import ACCOUNT_SESSION_S_DEFAULT, ACCOUNT_SESSION_S_MOST
from onebox.services.sts.operations.assume_role import shown_credentials
from onebox.services.sts.session_policies import load_session_policies, packed_size
from onebox.services.sts.validation import check_session_name, checked_duration_s

_FEDERATED_NAME_MAX = 32
_NO_RIGHTS = '{"Version": "2012-10-17", "Statement": []}'
"""What a federated user may do without a session policy."""


def get_session_token(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Temporary credentials of the calling user itself; those of a role cannot ask for more."""
    _refuse_temporary(context.principal, "GetSessionToken")
    duration_s = checked_duration_s(request.get("DurationSeconds", ACCOUNT_SESSION_S_DEFAULT), ACCOUNT_SESSION_S_MOST)
    return {"Credentials": shown_credentials(core.iam.issue(context, context.principal, duration_s))}


def get_federation_token(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Temporary credentials of a federated user: no more rights than the calling user has and the policies allow."""
    name = request["Name"]
    check_session_name("name", name, _FEDERATED_NAME_MAX)
    _refuse_temporary(context.principal, "GetFederationToken")
    duration_s = checked_duration_s(request.get("DurationSeconds", ACCOUNT_SESSION_S_DEFAULT), ACCOUNT_SESSION_S_MOST)
    policies = load_session_policies(core, context, request)
    account, partition = context.account, context.principal.arn.split(":")[1]
    principal = replace(
        context.principal,
        arn=f"arn:{partition}:sts::{account}:federated-user/{name}",
        user_id=f"{account}:{name}",
        session_policies=tuple(policies) or (_NO_RIGHTS,),
    )
    return {
        "Credentials": shown_credentials(core.iam.issue(context, principal, duration_s)),
        "FederatedUser": {"FederatedUserId": principal.user_id, "Arn": principal.arn},
        "PackedPolicySize": packed_size(policies) if policies else 0,
    }


def _refuse_temporary(principal: Principal, operation: str) -> None:
    if principal.role_name is not None or principal.issued_at_ms is not None:
        raise AccessDenied(f"Cannot call {operation} with session credentials")
