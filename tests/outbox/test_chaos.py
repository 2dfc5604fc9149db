"""Goal: nothing that was committed is lost and nothing that was rolled back is published, whatever is killed.

The long form is ``make outbox-chaos``.
"""

from __future__ import annotations

import random

import pytest

from tests.bench.orders import real_orders
from tests.outbox.chaos import run
from tests.outbox.servers import SERVERS, skip_unless_installed


@pytest.mark.crash
@pytest.mark.parametrize("database", list(SERVERS))
def test_relay_database_and_onebox_are_killed_while_a_shop_writes(database: str) -> None:
    skip_unless_installed(database)
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}: repeat with make outbox-chaos DATABASE={database} SEED={seed}")
    result = run(database, real_orders(120, "chaos"), 3, seed)
    assert result["committed"] == 152, "of 168 transactions a tenth was rolled back"


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.parametrize("database", list(SERVERS))
def test_twenty_kills_lose_nothing(database: str) -> None:
    skip_unless_installed(database)
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}: repeat with make outbox-chaos DATABASE={database} SEED={seed}")
    assert run(database, real_orders(3_000, "chaos"), 20, seed)["committed"] == 3_780
