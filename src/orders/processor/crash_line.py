"""The log lines that name the messages of a batch: one that ended with an exception, and one that was delivered before.

A process that ends in the middle (timeout, memory) writes nothing any more. Its messages come back, and the first line
of their next batch names them with the request.
Standard library only: this file travels with the function.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from orders.errors import REASON_MAX
from orders.processor.next_try import read_receive

FRAMES_MAX = 20
# A batch may hold 10,000 messages, and a log event 256 KB.
MESSAGES_MAX = 1_000


def crash_line(error: Exception, records: Sequence[Mapping[str, Any]], request_id: str) -> dict[str, Any]:
    """The log line of a batch none of whose messages has an outcome."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    return {
        **batch_line(records, request_id),
        "level": "ERROR",
        "exception": type(error).__name__,
        "reason": str(error)[:REASON_MAX],
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


def batch_line(records: Sequence[Mapping[str, Any]], request_id: str) -> dict[str, Any]:
    """The messages of a batch, and how often each was received."""
    named = records[:MESSAGES_MAX]
    return {
        "level": "INFO",
        "requestId": request_id,
        "messageIds": [record["messageId"] for record in named],
        "receiveCounts": [read_receive(record).number for record in named],
    }
