"""One life of onebox on the simulated machine: from its start to its stop, its death or the power cut."""

from __future__ import annotations

import asyncio
import importlib
import logging
import random
import shutil
from pathlib import Path

from onebox.config import Settings
from onebox.engine import Engine
from onebox.ids import RandomIds
from onebox.services.catalog import LOADED_WITH
from tests.simulator.disk import SimulatedDisk, copy_cache, store
from tests.simulator.functions import Functions
from tests.simulator.loop import make_loop
from tests.simulator.machine import Machine, MachineClock
from tests.simulator.network import Network
from tests.simulator.wires import SERVER

# A service that is imported already is loaded in fewer turns: the first run of a process must be like every other.
for _name in LOADED_WITH:
    importlib.import_module(f"onebox.services.{'lambda_' if _name == 'lambda' else _name}.service")

_TURNS_AFTER_DEATH_MAX = 3_000


class Life:
    """A process of onebox."""

    def __init__(self, number: int, machine: Machine, folder: Path, functions: Functions, disk: SimulatedDisk) -> None:
        self.folder = folder
        self.chance: random.Random = machine.chance(f"life-{number}")
        self.network = Network(
            machine, self.chance, lambda child, variables: functions.start(self.network, child, variables)
        )
        self.loop = make_loop(machine, self.chance, self.network)
        self.is_up = False
        self.error: BaseException | None = None
        """Why it could not start, or what it met on the loop."""
        ids = RandomIds(self.chance.getrandbits(64))
        settings = Settings(host=SERVER[0], port=SERVER[1], data=folder, stop_grace_ms=0)
        self.engine = Engine(settings, MachineClock(machine), ids, sync=disk.sync)
        self.loop.on_error = self._note_error
        self._started = self.loop.create_task(self._start())

    async def _start(self) -> None:
        try:
            await self.engine.start()
            await self.engine.load_all()
            self.is_up = True
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - judged by the world
            self.error = error

    def _note_error(self, context: dict[str, object]) -> None:
        error = context.get("exception")
        logging.getLogger("onebox.simulated").error("%s", context.get("message"), exc_info=error)  # type: ignore[arg-type]

    @property
    def has_fault(self) -> bool:
        """Whether onebox says that its disk has failed; the process ends then."""
        return self.engine.fault is not None and self.engine.fault.done()

    def stop(self) -> asyncio.Task[None]:
        """Stop it as an operator does; the task ends with it."""
        return self.loop.create_task(self.engine.stop())

    def die(self, disk: SimulatedDisk) -> None:
        """End it at once. Its code runs to free what the real process would leave to the operating system; nothing of
        that reaches disk, clients or functions."""
        self.network.cut_all()
        self.is_up = False
        disk.turn_off()
        self.loop.cancel_tasks()
        self._run_out(None)
        self._run_out(self.stop())
        self.loop.discard()

    def _run_out(self, task: asyncio.Task[None] | None) -> None:
        for _ in range(_TURNS_AFTER_DEATH_MAX):
            if task is None and not self.loop.has_tasks():
                return
            if task is not None and task.done():
                return
            if self.loop.is_idle and not self.loop.hurry():
                return
            self.loop.run_turn()


def next_folder(folder: Path, disk: SimulatedDisk, number: int, *, power_lost: bool) -> Path:
    """The data folder that the next life finds."""
    following = folder.with_name(f"life-{number}")
    if power_lost:
        store(disk.lose_power(folder), following)
    else:
        copy_cache(folder, following)
    shutil.rmtree(folder, ignore_errors=True)
    return following
