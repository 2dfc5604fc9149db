"""The log line of a batch that ended with an exception: which messages it held, and where it broke.

Standard library only: this file travels with the function.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

from orders.errors import REASON_MAX

FRAMES_MAX = 20
# A batch may hold 10,000 messages, and a log event 256 KB.
MESSAGES_MAX = 1_000


def crash_line(error: Exception, message_ids: Sequence[str], request_id: str) -> dict[str, Any]:
    """What is told of a batch none of whose messages has an outcome."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    return {
        "level": "ERROR",
        "exception": type(error).__name__,
        "reason": str(error)[:REASON_MAX],
        "messageIds": list(message_ids[:MESSAGES_MAX]),
        "requestId": request_id,
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
