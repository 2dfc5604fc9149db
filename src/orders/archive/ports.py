"""What reading and replaying need from the archive and from the target. S3, SQS and SNS implement them; the tests have
fakes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from orders.archive.notification import Notification
from orders.archive.objects import ObjectName


class Refused(NamedTuple):
    """Why the target did not accept one notification."""

    code: str
    reason: str
    retryable: bool
    """Whether another attempt may succeed."""


class Archive(Protocol):
    """The archive's objects."""

    def list_hour(self, prefix: str) -> Iterator[ObjectName]:
        """The objects of an hour, by name, which is by first moment."""

    def lines(self, key: str) -> Iterator[str]:
        """The lines of an object, read as they are asked for."""


class Target(Protocol):
    """Where notifications are replayed to."""

    @property
    def name(self) -> str: ...

    @property
    def bytes_max(self) -> int:
        """Of one call, and so of one notification."""

    def size_of(self, notification: Notification) -> int:
        """The bytes that it counts for."""

    def send(self, notifications: Sequence[Notification]) -> list[Refused | None]:
        """Send at most ten in one call. Answers for each, in order: None if it was accepted.

        Raises OrderUnavailable if the whole call failed and may succeed later.
        """
