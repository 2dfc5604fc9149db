"""Goal: what OrderIntake answered with 202 is stored after SIGKILL under load, and a repetition changes nothing."""

from __future__ import annotations

import random

import pytest

from tests.crash.kill_with_intake import run


@pytest.mark.crash
def test_every_202_is_stored_and_repetitions_are_answered_the_same_after_kills() -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}: repeat with python -m tests.crash.kill_with_intake --kills 2 --orders 40 --seed {seed}")
    result = run(seed, kills=2, count=40)
    assert result["orders"] == 40
    # A kill catches at most one request of each client between its publish and its answer.
    assert 0 <= result["publishedAgainAfterKills"] <= result["kills"] * 2 * 5
