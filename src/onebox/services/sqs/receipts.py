"""Receipt handles: opaque to clients, naming queue, message and receive.

A handle stays readable for ever; the store tells whether it is still valid. The receive is the
message's receive count, which changes at every receive, so no handle is ever issued twice.
Pure: knows nothing of SQL, clock or HTTP.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from typing import NamedTuple

_LAYOUT = struct.Struct(">QQI")
_CHECKED = struct.Struct(">QQII")
_PREFIX = "AQEB"
_CHARACTERS = len(_PREFIX) + _CHECKED.size * 4 // 3


class Receipt(NamedTuple):
    """One receive of one message."""

    queue_id: int
    id: int
    receive_count: int


def format_receipt(receipt: Receipt) -> str:
    """The handle a client is given."""
    checksum = zlib.crc32(_LAYOUT.pack(*receipt))
    return _PREFIX + binascii.b2a_base64(_CHECKED.pack(*receipt, checksum), newline=False).decode("ascii")


def parse_receipt(handle: str) -> Receipt | None:
    """The receipt that a handle names; None if this service never issued it."""
    if len(handle) != _CHARACTERS or not handle.startswith(_PREFIX):
        return None
    try:
        packed = base64.b64decode(handle[len(_PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(packed) != _CHECKED.size:
        return None
    queue_id, message_row_id, receive_count, checksum = _CHECKED.unpack(packed)
    if zlib.crc32(packed[: _LAYOUT.size]) != checksum:
        return None
    return Receipt(queue_id, message_row_id, receive_count)
