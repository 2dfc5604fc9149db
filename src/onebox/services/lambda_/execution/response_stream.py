"""A response on its way from a function to its client, while the function still writes it.

Promises: bytes arrive in their order, as many together as wait, up to 64 KiB: a function that writes them one by one
costs its client's turns no more; at most some 256 KiB wait for a slow client, since the function's connection is not
read meanwhile; a client that has gone does not hold up the function.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

from onebox.services.lambda_.execution.outcome import Outcome

_WAITING_BYTES_MAX = 256 * 1024
_TAKEN_BYTES_MAX = 64 * 1024


class Source(Protocol):
    """Where chunks come from: it can be told to wait."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...


class ResponseStream:
    """One response. The worker begins and writes it, the invocation's ``done`` ends it, one client reads it."""

    def __init__(self) -> None:
        self._source: Source | None = None
        self._chunks: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._is_paused = False
        self._is_abandoned = False
        self._outcome: Outcome | None = None
        self._changed = asyncio.Event()
        self.content_type: str | None = None
        """Of a response that was streamed; None of one that came as a whole, in the outcome."""

    # The function's side

    def begin(self, content_type: str, source: Source) -> None:
        """The function begins to stream."""
        self.content_type = content_type
        self._source = source
        self._changed.set()

    def write(self, chunk: bytes) -> None:
        """A part of the response."""
        if self._is_abandoned or not chunk:
            return
        self._chunks.append(chunk)
        self._waiting_bytes += len(chunk)
        self._changed.set()
        if self._waiting_bytes > _WAITING_BYTES_MAX and not self._is_paused and self._source is not None:
            self._is_paused = True
            self._source.pause()

    def end(self, outcome: Outcome) -> None:
        """The invocation has ended, well or not."""
        self._outcome = outcome
        self._changed.set()

    # The client's side

    async def wait_begun(self) -> None:
        """Return when the function begins to stream, or ends."""
        while self.content_type is None and self._outcome is None:
            await self._wait()

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is streamed, as much at a time as waits, until the invocation's end. Whoever stops reading must call
        :meth:`abandon`."""
        while True:
            while self._chunks:
                yield self._take()
            if self._outcome is not None:
                return
            await self._wait()

    @property
    def outcome(self) -> Outcome:
        """How the invocation ended; known after the last chunk."""
        assert self._outcome is not None
        return self._outcome

    @property
    def has_failed(self) -> bool:
        """Whether the invocation has ended, and not well."""
        return self._outcome is not None and self._outcome.failed

    def abandon(self) -> None:
        """Nobody reads on; the function runs to its end all the same."""
        self._is_abandoned = True
        self._chunks.clear()
        self._resume()

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _take(self) -> bytes:
        chunks = [self._chunks.popleft()]
        size_bytes = len(chunks[0])
        while self._chunks and size_bytes + len(self._chunks[0]) <= _TAKEN_BYTES_MAX:
            chunks.append(self._chunks.popleft())
            size_bytes += len(chunks[-1])
        self._waiting_bytes -= size_bytes
        if self._waiting_bytes <= _WAITING_BYTES_MAX // 2:
            self._resume()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _resume(self) -> None:
        if self._is_paused and self._source is not None:
            self._is_paused = False
            self._source.resume()
