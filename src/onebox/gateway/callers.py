"""Who calls: from the credential in a request to a Principal.

Credentials that onebox issued (access keys of IAM users, sessions of roles and users) act as their owner: signature,
token and end are checked. Any other key is a plain one. It stands for the built-in user of an account, the one the key
names if it is a 12-digit account id, else 000000000000; its signature is not checked, as anyone can make one. Plain
keys are refused where they look like keys that AWS or onebox issues, in requests of functions' processes, and
everywhere with ``onebox serve --credentials required``. Knows nothing of policies.
"""

from __future__ import annotations

from collections.abc import Callable

from onebox.clock import Clock
from onebox.gateway.denials import expired_token, invalid_key, missing_token, wrong_signature
from onebox.gateway.message import Request
from onebox.gateway.presigned_links import check_link
from onebox.gateway.sigv4 import ISSUED_PREFIXES, Credential, verify
from onebox.services.context import Principal
from onebox.services.iam.internal import IamInternal
from onebox.services.iam.model import Credentials

DEFAULT_ACCOUNT = "000000000000"
_ISSUED_CHARACTERS_LEAST = 16


def authenticate(
    request: Request,
    credential: Credential | None,
    iam: IamInternal,
    clock: Clock,
    partition: str,
    *,
    accepts_plain: Callable[[], bool],
) -> Principal:
    """The caller. Raises AwsError if the credentials are missing, unknown, expired or wrongly signed, and for a link
    that has expired, whoever signed it."""
    if credential is None:
        raise missing_token()
    if credential.presigned and credential.service == "s3" and credential.form_policy is None:
        check_link(credential, request.query, clock.now_ms())
    key_id = credential.access_key_id
    # Only keys that begin so are ever issued; a plain key needs no look-up.
    if not key_id.startswith(ISSUED_PREFIXES):
        if looks_issued(key_id) or not accepts_plain():
            raise invalid_key(credential.service)
        return iam.plain_principal(_named_account(key_id), partition)
    known = iam.find_credentials(key_id)
    if known is None:
        raise invalid_key(credential.service)
    _verify(request, credential, known, clock)
    if known.session_token is None:
        iam.note_key_use(key_id, credential.service, credential.region, clock.now_ms())
    return known.principal


def looks_issued(access_key_id: str) -> bool:
    """Whether a key is one of AWS or onebox, or was meant to be: in another case, or with a slip in its prefix. Its
    owner expects the rights of that key, and must not get those of the built-in user instead."""
    prefix = access_key_id.strip()[:4].upper()
    if prefix in ISSUED_PREFIXES:
        return True
    if len(access_key_id) < _ISSUED_CHARACTERS_LEAST or not access_key_id.isalnum() or access_key_id.isdecimal():
        return False
    return any(_is_slip(prefix, issued) for issued in ISSUED_PREFIXES)


def _is_slip(text: str, wanted: str) -> bool:
    """Whether one character differs, or two are swapped."""
    different = sum(given != right for given, right in zip(text, wanted, strict=False))
    return different <= 1 or (different == 2 and sorted(text) == sorted(wanted))


def _named_account(access_key_id: str) -> str:
    names_account = len(access_key_id) == 12 and access_key_id.isdecimal() and access_key_id.isascii()
    return access_key_id if names_account else DEFAULT_ACCOUNT


def _verify(request: Request, credential: Credential, known: Credentials, clock: Clock) -> None:
    if known.expiration_at_ms is not None and known.expiration_at_ms <= clock.trusted_ms():
        raise expired_token(credential.service)
    if credential.session_token != known.session_token:
        raise invalid_key(credential.service)
    if not verify(request, credential, known.secret_access_key):
        raise wrong_signature(credential.service)
