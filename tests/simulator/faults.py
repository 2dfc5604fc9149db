"""Makes the faults of a run, one after the other at random moments."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Protocol

from tests.simulator.client import Client
from tests.simulator.disk import FAULTS as DISK_FAULTS
from tests.simulator.disk import SimulatedDisk
from tests.simulator.functions import FAULTS as FUNCTION_FAULTS
from tests.simulator.functions import FunctionFaults
from tests.simulator.history import INFO, History
from tests.simulator.machine import NS_A_SECOND, Machine
from tests.simulator.network import Network
from tests.simulator.plan import Plan

_JUMPS_S = (-86_400, -300, -5, 5, 300, 86_400)
_WRITES_MAX = 60
_SYNCS_MAX = 10
_FAILED_STARTS = 0.5
_START_OPERATIONS = 300
_DOWN_S_MAX = 8.0


class World(Protocol):
    """What faults are done to."""

    machine: Machine
    disk: SimulatedDisk
    history: History
    function_faults: FunctionFaults
    clients: list[Client]

    @property
    def network(self) -> Network | None: ...

    def end_life(self, how: str) -> asyncio.Future[None]:
        """Kill, stop or cut the power; done when onebox is up again."""


class FaultMaker:
    """Runs beside the clients."""

    def __init__(self, world: World, plan: Plan) -> None:
        self._world = world
        self._plan = plan
        self._chance: random.Random = world.machine.chance("faults")
        self.counts: Counter[str] = Counter()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / self._plan.fault_pause_s))
            await self._make(self._chance.choice(self._plan.faults))

    def life_begins(self) -> None:
        """Have some starts end in the middle, by the faults that the plan has."""
        if self._chance.random() >= _FAILED_STARTS:
            return
        fault = self._chance.choice(self._plan.faults)
        if fault == "power loss in a write":
            self._world.disk.cut_power_at(self._chance.randint(1, _START_OPERATIONS))
            self._note(fault, "at a start")
        elif fault == "disk failure":
            detail = self._chance.choice(DISK_FAULTS)
            self._world.disk.fail_once(detail, self._chance.randint(1, _SYNCS_MAX))
            self._note(fault, f"{detail}, at a start")

    async def _make(self, fault: str) -> None:
        world, chance = self._world, self._chance
        detail = ""
        if fault in ("kill", "power loss", "restart"):
            self._note(fault, detail)
            await world.end_life(fault)
            return
        if fault == "power loss in a write":
            world.disk.cut_power_at(chance.randint(1, _WRITES_MAX))
        elif fault == "disk failure":
            detail = chance.choice(DISK_FAULTS)
            world.disk.fail_once(detail, chance.randint(1, _SYNCS_MAX if detail == "sync" else _WRITES_MAX))
        elif fault == "slow disk":
            world.disk.is_slow = not world.disk.is_slow
        elif fault == "network cut" and world.network is not None:
            world.network.cut_some(chance.random())
        elif fault == "clock jump":
            seconds = chance.choice(_JUMPS_S)
            detail = f"{seconds} s"
            world.machine.set_wall(seconds * NS_A_SECOND)
        elif fault == "functions":
            detail = self._change_functions()
        elif fault == "answers lost":
            for client in world.clients:
                client.loses_answers = chance.choice((0.0, 0.05, 0.3))
        elif fault == "clients vanish":
            for client in world.clients:
                client.vanishes = chance.choice((0.0, 0.02, 0.2))
        self._note(fault, detail)

    def _change_functions(self) -> str:
        faults, chance = self._world.function_faults, self._chance
        faults.share = chance.choice((0.0, 0.1, 0.5))
        faults.kinds = tuple(chance.sample(FUNCTION_FAULTS, chance.randint(1, len(FUNCTION_FAULTS))))
        return f"{faults.share:.0%} of {', '.join(faults.kinds)}"

    def _note(self, fault: str, detail: str) -> None:
        self.counts[fault] += 1
        self._world.history.add(self._world.machine.passed_ns, "nemesis", INFO, fault.replace(" ", "-"), detail)


def down_time_s(chance: random.Random) -> float:
    """How long onebox stays away after its end."""
    return chance.uniform(0.05, _DOWN_S_MAX)
