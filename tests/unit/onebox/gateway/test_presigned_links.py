"""Goal: a presigned link is valid until the moment that it names, to the second, and what is no time is refused in
AWS's words."""

from __future__ import annotations

import contextlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.errors import AccessDenied, AwsError
from onebox.gateway.message import Request
from onebox.gateway.presigned_links import check_link
from onebox.gateway.sigv4 import find_credential

NOW_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
MEMBERS = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "key/20260101/us-east-1/s3/aws4_request",
    "X-Amz-Date": "20260101T000000Z",
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Signature": "0",
}
VERSION_2 = {"AWSAccessKeyId": "key", "Signature": "s", "Expires": "1767225660"}
ALL_REQUIRED = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
    "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
TOO_LONG = (
    "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 "
    "seconds"
)
NO_DATE = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""


def _check(query: str, now_ms: int) -> None:
    credential = find_credential(Request("GET", "/bucket/key", query, {}, b""))
    assert credential is not None
    check_link(credential, query, now_ms)


@pytest.mark.parametrize("members", [MEMBERS, VERSION_2], ids=["version 4", "version 2"])
def test_link_expires_at_its_moment(members: dict[str, str]) -> None:
    query = urlencode(members)
    for valid_ms in (-86_400_000, 0, 60_000):
        _check(query, NOW_MS + valid_ms)

    with pytest.raises(AccessDenied, match="Request has expired") as caught:
        _check(query, NOW_MS + 60_001)

    own = {"X-Amz-Expires": "60"} if members is MEMBERS else {}
    assert caught.value.members == {
        **own,
        "Expires": "2026-01-01T00:01:00Z",
        "ServerTime": "2026-01-01T00:01:00Z",
    }


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        ({**MEMBERS, "X-Amz-Expires": "1h"}, "AuthorizationQueryParametersError", "X-Amz-Expires should be a number"),
        ({**MEMBERS, "X-Amz-Expires": ""}, "AuthorizationQueryParametersError", "X-Amz-Expires should be a number"),
        ({**MEMBERS, "X-Amz-Expires": "9" * 20}, "AuthorizationQueryParametersError", "should be a number"),
        ({**MEMBERS, "X-Amz-Expires": "-1"}, "AuthorizationQueryParametersError", "X-Amz-Expires must be non-negative"),
        ({**MEMBERS, "X-Amz-Expires": "604801"}, "AuthorizationQueryParametersError", TOO_LONG),
        ({**MEMBERS, "X-Amz-Date": "2026-01-01T00:00:00Z"}, "AuthorizationQueryParametersError", NO_DATE),
        ({**MEMBERS, "X-Amz-Date": "20261301T000000Z"}, "AuthorizationQueryParametersError", NO_DATE),
        (
            {name: value for name, value in MEMBERS.items() if name != "X-Amz-Expires"},
            "AuthorizationQueryParametersError",
            ALL_REQUIRED,
        ),
        ({**VERSION_2, "Expires": "soon"}, "AccessDenied", "Invalid date (should be seconds since epoch): soon"),
        ({**VERSION_2, "Expires": "-1"}, "AccessDenied", "Request has expired"),
    ],
)
def test_what_is_no_time_is_refused(members: dict[str, str], code: str, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        _check(urlencode(members), NOW_MS)

    assert caught.value.wire_code == code
    assert message in caught.value.message


def test_longest_lifetime_is_a_week() -> None:
    _check(urlencode({**MEMBERS, "X-Amz-Expires": "604800"}), NOW_MS + 604_800_000)


@pytest.mark.parametrize(
    "added",
    [
        "%45xpires=9999999999",
        urlencode({**MEMBERS, "X-Amz-Date": "20260102T000000Z"}).replace("X-Amz-", "X%2DAmz-"),
    ],
    ids=["other moment", "version 4"],
)
def test_what_is_added_to_a_link_of_version_2_does_not_prolong_it(added: str) -> None:
    """Version 2 signs the moment and the parameters that name a resource, not the whole query."""
    with pytest.raises(AccessDenied, match="Request has expired"):
        _check(f"{urlencode(VERSION_2)}&{added}", NOW_MS + 61_000)


@given(
    st.sampled_from([MEMBERS, VERSION_2]),
    st.sampled_from(["X-Amz-Date", "X-Amz-Expires", "Expires", "X-Amz-Credential"]),
    st.text() | st.from_regex(r"\d{8}T\d{6}Z", fullmatch=True) | st.integers(-(10**20), 10**20).map(str),
)
def test_nothing_but_its_own_refusals_is_raised(members: dict[str, str], name: str, value: str) -> None:
    text = urlencode({**members, name: value}, errors="replace")
    credential = find_credential(Request("GET", "/bucket/key", text, {}, b""))
    if credential is not None:
        with contextlib.suppress(AwsError):
            check_link(credential, text, NOW_MS)
