"""Reads the fields of a usual answer at once, where http.client reads them as an e-mail's, line by line.

The result is what http.client returns. Whatever is not plain (a folded line, other than ASCII, a head that has not
arrived whole) is left to it, unread. Fields of plain ASCII, the SDK's own included, are shown without a search for what
ASCII has not.
"""

from __future__ import annotations

import http.client
import re
from email import _policybase
from types import ModuleType
from typing import Any

# Each part ends where the next begins, so that nothing is tried twice.
_FIELDS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [!-~][ -~]*\r\n)+")
_END = b"\r\n\r\n"
# Below the limits of http.client, which it is left to report.
_BYTES_MAX = 8192
_FIELDS_MAX = 64


def improve(_module: ModuleType) -> None:
    """Used by every answer that http.client reads, urllib3's included."""
    read_any = http.client.parse_headers

    def parse_headers(fp: Any, *args: Any, **kwargs: Any) -> Any:
        if not args and not kwargs and hasattr(fp, "peek"):
            head = arrived_head(fp.peek())
            if head:
                fp.read(len(head) + 2)
                return _message(head)
        return read_any(fp, *args, **kwargs)

    http.client.parse_headers = parse_headers
    _show_ascii_at_once(_policybase.Compat32)


def _show_ascii_at_once(policy: Any) -> None:
    """The policy of all fields that http.client and botocore hold: only surrogates make it change a value."""
    show = policy.header_fetch_parse

    def header_fetch_parse(self: Any, name: str, value: Any) -> Any:
        if type(value) is str and type(self) is policy and value.isascii():
            return value
        return show(self, name, value)

    policy.header_fetch_parse = header_fetch_parse


def arrived_head(received: bytes) -> bytes:
    """The fields' lines of a plain head that has arrived whole, else nothing."""
    end = received.find(_END) + 2
    head = received[:end] if 2 <= end <= _BYTES_MAX else b""
    is_plain = (
        _FIELDS.fullmatch(head) is not None
        and head.count(b"\n") <= _FIELDS_MAX
        and b" \r\n" not in head
        # Messages of several parts, and such that hold a message, have structure that http.client looks for.
        and b"content-type: m" not in head.lower()
    )
    return head if is_plain else b""


def _message(head: bytes) -> http.client.HTTPMessage:
    message = http.client.HTTPMessage()
    for line in head.decode("ascii").split("\r\n")[:-1]:
        name, _, value = line.partition(": ")
        message.set_raw(name, value)
    message.set_payload("")
    return message
