"""Access keys of users."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core
from onebox.services.iam.entities import load_named_or_calling_user
from onebox.services.iam.errors import LimitExceededException, NoSuchEntityException
from onebox.services.iam.limits import ACCESS_KEYS_PER_USER_MAX
from onebox.services.iam.model import AccessKey, User
from onebox.services.iam.validation import invalid, page


def create_access_key(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A new key of the user, or of the calling one. Only this answer holds the secret."""
    user = load_named_or_calling_user(core, context, request)
    if len(core.access_keys.list_of_user(user)) >= ACCESS_KEYS_PER_USER_MAX:
        raise LimitExceededException(f"Cannot exceed quota for AccessKeysPerUser: {ACCESS_KEYS_PER_USER_MAX}")
    key = core.credentials.issue_access_key(user, context.now_ms)
    return {"AccessKey": {**_shown(user, key), "SecretAccessKey": key.secret_access_key}}


def list_access_keys(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The keys of a user, without their secrets."""
    user = load_named_or_calling_user(core, context, request)
    keys = core.access_keys.list_of_user(user)
    return page(
        request, "AccessKeyMetadata", keys, key=lambda key: key.access_key_id, show=lambda key: _shown(user, key)
    )


def update_access_key(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Switch a key on or off."""
    user = load_named_or_calling_user(core, context, request)
    key, status = _load_key(core, user, request["AccessKeyId"]), request["Status"]
    if status not in ("Active", "Inactive"):
        raise invalid("status", status, "Member must satisfy enum value set: [Active, Inactive, Expired]")
    core.access_keys.set_active(key, status == "Active")
    core.forget()
    return {}


def delete_access_key(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a key for good."""
    user = load_named_or_calling_user(core, context, request)
    core.access_keys.delete(_load_key(core, user, request["AccessKeyId"]))
    core.forget()
    return {}


def get_access_key_last_used(core: Core, context: RequestContext, request: Wire) -> Wire:
    """When, where and for which service a key was used last, to the minute."""
    key = core.access_keys.find(request["AccessKeyId"])
    user = core.users.find_by_id(key.user_id) if key else None
    if key is None or user is None or user.account != context.account:
        raise _missing(request["AccessKeyId"])
    used = {
        "LastUsedDate": key.used_at_ms,
        "ServiceName": key.used_service or "N/A",
        "Region": key.used_region or "N/A",
    }
    return {"UserName": user.name, "AccessKeyLastUsed": used}


def _load_key(core: Core, user: User, access_key_id: str) -> AccessKey:
    key = core.access_keys.find(access_key_id)
    if key is None or key.user_id != user.id:
        raise _missing(access_key_id)
    return key


def _missing(access_key_id: str) -> NoSuchEntityException:
    return NoSuchEntityException(f"The Access Key with id {access_key_id} cannot be found.")


def _shown(user: User, key: AccessKey) -> Wire:
    return {
        "UserName": user.name,
        "AccessKeyId": key.access_key_id,
        "Status": "Active" if key.is_active else "Inactive",
        "CreateDate": key.created_at_ms,
    }
