"""AWS Signature Version 4: reading a request's credential, and checking the signature of one whose secret we know.

Presigned URLs of S3 in version 2 are handed on to ``sigv2``.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html. The age of a signature is not judged here,
nor are the signatures of single chunks in an ``aws-chunked`` body. Knows nothing of who may do what.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from onebox.gateway.message import Request
from onebox.gateway.sigv2 import find_presigned_v2, form_signature_v2, signature_v2

_ALGORITHM = "AWS4-HMAC-SHA256"
_EMPTY_SHA256 = sha256(b"").hexdigest()
_UNSIGNED = "UNSIGNED-PAYLOAD"
ISSUED_PREFIXES = ("AKIA", "ASIA")
"""How the access keys begin that AWS and onebox issue: long-term ones, and temporary ones."""


class Credential(NamedTuple):
    """What a request says of its signer; nothing in it is verified."""

    access_key_id: str
    date: str
    """``YYYYMMDD`` of the scope; empty for a presigned URL of version 2."""
    region: str
    service: str
    """The signing name (``sqs``, ``monitoring``, ``lambda``, …)."""
    signed_headers: str
    """Lower-case names joined by semicolons, as signed."""
    signature: str
    timestamp: str
    """``X-Amz-Date``, or empty; for version 2 the moment of expiry in seconds since the epoch."""
    session_token: str | None
    presigned: bool
    form_policy: str | None = None
    """The policy of an upload by a form, in base64: what is signed in place of the request."""


def find_credential(request: Request) -> Credential | None:
    """The credential in the Authorization header or the presigned query; None where there is none or it is not one."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return _from_header(authorization, request)
    if "X-Amz-Credential=" in request.query:
        return _from_query(request.query)
    if "AWSAccessKeyId=" in request.query:
        return _from_presigned_v2(request.query)
    return None


def _from_presigned_v2(query: str) -> Credential | None:
    found = find_presigned_v2(query)
    if found is None:
        return None
    # Version 2 names no region; it belongs to the oldest one.
    return Credential(
        found.access_key_id, "", "us-east-1", "s3", "", found.signature, found.expires, found.session_token, True
    )


def _from_header(authorization: str, request: Request) -> Credential | None:
    signed, separator, signature = authorization.rpartition("Signature=")
    scope = _parse_scope(signed) if separator else None
    if scope is None:
        return None
    access_key_id, date, region, service, signed_headers = scope
    headers = request.headers
    return Credential(
        access_key_id,
        date,
        region,
        service,
        signed_headers,
        signature.strip(),
        headers.get("x-amz-date", ""),
        headers.get("x-amz-security-token"),
        False,
    )


@lru_cache(maxsize=512)
def _parse_scope(text: str) -> tuple[str, str, str, str, str] | None:
    """``AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…,`` in parts: the same for all requests of a client in a day."""
    algorithm, _, rest = text.partition(" ")
    if algorithm != _ALGORITHM:
        return None
    pairs = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    scope = _split_scope(pairs.get("Credential", ""))
    return None if scope is None else (*scope, pairs.get("SignedHeaders", ""))


def _split_scope(text: str) -> tuple[str, str, str, str] | None:
    # An access key id holds no slash, but nothing is lost in allowing one.
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or not parts[0]:
        return None
    return parts[0], parts[1], parts[2], parts[3]


def _from_query(query: str) -> Credential | None:
    values = dict(_decoded_pairs(query))
    scope = _split_scope(values.get("X-Amz-Credential", ""))
    if scope is None or values.get("X-Amz-Algorithm") != _ALGORITHM:
        return None
    return Credential(
        *scope,
        values.get("X-Amz-SignedHeaders", ""),
        values.get("X-Amz-Signature", ""),
        values.get("X-Amz-Date", ""),
        values.get("X-Amz-Security-Token"),
        True,
    )


def _decoded_pairs(query: str) -> list[tuple[str, str]]:
    pairs = (pair.partition("=")[::2] for pair in query.split("&") if pair)
    return [(_unquote(name), _unquote(value)) for name, value in pairs]


def _unquote(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "replace")


def make_form_credential(
    scope_text: str, signature: str, *, timestamp: str, session_token: str | None, policy: str
) -> Credential | None:
    """The credential in the fields of a form; None if ``X-Amz-Credential`` is none."""
    scope = _split_scope(scope_text)
    return None if scope is None else Credential(*scope, "", signature, timestamp, session_token, True, policy)


def verify(request: Request, credential: Credential, secret_access_key: str) -> bool:
    """Whether the signature fits the request, its body included. Constant time in the comparison."""
    if credential.form_policy is not None:
        return _is_same(_form_signature(credential, credential.form_policy, secret_access_key), credential.signature)
    if not credential.date and credential.presigned:
        expected = signature_v2(request, secret_access_key, credential.timestamp)
        return _is_same(expected, credential.signature)
    content_sha256 = _content_sha256(request, credential)
    if content_sha256 is None:
        return False
    canonical = "\n".join(
        (
            request.method,
            _canonical_path(request.path, credential.service),
            _canonical_query(request.query),
            _canonical_headers(request, credential.signed_headers),
            credential.signed_headers,
            content_sha256,
        )
    )
    scope = f"{credential.date}/{credential.region}/{credential.service}/aws4_request"
    digest = sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    timestamp = credential.timestamp
    to_sign = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{digest}"
    key = _signing_key(secret_access_key, credential.date, credential.region, credential.service)
    expected = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return _is_same(expected, credential.signature)


def _form_signature(credential: Credential, policy: str, secret_access_key: str) -> str:
    signed = policy.encode("utf-8", "surrogatepass")
    if not credential.date:
        return form_signature_v2(signed, secret_access_key)
    key = _signing_key(secret_access_key, credential.date, credential.region, credential.service)
    return hmac.digest(key, signed, "sha256").hex()


def _is_same(expected: str, signature: str) -> bool:
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


@lru_cache(maxsize=512)
def _signing_key(secret_access_key: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret_access_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _content_sha256(request: Request, credential: Credential) -> str | None:
    """The hash that was signed; None where it names another body than the one that came."""
    declared = request.headers.get("x-amz-content-sha256")
    if declared is None:
        if credential.presigned and credential.service == "s3":
            return _UNSIGNED
        return request.body_sha256() if request.body else _EMPTY_SHA256
    if declared == _UNSIGNED or declared.startswith("STREAMING-"):
        return declared
    return declared if declared == request.body_sha256() else None


def _canonical_path(path: str, service: str) -> str:
    if path == "/":
        return path
    # S3 signs the path once encoded, every other service encodes the encoded path again.
    if service == "s3":
        return quote(unquote_to_bytes(path), safe="/~")
    return quote(_without_dot_segments(path), safe="/~")


def _without_dot_segments(path: str) -> str:
    if "/." not in path and "//" not in path:
        return path or "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if path.endswith("/") and kept else "")


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = sorted(
        (quote(unquote_to_bytes(name), safe="~"), quote(unquote_to_bytes(value), safe="~"))
        for name, value in (pair.partition("=")[::2] for pair in query.split("&") if pair)
    )
    return "&".join(f"{name}={value}" for name, value in pairs if name != "X-Amz-Signature")


def _canonical_headers(request: Request, signed_headers: str) -> str:
    headers = request.headers
    return "".join([f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in signed_headers.split(";")])
