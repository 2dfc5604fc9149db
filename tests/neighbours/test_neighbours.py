"""Goal: other programs that read, copy or lock the database, and large deletions, leave a neighbour's p99 under 100 ms.

``make neighbours`` does the same with 489,000 items and a lock of seven seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.neighbours.__main__ import LIMIT_MS
from tests.neighbours.box import Box, neighbours, running_box
from tests.neighbours.scenarios import Scenario, scenarios

ITEMS = 40_000
LOCK_S = 1.0
# A machine that is busy with something else delays everybody. What onebox does is the same each time.
ATTEMPTS = 3


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with running_box(tmp_path_factory.mktemp("neighbours") / "data") as running:
        running.fill(ITEMS)
        yield running


@pytest.mark.xdist_group("neighbours")
@pytest.mark.parametrize("scenario", scenarios(LOCK_S), ids=lambda scenario: scenario.name)
def test_neighbours_do_not_notice(box: Box, scenario: Scenario) -> None:
    measured = []
    for _ in range(ATTEMPTS):
        with neighbours(box, ("read", "write")) as waits:
            scenario.disturb(box)
        assert not [kind for kind, wait in waits.items() if wait.refused], waits
        measured.append(max(waits[kind].p99 for kind in scenario.undisturbed))
        if min(measured) <= LIMIT_MS or scenario.ends_the_table:
            break
    assert min(measured) <= LIMIT_MS, measured
