"""Sends a request's head and body with one system call, where urllib3 sends one after the other.

What is sent stays the same; onebox is woken once for it.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

# Joining copies the body, which does not pay for large ones.
_BODY_BYTES_MAX = 64 * 1024


def improve(module: ModuleType) -> None:
    """``module`` is botocore.awsrequest."""
    connection = getattr(module, "AWSConnection", None)
    if connection is None:
        return
    request_in_parts = connection.request

    def request(
        self: Any, method: str, url: str, body: Any = None, headers: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        is_small = type(body) is bytes and len(body) <= _BODY_BYTES_MAX
        if not is_small or "Expect" in (headers or ()) or self.debuglevel or "send" in vars(self):
            request_in_parts(self, method, url, body, headers, *args, **kwargs)
            return
        parts: list[bytes] = []
        self.send = parts.append
        try:
            request_in_parts(self, method, url, body, headers, *args, **kwargs)
        finally:
            del self.send
        self.send(b"".join(parts))

    connection.request = request
