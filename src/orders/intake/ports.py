"""What the path of a request needs from AWS. Standard library only: this file travels with the function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from orders.intake.callers import Caller
from orders.intake.idempotency import KeyRecord, Outcome
from orders.publishing.message import Message


class Callers(Protocol):
    """Who may send orders."""

    def read(self) -> Sequence[Caller]:
        """Raises OrderUnavailable."""


class Keys(Protocol):
    """The idempotency keys, and the requests of each caller in a minute."""

    def start(self, record: KeyRecord, now_ms: int) -> KeyRecord | None:
        """Store the record of a new key; None if that is done, else the record that is there already.

        A record past its time counts as absent. Raises OrderUnavailable.
        """

    def take_over(self, found: KeyRecord, record: KeyRecord) -> bool:
        """Put a record in the place of one whose request ended without an answer; False if another was faster."""

    def finish(self, record: KeyRecord) -> None:
        """Store what became of the orders. Raises OrderUnavailable."""

    def count_request(self, caller: str, now_ms: int) -> int:
        """Count a request; how many the caller has sent in this minute. Raises OrderUnavailable."""


class Topic(Protocol):
    """OrderTopic."""

    def publish(self, messages: Sequence[Message]) -> list[Outcome]:
        """Publish; an outcome for each, in order. Raises nothing."""


class StoredOrders(Protocol):
    """The table Orders."""

    def find(self, order_id: str) -> dict[str, Any] | None:
        """An order's fields; None if it is not stored. Raises OrderUnavailable."""

    def read_body(self, order: Mapping[str, Any]) -> str | None:
        """The text of an order of which the table holds the head; None of any other. Raises OrderUnavailable."""
