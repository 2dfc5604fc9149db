"""Service-specific credentials: a user's names and passwords for CodeCommit and Keyspaces.

onebox offers neither service; the credentials are kept and shown, and open nothing.
"""

from __future__ import annotations

import re

from onebox.errors import ValidationError
from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core
from onebox.services.iam.entities import load_named_or_calling_user
from onebox.services.iam.errors import LimitExceededException, NoSuchEntityException
from onebox.services.iam.limits import SERVICE_CREDENTIALS_PER_USER_MAX
from onebox.services.iam.model import ServiceCredential, User

_SERVICES = frozenset(("cassandra.amazonaws.com", "codecommit.amazonaws.com"))
_CREDENTIAL_ID = re.compile(r"\w+", re.ASCII)
_PASSWORD_CHARACTERS = 44


def create_service_specific_credential(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A new name and password. Only this answer holds the password."""
    user, service = load_named_or_calling_user(core, context, request), request["ServiceName"]
    if service not in _SERVICES:
        raise NoSuchEntityException(f"No such service {service} is supported for Service Specific Credentials")
    known = core.service_credentials.list_of_user(user, service)
    if len(known) >= SERVICE_CREDENTIALS_PER_USER_MAX:
        most = SERVICE_CREDENTIALS_PER_USER_MAX
        raise LimitExceededException(f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {most}")
    credential = ServiceCredential(
        credential_id=core.new_id("ACCA"),
        user_id=user.id,
        service=service,
        user_name=_sign_in_name(user, known),
        is_active=True,
        created_at_ms=context.now_ms,
    )
    core.service_credentials.insert(credential)
    return {"ServiceSpecificCredential": _with_password(core, user, credential)}


def list_service_specific_credentials(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A user's credentials, without passwords."""
    user, service = load_named_or_calling_user(core, context, request), request.get("ServiceName")
    if service is not None and service not in _SERVICES:
        raise NoSuchEntityException(f"No such service {service} is supported for Service Specific Credentials")
    found = core.service_credentials.list_of_user(user, service)
    return {"ServiceSpecificCredentials": [_shown(user, credential) for credential in found]}


def update_service_specific_credential(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Switch a credential on or off."""
    status = request["Status"]
    if status not in ("Active", "Inactive"):
        raise _invalid("status", "Member must satisfy enum value set")
    _, credential = _load(core, context, request)
    core.service_credentials.set_active(credential, status == "Active")
    return {}


def reset_service_specific_credential(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A new password; the status stays."""
    user, credential = _load(core, context, request)
    return {"ServiceSpecificCredential": _with_password(core, user, credential)}


def delete_service_specific_credential(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a credential."""
    _, credential = _load(core, context, request)
    core.service_credentials.delete(credential)
    return {}


def _load(core: Core, context: RequestContext, request: Wire) -> tuple[User, ServiceCredential]:
    credential_id = request["ServiceSpecificCredentialId"]
    if not _CREDENTIAL_ID.fullmatch(credential_id):
        pattern = r"Member must satisfy regular expression pattern: [\w]+"
        raise _invalid("serviceSpecificCredentialId", pattern)
    user = load_named_or_calling_user(core, context, request)
    credential = core.service_credentials.find(user, credential_id)
    if credential is None:
        raise NoSuchEntityException("No such credential ID exists")
    return user, credential


def _invalid(member: str, constraint: str) -> ValidationError:
    # Here AWS leaves the value out.
    return ValidationError(
        f"1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"
    )


def _sign_in_name(user: User, known: list[ServiceCredential]) -> str:
    """``USER-at-ACCOUNT``; with a number for the second one."""
    first = f"{user.name}-at-{user.account}"
    taken = {credential.user_name for credential in known}
    return first if first not in taken else f"{user.name}+1-at-{user.account}"


def _with_password(core: Core, user: User, credential: ServiceCredential) -> Wire:
    return {**_shown(user, credential), "ServicePassword": core.ids.token(_PASSWORD_CHARACTERS)}


def _shown(user: User, credential: ServiceCredential) -> Wire:
    return {
        "UserName": user.name,
        "Status": "Active" if credential.is_active else "Inactive",
        "ServiceUserName": credential.user_name,
        "CreateDate": credential.created_at_ms,
        "ServiceSpecificCredentialId": credential.credential_id,
        "ServiceName": credential.service,
    }
