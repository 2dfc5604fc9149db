"""``make simulate``: runs of one seed after the other, until the time is over or one finds something."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from tests.simulator.planted import PLANTED
from tests.simulator.running import run_seed
from tests.simulator.world import Result

EVENTS = 5_000
FINDS_SHOWN = 5
"""Of each kind, for each run."""


class Totals:
    """What all runs did together."""

    def __init__(self) -> None:
        self.began_s = time.monotonic()
        self.began_cpu_s = time.process_time()
        self.runs = 0
        self.events = 0
        self.simulated_s = 0.0
        self.lives = 0
        self.syncs = 0
        self.faults: Counter[str] = Counter()
        self.operations: Counter[tuple[str, str]] = Counter()
        self.finds = 0

    def add(self, result: Result) -> None:
        """Count a run."""
        self.runs += 1
        self.events += len(result.history.events)
        self.simulated_s += result.simulated_s
        self.lives += result.lives
        self.syncs += result.syncs
        self.faults.update(result.faults)
        self.operations.update(result.operations)
        self.faults.update({f"function: {name}": count for name, count in result.function_faults.items()})
        self.finds += len(result.finds)

    @property
    def events_an_hour(self) -> float:
        """By the real clock."""
        return self.events / max(time.monotonic() - self.began_s, 1e-6) * 3600

    def show(self) -> None:
        """Print the sum."""
        print(
            f"{self.runs} runs, {self.events:,} events, {self.simulated_s / 3600:.1f} simulated hours, "
            f"{self.lives:,} lives of onebox, {self.syncs:,} syncs; {self.events_an_hour:,.0f} events an hour, "
            f"{self.events / max(time.process_time() - self.began_cpu_s, 1e-6) * 3600:,.0f} an hour of processor time"
        )
        names = sorted({name for name, _ in self.operations})
        outcomes = ("ok", "fail", "info")
        shown = (f"{name} " + "/".join(f"{self.operations[name, each]:,}" for each in outcomes) for name in names)
        print("operations (ok/failed/unknown): " + ", ".join(shown))
        print("faults: " + ", ".join(f"{count:,} × {name}" for name, count in sorted(self.faults.items())))
        print(f"{self.finds} finds")


def show(result: Result, totals: Totals, took_s: float) -> None:
    """Print a run."""
    print(
        f"seed {result.seed}: {len(result.history.events):,} events, {result.simulated_s:,.0f} s simulated in "
        f"{took_s:.1f} s, {result.lives} lives, {sum(result.faults.values())} faults, {len(result.finds)} finds "
        f"({totals.events_an_hour:,.0f} events an hour; history {result.history.digest()[:12]})",
        flush=True,
    )
    shown: Counter[str] = Counter()
    for find in result.finds:
        shown[find.promise] += 1
        if shown[find.promise] <= FINDS_SHOWN:
            print(f"  {find.promise}: {find.text} (step {find.step})")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=0, help="how many seeds; 0 for as many as the hours allow")
    parser.add_argument("--hours", type=float, default=0.0, help="real hours; without it and --runs, one run")
    parser.add_argument("--events", type=int, default=EVENTS, help="events of a run")
    parser.add_argument("--history", type=Path, help="a folder for the histories, as EDN")
    parser.add_argument("--planted", choices=PLANTED, help="put this bug into onebox, to see it found")
    arguments = parser.parse_args()
    runs = arguments.runs or (0 if arguments.hours else 1)
    totals = Totals()
    seed = arguments.seed
    while (not runs or totals.runs < runs) and (
        not arguments.hours or time.monotonic() - totals.began_s < arguments.hours * 3600
    ):
        began_s = time.monotonic()
        result = run_seed(seed, arguments.events, arguments.planted)
        totals.add(result)
        show(result, totals, time.monotonic() - began_s)
        if arguments.history is not None:
            arguments.history.mkdir(parents=True, exist_ok=True)
            result.history.write_edn(arguments.history / f"{seed}.edn")
        seed += 1
        if arguments.planted and result.finds:
            break
    totals.show()
    return 1 if totals.finds else 0


if __name__ == "__main__":
    sys.exit(main())
