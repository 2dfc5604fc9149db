"""Goal: what a wait is to be freed of stays right however many looks there are."""

from __future__ import annotations

import os
import time

import pytest

from tests.neighbours import starvation
from tests.neighbours.starvation import Starvation


def test_the_time_since_a_moment_is_right_while_old_looks_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = 10
    monkeypatch.setattr(starvation, "_KEPT", kept)
    looks = iter(range(1_000))
    monkeypatch.setattr(starvation, "_waited_s", lambda _: float(next(looks)))
    waited = Starvation([str(os.getpid())])
    waited.look()
    for _ in range(5 * kept):
        assert waited.since(time.perf_counter()) == 1, "each look finds a second more than the one before"
