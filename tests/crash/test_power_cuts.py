"""Goal: a power cut loses nothing acknowledged and leaves every function working, the whole data folder considered.

The long form is ``make power-cuts``.
"""

from __future__ import annotations

import random

import pytest

from tests.crash.power_cuts import run

CUTS = 6


@pytest.mark.crash
def test_power_cuts_around_deploys_and_load_lose_nothing() -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    assert run(seed, CUTS)["facts"] > 0
