"""Goal: what onebox acknowledged survives SIGKILL at any moment. The long form is ``make crash``."""

from __future__ import annotations

import random

import pytest

from tests.bench.orders import real_orders
from tests.crash.kill_under_load import run


@pytest.mark.crash
def test_kill_under_load_loses_nothing_acknowledged() -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}: repeat with make crash SEED={seed}")
    result = run(seed, kills=4, orders=real_orders(600, "crash"))
    assert result["stored"] == 600


@pytest.mark.crash
@pytest.mark.slow
def test_kill_under_load_forty_times_stores_every_order() -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}: repeat with make crash SEED={seed}")
    result = run(seed, kills=40, orders=real_orders(6_000, "crash"))
    assert result["stored"] == 6_000
