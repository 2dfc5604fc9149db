"""The place of one answer in its connection's order. Knows nothing of sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from onebox.gateway.answers import Payload, serialize
from onebox.gateway.message import Response


class Answering(Protocol):
    """What a reply needs of its connection."""

    def answer_ready(self) -> None: ...
    def abort(self) -> None: ...
    def date(self) -> bytes: ...


class Reply:
    """The place of one answer in its connection's order."""

    __slots__ = ("_connection", "cancelled", "head_only", "headers", "keep_alive", "payload")

    def __init__(self, connection: Answering, *, keep_alive: bool, head_only: bool) -> None:
        self._connection = connection
        self.keep_alive = keep_alive
        self.head_only = head_only
        self.headers: list[tuple[str, str]] = []
        """Headers that the answer gets besides its own."""
        self.payload: Payload | None = None
        self.cancelled: Callable[[], object] | None = None
        """Called if the client hangs up before the answer."""

    def send(self, response: Response) -> None:
        """Answer. Harmless if the client has gone."""
        self.cancelled = None
        if self.headers:
            response = Response(response.status, response.body, [*response.headers, *self.headers])
        date = self._connection.date()
        self.payload = serialize(response, date, keep_alive=self.keep_alive, head_only=self.head_only)
        self._connection.answer_ready()

    def abort(self) -> None:
        """Cut the connection without an answer (the outcome is unknown)."""
        self._connection.abort()
