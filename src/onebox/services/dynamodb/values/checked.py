"""Items and attribute values that were checked before their operation, with what came of it.

Those of large requests are checked beside the event loop (``request_values.py``); where an operation checks them, it
finds the size or the fault.
"""

from __future__ import annotations

from typing import Any

from onebox.errors import AwsError


class CheckedValue(dict[str, Any]):
    """An attribute value with canonical numbers, or one with a fault."""

    __slots__ = ("fault", "weight")

    def __init__(self, value: dict[str, Any], fault: AwsError | None, weight: int) -> None:
        super().__init__(value)
        self.fault = fault
        self.weight = weight
        """How many values it holds, as :func:`count_values` counts."""


class CheckedItem(dict[str, Any]):
    """A whole item with canonical numbers, or one with a fault."""

    __slots__ = ("data", "fault", "size_bytes")

    def __init__(self, item: dict[str, Any], data: bytes, size_bytes: int, fault: AwsError | None = None) -> None:
        super().__init__(item)
        self.data = data
        """Its JSON."""
        self.size_bytes = size_bytes
        self.fault = fault


def count_values(data: bytes) -> int:
    """About how many values a JSON text holds: no fewer."""
    return data.count(b"{") + data.count(b",")
