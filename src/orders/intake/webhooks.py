"""The signatures of Standard Webhooks, symmetric scheme v1: HMAC-SHA256 over id, timestamp and body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import NamedTuple

ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER = "webhook-id", "webhook-timestamp", "webhook-signature"
SECRET_PREFIX = "whsec_"  # noqa: S105  (a prefix, no secret)
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 24, 64
TOLERANCE_S = 300
ID_CHARACTERS_MAX = 255
# A sender whose secret is being changed signs with the old and the new one.
SIGNATURES_MAX = 8


class Signed(NamedTuple):
    """What the three headers of a webhook say."""

    id: str
    timestamp: str
    signatures: tuple[bytes, ...]
    """Those of scheme v1, decoded."""


def read_signed(headers: Mapping[str, str], now_s: int) -> Signed:
    """The headers of a webhook. Raises ValueError, which says what is wrong with them."""
    webhook_id, timestamp = headers.get(ID_HEADER, ""), headers.get(TIMESTAMP_HEADER, "")
    if not 0 < len(webhook_id) <= ID_CHARACTERS_MAX or not webhook_id.isascii() or "." in webhook_id:
        raise ValueError(f"{ID_HEADER}: expected 1 to {ID_CHARACTERS_MAX} ASCII characters without a dot")
    if not (0 < len(timestamp) <= 12 and timestamp.isascii() and timestamp.isdigit()):
        raise ValueError(f"{TIMESTAMP_HEADER}: expected seconds since 1970")
    if abs(int(timestamp) - now_s) > TOLERANCE_S:
        raise ValueError(f"{TIMESTAMP_HEADER}: more than {TOLERANCE_S} seconds from now")
    given = headers.get(SIGNATURE_HEADER, "").split(" ", SIGNATURES_MAX)[:SIGNATURES_MAX]
    signatures = tuple(_decode(one[3:]) for one in given if one.startswith("v1,"))
    if not signatures:
        raise ValueError(f"{SIGNATURE_HEADER}: expected v1, and the signature in base64")
    return Signed(webhook_id, timestamp, signatures)


def is_signed_with(signed: Signed, body: bytes, key: bytes) -> bool:
    """Whether one of the signatures is that of this body and key; compared in constant time."""
    expected = _digest(signed.id, signed.timestamp, body, key)
    matches = [hmac.compare_digest(expected, one) for one in signed.signatures]
    return any(matches)


def sign(webhook_id: str, timestamp_s: int, body: bytes, secret: str) -> str:
    """The value of webhook-signature."""
    digest = _digest(webhook_id, str(timestamp_s), body, read_secret(secret))
    return f"v1,{base64.b64encode(digest).decode()}"


def read_secret(secret: str) -> bytes:
    """The key in a secret such as whsec_MfKQ9r8G…. Raises ValueError."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        raise ValueError(f"expected {SECRET_PREFIX} and {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes in base64")
    return key


def make_secret(key: bytes) -> str:
    """The secret that holds a key."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def _digest(webhook_id: str, timestamp: str, body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"%b.%b.%b" % (webhook_id.encode(), timestamp.encode(), body), "sha256")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
