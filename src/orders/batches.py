"""Splits items into batches by number and bytes.

Standard library only: this file is part of the function's package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def split_batches(
    items: Iterable[Item], size_of: Callable[[Item], int], *, entries_max: int, bytes_max: int
) -> Iterator[list[Item]]:
    """The items in order, in batches of at most ``entries_max`` items and ``bytes_max`` bytes.

    An item larger than ``bytes_max`` forms a batch of its own. A batch is yielded before the item after it is batched.
    """
    batch: list[Item] = []
    batch_bytes = 0
    for item in items:
        size = size_of(item)
        if batch and (len(batch) == entries_max or batch_bytes + size > bytes_max):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(item)
        batch_bytes += size
    if batch:
        yield batch
