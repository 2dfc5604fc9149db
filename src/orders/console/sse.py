"""Server-sent events: an answer that goes on.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse


def event(name: str, data: str) -> str:
    """One event as it goes over the wire; data may have several lines."""
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"event: {name}\n{lines}\n"


class EventStream(StreamingResponse):
    """An answer of events, which ends when the iterator does or the browser leaves."""

    def __init__(self, events: AsyncIterator[str]) -> None:
        # X-Accel-Buffering: proxies that buffer answers would hold events back.
        super().__init__(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
