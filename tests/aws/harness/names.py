"""The names of a run's resources: all begin with the run's prefix, by which the clean-up finds them."""

from __future__ import annotations

import re
import secrets
import time
from datetime import datetime, timezone

COMMON = "onebox-aws-test-"
"""What every run's prefix begins with. It is long, so that no other resource of an account has it."""
_PREFIX = re.compile(rf"{COMMON}([0-9a-f]{{8}})([0-9a-f]{{4}})-")
# Services name some resources after others.
_LEADS = ("/aws/lambda/", "/")


def make_run() -> str:
    """The id of a new run: 12 hexadecimal digits, its begin in seconds and a random part."""
    return f"{int(time.time()):08x}{secrets.token_hex(2)}"


def prefix_of(run: str) -> str:
    """What the names of the run's resources begin with."""
    return f"{COMMON}{run}-"


def run_of(name: str) -> str | None:
    """The run that made the resource of this name; None if no run did."""
    for lead in _LEADS:
        name = name.removeprefix(lead)
    found = _PREFIX.match(name)
    return found and found[1] + found[2]


def begin_of(run: str) -> datetime:
    """When the run began, in UTC."""
    return datetime.fromtimestamp(int(run[:8], 16), timezone.utc)
