"""Until when presigned links of S3 are valid. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html, and version 2, whose links name the second
of their end. A link from the future is accepted: the clocks of containers and laptops may differ.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import NoReturn
from urllib.parse import parse_qsl

from onebox.errors import AccessDenied
from onebox.gateway.denials import AuthorizationQueryParametersError
from onebox.gateway.sigv4 import Credential

_EXPIRES_S_MAX = 604_800
_REQUIRED = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders")
_EXPIRES = "X-Amz-Expires"
_NUMBER = re.compile(r"-?\d{1,19}", re.ASCII)
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_SHOWN_CHARACTERS_MAX = 100


def check_link(credential: Credential, query: str, now_ms: int) -> None:
    """Check the link that has this credential in its query. Raises AccessDenied if it has expired, or
    AuthorizationQueryParametersError for what is no time.

    The version and the moment are those that the signature is checked by: version 2 does not sign the whole query, so
    what somebody adds to it must not count.
    """
    if credential.date:
        _check_version_4(credential, query, now_ms)
    else:
        _check_version_2(credential.timestamp, now_ms)


def _check_version_4(credential: Credential, query: str, now_ms: int) -> None:
    values = dict(parse_qsl(query, keep_blank_values=True))
    if not values.keys() >= {*_REQUIRED, _EXPIRES}:
        names = f"{', '.join(_REQUIRED)}, and {_EXPIRES}"
        raise AuthorizationQueryParametersError(
            f"Query-string authentication version 4 requires the {names} parameters."
        )
    begins_at, lasts_s = _parse_date(credential.timestamp), _parse_lifetime(values[_EXPIRES])
    if begins_at.timestamp() * 1000 + lasts_s * 1000 < now_ms:
        _refuse(begins_at + timedelta(seconds=lasts_s), now_ms, **{_EXPIRES: str(lasts_s)})


def _check_version_2(expires: str, now_ms: int) -> None:
    if not _NUMBER.fullmatch(expires):
        shown = expires[:_SHOWN_CHARACTERS_MAX]
        raise AccessDenied(f"Invalid date (should be seconds since epoch): {shown}")
    expires_s = max(0, int(expires))
    if expires_s * 1000 < now_ms:
        _refuse(datetime.fromtimestamp(expires_s, timezone.utc), now_ms)


def _parse_date(text: str) -> datetime:
    try:
        if _DATE.fullmatch(text):
            return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        pass
    raise AuthorizationQueryParametersError("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")


def _parse_lifetime(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise AuthorizationQueryParametersError(f"{_EXPIRES} should be a number")
    if int(text) < 0:
        raise AuthorizationQueryParametersError(f"{_EXPIRES} must be non-negative")
    if int(text) > _EXPIRES_S_MAX:
        raise AuthorizationQueryParametersError(
            f"{_EXPIRES} must be less than a week (in seconds); that is, the given {_EXPIRES} must be less than "
            f"{_EXPIRES_S_MAX} seconds"
        )
    return int(text)


def _refuse(expired_at: datetime, now_ms: int, **members: str) -> NoReturn:
    now = datetime.fromtimestamp(now_ms / 1000, timezone.utc)
    raise AccessDenied("Request has expired", **members, Expires=_shown(expired_at), ServerTime=_shown(now))


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
