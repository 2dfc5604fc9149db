"""Messages that point to orders in S3: their bodies for those who read them, and pointers for those who send.

Promises: a message that is no pointer costs no call. What is sent back unchanged stays the pointer that it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from orders.claims.reading import Objects, text_of
from orders.dead_letters.messages import BATCH_BYTES_MAX, QueueMessage
from orders.domain.claims import find_pointer, write_pointer

# Of all orders that one reading takes from S3; further messages stay pointers.
RESOLVED_BYTES_MAX = 256 * 1024 * 1024


class Claims(Objects, Protocol):
    """The claims bucket, read and written."""

    def put(self, content: bytes) -> str: ...


def resolve_bodies(messages: Sequence[QueueMessage], claims: Objects) -> list[QueueMessage]:
    """The messages, each pointer with the body that it points to, where that is still there."""
    resolved: list[QueueMessage] = []
    left = RESOLVED_BYTES_MAX
    for message in messages:
        pointer = find_pointer(message.body) if left > 0 else None
        if pointer is not None:
            text = text_of(message.body, claims)
            if text != message.body:
                left -= len(text)
                message = message._replace(body=text, claim=pointer.key, pointer=message.body)
        resolved.append(message)
    return resolved


def shorten(text: str, claims: Claims) -> str:
    """A text to send: itself, or a pointer to it where no queue takes its size. Raises as the bucket's ``put``."""
    content = text.encode()
    return text if len(content) <= BATCH_BYTES_MAX else write_pointer(claims.name, claims.put(content))
