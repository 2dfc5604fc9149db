"""Runs in this process, one after the other."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.simulator.plan import Plan, make_plan
from tests.simulator.planted import plan_for, plant
from tests.simulator.world import Result, World


def simulate(plan: Plan) -> Result:
    """One run. Files are kept in memory where the machine offers that."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="onebox-simulator-", dir=memory if memory.is_dir() else None))
    try:
        return World(plan, folder).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_seed(seed: int, events: int, planted: str | None = None) -> Result:
    """The run of a seed, with a planted bug if one is named."""
    if planted is None:
        return simulate(make_plan(seed, events))
    with plant(planted):
        return simulate(plan_for(planted, seed, events))
