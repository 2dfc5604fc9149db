"""The short form for ``make test``: ``python -m tests.simulator.short`` prints what some small runs found, as JSON."""

from __future__ import annotations

import json

from tests.simulator.running import run_seed
from tests.simulator.world import Result

SEEDS = (6, 11)
PLANTED = ("acknowledge before sync", "drop redelivery")
EVENTS = 150


def main() -> None:
    """Run them."""
    results = [run_seed(seed, EVENTS) for seed in SEEDS]
    again = run_seed(SEEDS[0], EVENTS)
    planted = {bug: _promises(run_seed(1, EVENTS, bug)) for bug in PLANTED}
    print(
        json.dumps(
            {
                "finds": [find for result in results for find in result.finds],
                "lives": sum(result.lives for result in results),
                "digests": [results[0].history.digest(), again.history.digest()],
                "planted": planted,
            }
        )
    )


def _promises(result: Result) -> list[str]:
    return sorted({find.promise for find in result.finds})


if __name__ == "__main__":
    main()
