"""Goal: other programs that read, copy or lock the database, and large deletions, leave a neighbour's p99 under 100 ms.

``make neighbours`` does the same with 489,000 items and a lock of seven seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.neighbours.__main__ import CALLS_MAX, LIMIT_MS
from tests.neighbours.box import Box, neighbours, running_box
from tests.neighbours.scenarios import Disturb, Scenario, quiet, scenarios

ITEMS = 40_000
LOCK_S = 1.0
# A machine that is busy with something else delays everybody: what counts is the wait without the time for which there
# was no core, and what onebox's neighbours waited while nothing else happened to onebox is taken off.
ATTEMPTS = 3


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with running_box(tmp_path_factory.mktemp("neighbours") / "data", CALLS_MAX) as running:
        yield running


@pytest.mark.parametrize("scenario", scenarios(LOCK_S), ids=lambda scenario: scenario.name)
def test_neighbours_do_not_notice(box: Box, scenario: Scenario) -> None:
    measured: list[tuple[float, float]] = []
    for _ in range(ATTEMPTS):
        box.fill(ITEMS)
        disturbed = _longest_wait(box, scenario, scenario.disturb)
        if disturbed <= LIMIT_MS:
            return
        undisturbed = _longest_wait(box, scenario, quiet)
        if disturbed <= LIMIT_MS + undisturbed:
            return
        measured.append((disturbed, undisturbed))
    raise AssertionError(f"p99 meanwhile and afterwards, in ms: {measured}")


def _longest_wait(box: Box, scenario: Scenario, disturb: Disturb) -> float:
    """The longest p99 (ms) of the neighbours that may not notice."""
    with neighbours(box, scenario.kinds) as waits:
        disturb(box)
    assert not [kind for kind, wait in waits.items() if wait.refused], waits
    return max(waits[kind].fair_p99 for kind in scenario.undisturbed)
