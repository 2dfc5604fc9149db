"""The built-in user: whom plain credentials (any key that onebox did not issue) stand for, if they are accepted.

It exists in every account, may do everything, and belongs to onebox: it is not listed and cannot be changed.
See docs/decisions/0007-plain-credentials.md.
"""

from __future__ import annotations

from base64 import b32encode
from functools import lru_cache
from hashlib import sha256

from onebox.services.context import Principal
from onebox.services.iam.model import User

NAME = "onebox"
_CREATED_AT_MS = 1_735_689_600_000
"""2025-01-01T00:00:00Z: the user is older than every account's first request."""


def builtin_user(account: str, partition: str = "aws") -> User:
    """The built-in user of an account. Its id is made from the account's, so that it is the same at every start."""
    digits = b32encode(sha256(f"onebox {account}".encode()).digest()).decode("ascii")
    return User(
        account=account,
        name=NAME,
        path="/",
        id=f"AIDA{digits[:17]}",
        arn=f"arn:{partition}:iam::{account}:user/{NAME}",
        created_at_ms=_CREATED_AT_MS,
        permissions_boundary=None,
        tags={},
    )


@lru_cache(maxsize=256)
def builtin_principal(account: str, partition: str = "aws") -> Principal:
    """The built-in user as a caller, whom no policy restricts."""
    user = builtin_user(account, partition)
    return Principal(account=account, arn=user.arn, user_id=user.id)


def is_builtin(principal: Principal) -> bool:
    """Whether the caller is the built-in user, with plain or temporary credentials."""
    return principal.user_name is None and principal.arn.endswith(f":user/{NAME}")
