"""Applying the difference between old and new tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

TagWriter = Callable[[dict[str, str]], Awaitable[object]]
TagRemover = Callable[[list[str]], Awaitable[object]]


async def apply_tags(old: Mapping[str, str], new: Mapping[str, str], write: TagWriter, remove: TagRemover) -> None:
    """Call ``remove`` with the keys that were removed and ``write`` with the tags that are new or changed."""
    gone = [key for key in old if key not in new]
    fresh = {key: value for key, value in new.items() if old.get(key) != value}
    if gone:
        await remove(gone)
    if fresh:
        await write(fresh)
