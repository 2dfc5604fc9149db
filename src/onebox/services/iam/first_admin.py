"""The first administrator of an account: a user with all rights and an access key, made without any caller.

For ``onebox iam create-admin``, where plain credentials are refused and no key exists yet.
"""

from __future__ import annotations

from onebox.services.context import RequestContext
from onebox.services.iam.builtin_user import builtin_principal
from onebox.services.iam.core import Core
from onebox.services.iam.entities import USER
from onebox.services.iam.model import AccessKey
from onebox.services.iam.operations import access_keys, attached_policies, users

_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


def create_admin(core: Core, account: str, name: str, now_ms: int) -> AccessKey:
    """A new access key of the user, who is created if missing and has all rights.

    Raises AwsError for a name that IAM refuses, and LimitExceeded for a user who has two keys.
    """
    context = RequestContext(
        account=account,
        region="us-east-1",
        principal=builtin_principal(account),
        now_ms=now_ms,
        request_id="create-admin",
        endpoint_url="",
    )
    user = {"UserName": name}
    if core.users.find(account, name) is None:
        users.create_user(core, context, user)
    attached_policies.attach_policy(USER, core, context, {**user, "PolicyArn": _POLICY})
    shown = access_keys.create_access_key(core, context, user)["AccessKey"]
    key = core.access_keys.find(shown["AccessKeyId"])
    assert key is not None
    return key
