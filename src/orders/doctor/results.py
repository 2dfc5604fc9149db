"""What a check results in."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Outcome(str, Enum):
    GOOD = "good"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Check(NamedTuple):
    """The result of one check."""

    name: str
    outcome: Outcome
    message: str
    advice: str = ""
