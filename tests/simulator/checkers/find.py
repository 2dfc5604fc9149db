"""What a checker reports."""

from __future__ import annotations

from typing import NamedTuple


class Find(NamedTuple):
    """A promise that a history breaks."""

    promise: str
    """A short name: ``queue: lost``."""
    text: str
    step: int
    """The event of the history that shows it."""
