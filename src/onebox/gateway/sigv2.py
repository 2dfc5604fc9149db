"""AWS Signature Version 2 in S3's presigned URLs and forms, which boto3 still makes unless it is told otherwise.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationQueryStringAuth. Headers
signed this way are not read: clients sign them with version 4. Knows nothing of who may do what.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import unquote

from onebox.gateway.message import Request
from onebox.gateway.protocols.s3_address import address_path

# Query parameters that are part of the resource; those that override answer headers are, too.
_SUBRESOURCES = frozenset(
    {
        "acl",
        "analytics",
        "cors",
        "delete",
        "inventory",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "partNumber",
        "policy",
        "replication",
        "requestPayment",
        "restore",
        "select",
        "select-type",
        "storageClass",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    }
)


class PresignedV2(NamedTuple):
    """What the query of a presigned URL says; nothing in it is verified."""

    access_key_id: str
    signature: str
    expires: str
    """Seconds since the epoch, as text."""
    session_token: str | None


def find_presigned_v2(query: str) -> PresignedV2 | None:
    """The parts of a presigned URL's query, or None."""
    values = {name: unquote(value) for name, value in _pairs(query)}
    if not values.get("AWSAccessKeyId") or "Signature" not in values or "Expires" not in values:
        return None
    return PresignedV2(
        values["AWSAccessKeyId"], values["Signature"], values["Expires"], values.get("x-amz-security-token")
    )


def signature_v2(request: Request, secret_access_key: str, expires: str) -> str:
    """The signature that the request ought to have."""
    headers = request.headers
    amz_headers = {name: value for name, value in headers.items() if name.startswith("x-amz-")}
    amz_headers |= {name: unquote(value) for name, value in _pairs(request.query) if name.startswith("x-amz-")}
    lines = [
        request.method,
        headers.get("content-md5", ""),
        headers.get("content-type", ""),
        expires,
        *(f"{name}:{amz_headers[name].strip()}" for name in sorted(amz_headers)),
        _resource(request),
    ]
    digest = hmac.digest(secret_access_key.encode(), "\n".join(lines).encode("utf-8", "surrogateescape"), "sha1")
    return b64encode(digest).decode("ascii")


def form_signature_v2(policy: bytes, secret_access_key: str) -> str:
    """The signature of a form's policy, which is in base64."""
    return b64encode(hmac.digest(secret_access_key.encode(), policy, "sha1")).decode("ascii")


def _resource(request: Request) -> str:
    named = sorted(
        (name, value, pair)
        for pair in request.query.split("&")
        for name, _, value in [pair.partition("=")]
        if name in _SUBRESOURCES or name.startswith("response-")
    )
    parts = [f"{name}={unquote(value)}" if "=" in pair else name for name, value, pair in named]
    return address_path(request) + (f"?{'&'.join(parts)}" if parts else "")


def _pairs(query: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)]
