"""Goal: whole runs of the simulator find nothing in onebox, find a planted bug, and repeat from their seed.

The long form is ``make simulate``. The simulator needs processes of its own: its disk lies below SQLite's checksum
layer, which a process loads once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.simulator.planted import PLANTED, is_found
from tests.simulator.short import PLANTED as PLANTED_IN_SHORT


def _run(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    print(done.stderr)  # pytest shows it if the test fails
    return done.stdout


@pytest.fixture(scope="module")
def short() -> dict[str, Any]:
    report: dict[str, Any] = json.loads(_run("tests.simulator.short"))
    return report


def test_runs_find_nothing(short: dict[str, Any]) -> None:
    assert short["finds"] == []
    assert short["lives"] > 2, "onebox never died"


def test_run_repeats_from_its_seed(short: dict[str, Any]) -> None:
    first, again = short["digests"]
    assert first == again


@pytest.mark.parametrize("bug", PLANTED_IN_SHORT)
def test_planted_bug_is_found(short: dict[str, Any], bug: str) -> None:
    assert is_found(bug, short["planted"][bug])


@pytest.mark.slow
@pytest.mark.parametrize("bug", PLANTED)
def test_each_planted_bug_is_found(bug: str) -> None:
    output = _run("tests.simulator", "--planted", bug, "--events", "3000", "--runs", "10")
    assert is_found(bug, [line.strip() for line in output.splitlines()]), output
