"""What a soak publishes: a stream of messages that one seed decides, and of which every content can be made again.

Most messages are new orders, with the content of the packaged sample of real orders under ids of their own. Some are
later notifications of orders published before: a newer one, the same one again, one that is older than the last. One
in a hundred is invalid, in a different way each time.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple

from orders.domain.contract import INDEX_KEYS
from orders.local.demo import load_sample
from orders.publishing.topic import quote

POISON_SHARE = 0.01
AGAIN_SHARE = 0.06
"""Newer, repeated and older notifications together."""
AGAIN_WITHIN = 5_000
"""Such a notification is of one of so many last orders: some of these still wait in the queue."""
VERSIONS_MAX = 250
STATUSES = ("new", "paid", "packed", "shipped", "delivered")
VARIED = ("orderId", "status", "timestamp")
"""What differs between orders of the same content, and between notifications of an order."""
_FIRST_MOMENT = datetime(2026, 1, 1, tzinfo=timezone.utc)
_SPREAD = 0x9E3779B1  # odd, so that the product modulo 2**32 is different for each number

POISONS: tuple[Callable[[str], str], ...] = (
    lambda mark: f'{{"orderId":"{mark}","total":',
    lambda mark: f'{{"note":"{mark}","userId":"U-1"}}',
    lambda mark: f'{{"orderId":"","note":"{mark}"}}',
    lambda mark: f'["{mark}"]',
    lambda mark: f'{{"orderId":17,"note":"{mark}"}}',
    lambda mark: f'{{"orderId":"{mark}","timestamp":"yesterday"}}',
    lambda mark: f'{{"orderId":"{mark}","total":0.{"1" * 60}}}',
    lambda mark: f'{{"orderId":"{mark}","items":"none"}}',
    lambda mark: f'{{"orderId":"{mark}","currency":"pounds"}}',
    lambda mark: f'{{"orderId":"{mark}","deep":{"[" * 40}{"]" * 40}}}',
)
"""Invalid messages, each by its mark. None can ever be stored."""


class Message(NamedTuple):
    """One notification. ``order`` is the order's number, or None for an invalid message, whose number is ``poison``."""

    text: bytes
    """As form text, ready for PublishBatch."""
    order: int | None
    version: int = 0
    poison: int = 0


def order_id(number: int) -> str:
    """The id of an order: in no order, as most shops' ids are, and with its number at the end."""
    return f"{number * _SPREAD & 0xFFFFFFFF:08x}-{number}"


def number_of(name: str) -> int | None:
    """The number of an order's id, None for any other text."""
    digits = name.rpartition("-")[2]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 12):
        return None
    return int(digits) if order_id(int(digits)) == name else None


def varied(number: int, version: int) -> dict[str, str]:
    """The fields that differ, of the notification ``version`` of an order; a later version is newer."""
    moment = _FIRST_MOMENT + timedelta(seconds=number % 1_000_000, hours=version)
    status = STATUSES[version % len(STATUSES)]
    return {
        "orderId": order_id(number),
        "status": status,
        "timestamp": moment.isoformat().replace("+00:00", "Z"),
    }


def poison_text(number: int) -> str:
    """The invalid message of this number."""
    return POISONS[number % len(POISONS)](f"poison-{number}")


class Traffic:
    """The stream of one seed. It counts what it has made."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        texts = [entry.text for entry in load_sample()]
        self.templates = [_stored_form(text) for text in texts]
        """The fields that all orders of a content share; the order of number n has that of n modulo their count."""
        self._rests = [quote(json.dumps(_without_varied(json.loads(text)), ensure_ascii=False)[1:]) for text in texts]
        self._versions = bytearray()
        """The highest version made so far, by the order's number."""
        self.poisons = 0

    def new_order(self) -> Message:
        """The first notification of the next order."""
        self._versions.append(0)
        return self._message(len(self._versions) - 1, 0)

    def next(self) -> Message:
        """The next message, whatever it is."""
        draw = self._chance.random()
        if draw < POISON_SHARE:
            self.poisons += 1
            return Message(quote(poison_text(self.poisons - 1)), None, poison=self.poisons - 1)
        if draw < POISON_SHARE + AGAIN_SHARE and self._versions:
            return self._again()
        return self.new_order()

    def _again(self) -> Message:
        """A notification more of an order from before: in equal parts newer, the same, older."""
        number = self._chance.randrange(max(0, len(self._versions) - AGAIN_WITHIN), len(self._versions))
        version = self._versions[number]
        kind = self._chance.randrange(3)
        if kind == 0 and version < VERSIONS_MAX:
            self._versions[number] = version = version + 1
        elif kind == 1:
            version = self._chance.randrange(version + 1)
        return self._message(number, version)

    def _message(self, number: int, version: int) -> Message:
        head = json.dumps(varied(number, version))[:-1] + ", "
        return Message(quote(head) + self._rests[number % len(self._rests)], number, version)


def _without_varied(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in VARIED}


def _stored_form(text: str) -> dict[str, Any]:
    """Exact numbers, and no null where an index has its key."""
    fields = _without_varied(json.loads(text, parse_float=Decimal, parse_int=Decimal))
    return {name: value for name, value in fields.items() if value is not None or name not in INDEX_KEYS}
