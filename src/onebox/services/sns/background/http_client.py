"""The smallest HTTP client that a notification needs: one POST, its status. Knows nothing of SNS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

_STATUS_LINE_BYTES_MAX = 8_192


async def post(url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
    """The status of the endpoint's answer. Raises OSError if it cannot be reached, answers no HTTP, or is late."""
    try:
        return await asyncio.wait_for(_post(url, headers, body), timeout_s)
    except asyncio.TimeoutError as error:
        raise TimeoutError(f"no answer within {timeout_s} s") from error


async def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    parts = urlsplit(url)
    host = parts.hostname or ""
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    reader, writer = await asyncio.open_connection(host, port, ssl=tls, limit=_STATUS_LINE_BYTES_MAX)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        return _status_of(await reader.readline())
    except ValueError as error:
        raise OSError("the answer is not HTTP") from error
    finally:
        writer.close()


def _status_of(line: bytes) -> int:
    """The status in ``HTTP/1.1 200 OK``. Raises ValueError for anything else, other versions of HTTP included."""
    version, _, rest = line.partition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise ValueError(line)
    return int(rest[:3])
