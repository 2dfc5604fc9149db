"""Server-sent events: a streamed response.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse


def event(name: str, data: str) -> str:
    """One event in wire format; data may have several lines."""
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"event: {name}\n{lines}\n"


class EventStream(StreamingResponse):
    """A response of events that ends with the iterator or when the browser leaves."""

    def __init__(self, events: AsyncIterator[str]) -> None:
        # X-Accel-Buffering: stops proxies from buffering events.
        super().__init__(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
