"""The pages of the console, in the order of the navigation."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A page in the navigation."""

    path: str
    title: str
    key: str
    """Pressed after g, it goes there."""


NAVIGATION = (
    Entry("/", "Pipeline", "p"),
    Entry("/orders", "Orders", "o"),
    Entry("/failed", "Failed orders", "f"),
    Entry("/logs", "Logs", "l"),
    Entry("/metrics", "Metrics", "m"),
    Entry("/publish", "Publish", "u"),
    Entry("/stack", "Stack", "s"),
)
