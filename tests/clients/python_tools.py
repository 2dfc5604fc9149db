"""What the tests of Python's tools share: the interpreter of a tool's environment, or a loud skip."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.environments import NotInstalled, programs_of


def environment_of(name: str) -> Path:
    """The folder of the environment's programs."""
    try:
        return programs_of(name)
    except NotInstalled as error:
        pytest.skip(f"SKIPPED LOUDLY: {error}")
