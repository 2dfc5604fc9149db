"""Batches of a stream: which part of it is next, and what the function's answer means for the rest.

A batch that fails is tried again, whole or in halves; what is left of it are segments, in order. Pure.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Segment:
    """The records up to ``last_id``, and how often the function failed with them."""

    last_id: int
    attempts: int = 0


def halves(record_ids: Sequence[int]) -> list[Segment]:
    """Two segments in place of one that failed; it has two records at least."""
    middle = len(record_ids) // 2
    return [Segment(record_ids[middle - 1]), Segment(record_ids[-1])]


def find_first_failure(answer: bytes, sequence_numbers: Sequence[str]) -> int | None:
    """The index of the first record that the function reports as failed; None if it reports none.

    An answer that isn't understood fails them all: a record must never be passed over by mistake."""
    try:
        parsed: Any = orjson.loads(answer) if answer else None
    except orjson.JSONDecodeError:
        return 0
    if parsed is None:
        return None
    items = parsed.get("batchItemFailures", []) if isinstance(parsed, dict) else None
    if items is None and isinstance(parsed, dict):
        return None
    if not isinstance(items, list):
        return 0
    places = {number: index for index, number in enumerate(sequence_numbers)}
    named = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    return min((places.get(name, 0) if isinstance(name, str) else 0 for name in named), default=None)
