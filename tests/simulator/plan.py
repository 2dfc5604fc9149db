"""What a run does, drawn from its seed: how many clients, how fast, which workloads, which faults.

Each run leaves out some of them, so that one kind of fault or load does not hide what another would show.
https://dl.acm.org/doi/10.1145/2338965.2336763 (swarm testing)
"""

from __future__ import annotations

import random
from dataclasses import dataclass

WORKLOADS = (
    "standard",
    "fifo",
    "registers",
    "bank",
    "orders",
    "stacks",
    "objects",
    "parameters",
    "log lines",
    "rights",
)
FAULTS = (
    "kill",
    "power loss",
    "power loss in a write",
    "disk failure",
    "slow disk",
    "restart",
    "network cut",
    "answers lost",
    "clock jump",
    "functions",
    "clients vanish",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    seed: int
    events: int
    """The clients stop when the history has so many."""
    clients: int
    think_s: float
    """The mean pause of a client between two operations."""
    workloads: tuple[str, ...]
    faults: tuple[str, ...]
    fault_pause_s: float
    """The mean pause between two faults."""


def make_plan(seed: int, events: int) -> Plan:
    """The plan of a seed."""
    chance = random.Random(f"{seed}/plan")
    think_s = chance.choice((0.02, 0.2, 1.0))
    clients = chance.choice((3, 6, 12))
    rate = clients / (think_s + 0.01)
    return Plan(
        seed=seed,
        events=events,
        clients=clients,
        think_s=think_s,
        workloads=_some(chance, WORKLOADS),
        faults=_without_riddles(chance, _some(chance, FAULTS)),
        # Some dozen faults a run, whatever its pace.
        fault_pause_s=events / 2 / rate / chance.choice((10, 25, 60)),
    )


def _without_riddles(chance: random.Random, faults: tuple[str, ...]) -> tuple[str, ...]:
    """Without the pair that onebox promises nothing for: a wall clock that is wrong at a boot cannot be told from time
    that the machine was off."""
    cuts = ("power loss", "power loss in a write")
    left_out = chance.choice((cuts, ("clock jump",)))
    if "clock jump" in faults and any(cut in faults for cut in cuts):
        return tuple(fault for fault in faults if fault not in left_out) or ("kill",)
    return faults


def _some(chance: random.Random, of: tuple[str, ...]) -> tuple[str, ...]:
    chosen = tuple(each for each in of if chance.random() < 0.7)
    return chosen or of
