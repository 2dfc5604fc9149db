"""Requests as bytes, without an SDK: a neighbour is a process of its own that imports nothing else."""

from __future__ import annotations

JSON = "application/x-amz-json-1.0"


def authorization(service: str) -> str:
    """A header that plain credentials would have."""
    scope = f"test/20260101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def http(service: str, body: bytes = b"", *, method: str = "POST", path: str = "/", **headers: str) -> bytes:
    """A whole request; ``x_amz_target`` and the like become headers."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: {authorization(service)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if "Transfer_Encoding" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode() + body
