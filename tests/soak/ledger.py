"""What must be there in the end, and what is wrong with what is there.

The ledger notes what onebox acknowledged; each content is made again from the order's number, so it stays small: a byte
for an order. The audits take what the table and OrderDLQ hold and name every difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from tests.soak.traffic import VARIED, Message, number_of, order_id, poison_text, varied

_SHOWN = 3
_MARK = re.compile(r"poison-([0-9]{1,9})")
_plain = TypeDeserializer().deserialize


@dataclass
class Ledger:
    """What was acknowledged."""

    versions: bytearray = field(default_factory=bytearray)
    """By the order's number: the newest acknowledged version plus one; 0 for an order that was never acknowledged."""
    poisons: bytearray = field(default_factory=bytearray)
    """By the number of the invalid message: whether it was acknowledged."""
    messages: int = 0

    def note(self, messages: Sequence[Message]) -> None:
        """These were acknowledged."""
        for message in messages:
            if message.order is None:
                _set_at(self.poisons, message.poison, 1)
            else:
                _set_at(self.versions, message.order, message.version + 1)
        self.messages += len(messages)

    @property
    def orders(self) -> int:
        """How many orders must be stored."""
        return len(self.versions) - self.versions.count(0)

    @property
    def invalid(self) -> int:
        """How many messages must be in OrderDLQ."""
        return sum(self.poisons)


def _set_at(values: bytearray, position: int, value: int) -> None:
    if position >= len(values):
        values.extend(bytes(position + 1 - len(values)))
    values[position] = max(values[position], value)


class Differences:
    """Kinds of differences, each with its count and some examples."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def add(self, kind: str, example: str) -> None:
        """One more of this kind."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] <= _SHOWN:
            self._found.setdefault(kind, []).append(example[:200])

    def sentences(self) -> list[str]:
        """One for each kind."""
        return [f"{count:,} {kind}, such as {', '.join(self._found[kind])}" for kind, count in self._counts.items()]


class StoredOrders:
    """The audit of the table, item by item."""

    def __init__(self, ledger: Ledger, templates: Sequence[Mapping[str, Any]]) -> None:
        self._ledger = ledger
        self._templates = templates
        self._seen = bytearray(len(ledger.versions))
        self._wire_forms: list[list[dict[str, Any]]] = [[] for _ in templates]
        """Attribute values that were found equal to the content: most items are compared as they came."""
        self._found = Differences()

    def add(self, item: dict[str, Any]) -> None:
        """An item of the table, as DynamoDB sends it."""
        name = str(item.get("orderId", {}).get("S"))
        number = number_of(name)
        if number is None or number >= len(self._seen) or not self._ledger.versions[number]:
            self._found.add("stored orders were never published", name)
            return
        if self._seen[number]:
            self._found.add("orders are stored twice", name)
        self._seen[number] = 1
        wanted = varied(number, self._ledger.versions[number] - 1)
        if any(item.get(field_name) != {"S": value} for field_name, value in wanted.items()):
            self._found.add("stored orders are not the newest notification", name)
        if not self._has_content(item, number % len(self._templates)):
            self._found.add("stored orders have another content", name)

    def differences(self) -> list[str]:
        """All that is wrong, once every item was added."""
        for number, version in enumerate(self._ledger.versions):
            if version and not self._seen[number]:
                self._found.add("published orders are not stored", order_id(number))
        return self._found.sentences()

    def _has_content(self, item: Mapping[str, Any], template: int) -> bool:
        rest = {name: value for name, value in item.items() if name not in VARIED}
        if rest in self._wire_forms[template]:
            return True
        if {name: _plain(value) for name, value in rest.items()} != self._templates[template]:
            return False
        self._wire_forms[template].append(rest)
        return True


def audit_dead_letters(ledger: Ledger, texts: Iterable[str]) -> list[str]:
    """What is wrong with the messages of OrderDLQ, out of their envelopes."""
    found = Differences()
    times = bytearray(len(ledger.poisons))
    for text in texts:
        mark = _MARK.search(text)
        number = int(mark[1]) if mark else -1
        if not 0 <= number < len(times) or text != poison_text(number):
            found.add("messages in OrderDLQ are not the invalid ones", text)
            continue
        if times[number]:
            found.add("invalid messages are in OrderDLQ more than once", text)
        times[number] = 1
    for number, published in enumerate(ledger.poisons):
        if published and not times[number]:
            found.add("invalid messages are not in OrderDLQ", poison_text(number))
    return found.sentences()
