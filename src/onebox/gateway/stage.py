"""How far a connection's request has come, and when its patience ends. Pure."""

from __future__ import annotations

from enum import Enum

from onebox.gateway.limits import (
    BODY_PROGRESS_BYTES,
    BODY_TIMEOUT_MS,
    HEAD_TIMEOUT_MS,
    IDLE_TIMEOUT_MS,
    READING_BYTES,
    STALLED_MS,
    UNREAD_TIMEOUT_MS,
)


class Stage(Enum):
    """What a connection expects of its client."""

    IDLE = "the next request"
    HEAD = "the end of a head"
    BODY = "the end of a body"


class Progress:
    """The stage of a connection and when it must have moved on. Moments in milliseconds of any one clock."""

    __slots__ = ("_read_at_ms", "_since_ms", "_unread_bytes", "stage", "stage_bytes")

    def __init__(self, now_ms: float) -> None:
        self.stage = Stage.IDLE
        self.stage_bytes = 0
        """Bytes that came in this stage, in whole packets; at most one packet too few."""
        self._since_ms = now_ms
        self._unread_bytes = 0
        self._read_at_ms = now_ms

    def received(self, count: int, now_ms: float) -> None:
        """Bytes came."""
        self.stage_bytes += count
        if self.stage is Stage.BODY and self.stage_bytes >= BODY_PROGRESS_BYTES:
            self.enter(Stage.BODY, now_ms)

    def enter(self, stage: Stage, now_ms: float) -> None:
        """Begin a stage, or a further period of the same."""
        self.stage = stage
        self.stage_bytes = 0
        self._since_ms = now_ms

    def still_answering(self, now_ms: float) -> None:
        """The client waits for an answer, or reads one: an idle connection begins to wait now at the earliest."""
        if self.stage is Stage.IDLE:
            self._since_ms = now_ms

    def is_stalled(self, now_ms: float) -> bool:
        """Whether the client brings less of a body than it must while others wait."""
        return self.stage is Stage.BODY and now_ms - self._since_ms > STALLED_MS

    def deadline_ms(self) -> float:
        """When the client must have sent more."""
        if self.stage is Stage.HEAD:
            return self._since_ms + HEAD_TIMEOUT_MS
        return self._since_ms + (BODY_TIMEOUT_MS if self.stage is Stage.BODY else IDLE_TIMEOUT_MS)

    def unread_for_ms(self, unread_bytes: int, now_ms: float) -> float:
        """How long the client has taken nothing of the ``unread_bytes`` of its answers. Called from time to time."""
        if unread_bytes == 0 or self._unread_bytes == 0 or unread_bytes <= self._unread_bytes - READING_BYTES:
            self._unread_bytes = unread_bytes
            self._read_at_ms = now_ms
        elif unread_bytes > self._unread_bytes:
            self._unread_bytes = unread_bytes
        return now_ms - self._read_at_ms

    def is_unread_too_long(self, unread_bytes: int, now_ms: float) -> bool:
        """Whether the client has read nothing for longer than it may."""
        return self.unread_for_ms(unread_bytes, now_ms) > UNREAD_TIMEOUT_MS
