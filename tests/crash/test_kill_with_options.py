"""Goal: history and archive are complete after SIGKILL at random moments. Long form: tests.crash.kill_with_options."""

from __future__ import annotations

import random

import pytest

from tests.bench.orders import real_orders
from tests.crash.kill_with_options import run


@pytest.mark.crash
def test_history_and_archive_are_complete_after_kills_under_load() -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}: repeat with python -m tests.crash.kill_with_options --kills 3 --orders 150 --seed {seed}")
    result = run(seed, kills=3, orders=real_orders(150, "crash"))
    assert (result["stored"], result["changes"], result["kills"]) == (150, 150, 3)
    assert result["lines"] == result["replayed"] >= 300
