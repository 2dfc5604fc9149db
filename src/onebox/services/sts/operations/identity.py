"""Who calls, and whose a key is."""

from __future__ import annotations

import re

from onebox.errors import ValidationError
from onebox.services.context import RequestContext, Wire
from onebox.services.sts.core import Core
from onebox.services.sts.validation import invalid

_ACCESS_KEY = re.compile(r"(AKIA|ASIA)[A-Z0-9]{12,124}|[0-9]{12}")


def get_caller_identity(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Who the caller is."""
    principal = context.principal
    return {"UserId": principal.user_id, "Account": principal.account, "Arn": principal.arn}


def get_access_key_info(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The account an access key belongs to: one that was issued, or a plain one that names its account."""
    key_id = request["AccessKeyId"]
    if not _ACCESS_KEY.fullmatch(key_id):
        raise invalid("accessKeyId", key_id, r"Member must satisfy regular expression pattern: [\w]*")
    account = key_id if key_id.isdecimal() else core.iam.find_key_account(key_id)
    if account is None:
        raise ValidationError(f"The access key ID {key_id} is invalid.")
    return {"Account": account}
