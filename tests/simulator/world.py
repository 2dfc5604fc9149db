"""One run: a machine, a disk, lives of onebox on it, clients, faults, and the judgement at the end.

Everything happens in one thread, in an order that follows from the seed: whoever has something to do takes a turn;
when nobody has, time passes until the next timer.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulator.calls import Caller
from tests.simulator.checkers.alarms import check_alarm
from tests.simulator.checkers.bank import check_bank
from tests.simulator.checkers.fifo_queue import check_fifo_queue
from tests.simulator.checkers.find import Find
from tests.simulator.checkers.log_lines import check_log
from tests.simulator.checkers.objects import check_objects
from tests.simulator.checkers.orders import check_orders
from tests.simulator.checkers.parameters import check_parameters
from tests.simulator.checkers.registers import check_registers
from tests.simulator.checkers.rights import check_rights
from tests.simulator.checkers.stacks import check_stacks
from tests.simulator.checkers.standard_queue import check_standard_queue
from tests.simulator.checkers.streams import check_stream
from tests.simulator.client import Client
from tests.simulator.disk import SimulatedDisk, disk_layer
from tests.simulator.faults import FaultMaker, down_time_s
from tests.simulator.functions import Functions
from tests.simulator.history import History
from tests.simulator.life import Life, next_folder
from tests.simulator.loop import make_loop
from tests.simulator.machine import NS_A_SECOND, Machine
from tests.simulator.network import Network
from tests.simulator.plan import Plan
from tests.simulator.requests import Credentials
from tests.simulator.template import FIFO, STANDARD, stack_template
from tests.simulator.workloads import bank, orders, registers, stacks
from tests.simulator.workloads.log_lines import LogWorkload
from tests.simulator.workloads.objects import ObjectWorkload
from tests.simulator.workloads.parameters import ParameterWorkload
from tests.simulator.workloads.queues import RECEIVES_MAX, NeverEmpty, QueueWorkload
from tests.simulator.workloads.rights import RightsWorkload

_TURNS_MAX = 50_000_000
_SETTLE_S = 30.0
_DEPLOY_POLLS_MAX = 600


@dataclass
class Result:
    """What came of a run."""

    seed: int
    finds: list[Find]
    history: History
    faults: Counter[str]
    function_faults: Counter[str]
    simulated_s: float
    lives: int
    syncs: int
    operations: Counter[tuple[str, str]]
    """By name and outcome."""


class RunFailed(Exception):
    """The run itself could not go on: onebox did not start, or a queue was never empty."""


class World:
    """One run. Implements what :mod:`tests.simulator.faults` acts on."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.machine = Machine(plan.seed)
        self.history = History()
        self._chance: random.Random = self.machine.chance("world")
        self.disk = disk_layer().disk = SimulatedDisk(self.machine)
        self._loop = make_loop(self.machine, self.machine.chance("clients"))
        table = {registers.FUNCTION: registers.RECORDER, orders.FUNCTION: orders.PROCESSOR}
        self._functions = Functions(self.machine, self.history, table)
        self.function_faults = self._functions.faults
        self.clients = [self._make_client(number) for number in range(plan.clients)]
        self._lives = 0
        self._next_folder = folder / "life-1"
        self._life: Life | None = None
        self._ending: tuple[str, asyncio.Future[None]] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._is_healed = False
        self._finds: list[Find] = []
        self._faults = FaultMaker(self, plan)
        self._workloads = self._make_workloads()

    # Used by faults and clients

    @property
    def network(self) -> Network | None:
        """The network of the life that is up."""
        return self._life.network if self._life is not None and self._life.is_up else None

    def end_life(self, how: str) -> asyncio.Future[None]:
        """See :class:`tests.simulator.faults.World`."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._ending = (how, done)
        return done

    def _make_client(self, number: int) -> Client:
        caller = Caller(self._loop, lambda: self.network, Credentials())
        return Client(number, self.plan.clients, self.machine, self.history, caller)

    def _make_workloads(self) -> dict[str, Any]:
        makers: dict[str, Callable[[], Any]] = {
            "standard": lambda: QueueWorkload(STANDARD, is_fifo=False),
            "fifo": lambda: QueueWorkload(FIFO, is_fifo=True),
            "registers": registers.RegisterWorkload,
            "bank": bank.BankWorkload,
            "orders": orders.OrderWorkload,
            "stacks": stacks.StackWorkload,
            "objects": ObjectWorkload,
            "parameters": ParameterWorkload,
            "log lines": LogWorkload,
            "rights": RightsWorkload,
        }
        return {name: makers[name]() for name in self.plan.workloads}

    # The run

    def run(self) -> Result:
        """Do all of it."""
        log = _ErrorLog(self._note_error)
        logger = logging.getLogger("onebox")
        logger.addHandler(log)
        propagates, logger.propagate = logger.propagate, False
        try:
            self._begin_life()
            script = self._loop.create_task(self._script())
            self._run_until(script)
            self._judge()
        finally:
            life, self._life = self._life, None
            if life is not None:
                life.die(self.disk)
            logger.removeHandler(log)
            logger.propagate = propagates
        return Result(
            seed=self.plan.seed,
            finds=self._finds,
            history=self.history,
            faults=self._faults.counts,
            function_faults=self.function_faults.counts,
            simulated_s=self.machine.passed_ns / NS_A_SECOND,
            lives=self._lives,
            syncs=self.disk.syncs,
            operations=Counter((op.f, op.type) for op in self.history.ops()),
        )

    def _run_until(self, script: asyncio.Task[None]) -> None:
        try:
            for _ in range(_TURNS_MAX):
                if script.done():
                    break
                self._turn()
            script.result()
        except (RunFailed, NeverEmpty, asyncio.InvalidStateError) as error:
            self._find("run: stuck", repr(error))

    def _turn(self) -> None:
        loops = [self._loop] if self._life is None else [self._loop, self._life.loop]
        ready = [loop for loop in loops if not loop.is_idle]
        if not ready:
            moments = [moment for loop in loops if (moment := loop.next_moment_ns()) is not None]
            if not moments:
                raise RuntimeError("nothing is left to happen")
            earliest = min(moments)
            self.machine.pass_until(earliest)
            ready = [loop for loop in loops if loop.next_moment_ns() == earliest] or loops
        loop = ready[0] if len(ready) == 1 else self._chance.choice(ready)
        loop.run_turn()
        self._watch_life()

    def _watch_life(self) -> None:
        """Notice the end of a life: by a power cut within a write, by its own will, or by a planned fault."""
        life = self._life
        if life is None:
            return
        if not self.disk.is_on:
            self._end("power loss")
        elif life.has_fault:
            self._end("fault")
        elif life.error is not None:
            if not self.disk.has_failed:
                raise RunFailed(f"onebox does not start: {life.error!r}")
            self._end("fault")
        elif self._stopping is not None and self._stopping.done():
            self._stopping = None
            self._end("stopped")
        elif self._ending is not None and life.is_up:
            if self._ending[0] != "restart":
                self._end(self._ending[0])
            elif self._stopping is None:
                self._stopping = life.stop()

    def _end(self, how: str) -> None:
        life = self._life
        assert life is not None
        self._stopping = None
        life.die(self.disk)
        self._life = None
        power_lost = how == "power loss"
        self._next_folder = next_folder(life.folder, self.disk, self._lives + 1, power_lost=power_lost)
        self.disk.turn_on()
        if power_lost:
            self.machine.boot()
        self._loop.call_later(down_time_s(self._chance), self._begin_life)

    def _begin_life(self) -> None:
        self._lives += 1
        if self._lives == 1:
            self._next_folder.mkdir(parents=True, mode=0o700)
        elif not self._is_healed:
            self._faults.life_begins()
        self._life = Life(self._lives, self.machine, self._next_folder, self._functions, self.disk)
        ending, self._ending = self._ending, None
        if ending is not None and not ending[1].done():
            ending[1].set_result(None)

    async def _script(self) -> None:
        await self._until(lambda: self.network is not None, "onebox is up")
        await self._deploy()
        steps = [self._loop.create_task(self._work(client)) for client in self.clients]
        faults = self._loop.create_task(self._faults.run())
        await self._until(lambda: len(self.history.events) >= self.plan.events, "the events are done")
        faults.cancel()
        self._heal()
        for step in steps:
            await step
        await self._settle()
        client = self.clients[0]
        for workload in self._workloads.values():
            await workload.end(client)

    async def _work(self, client: Client) -> None:
        names = list(self._workloads)
        while len(self.history.events) < self.plan.events:
            await asyncio.sleep(client.chance.expovariate(1 / self.plan.think_s))
            await self._workloads[client.chance.choice(names)].step(client)

    def _heal(self) -> None:
        self._is_healed = True
        self.disk.heal()
        self.function_faults.share = 0.0
        for client in self.clients:
            client.vanishes = client.loses_answers = 0.0

    async def _settle(self) -> None:
        await self._until(lambda: self._ending is None, "the last fault is over")
        await self._until(lambda: self.network is not None, "onebox is up")
        await asyncio.sleep(_SETTLE_S)

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        for _ in range(10_000_000):
            if condition():
                return
            await asyncio.sleep(0.25)
        raise RunFailed(f"{what}: never")

    async def _deploy(self) -> None:
        call = self.clients[0].caller.call
        request = {"StackName": "simulated", "TemplateBody": stack_template(), "Capabilities": ["CAPABILITY_NAMED_IAM"]}
        answer = await call("cloudformation", "CreateStack", request)
        if answer.status >= 300:
            raise RunFailed(f"the stack is refused: {answer.code}")
        for _ in range(_DEPLOY_POLLS_MAX):
            answer = await call("cloudformation", "DescribeStacks", {"StackName": "simulated"})
            status = answer.value["Stacks"][0]["StackStatus"]
            if status == "CREATE_COMPLETE":
                return
            if status != "CREATE_IN_PROGRESS":
                events = await call("cloudformation", "DescribeStackEvents", {"StackName": "simulated"})
                reasons = [each.get("ResourceStatusReason") for each in events.value["StackEvents"]]
                raise RunFailed(f"the stack is {status}: {reasons}")
            await asyncio.sleep(1)
        raise RunFailed("the stack is never complete")

    # The judgement

    def _judge(self) -> None:
        ops = self.history.ops()
        self._finds += check_registers(ops)
        self._finds += check_bank(ops, bank.ACCOUNTS)
        self._finds += check_standard_queue(ops, STANDARD, RECEIVES_MAX)
        self._finds += check_fifo_queue(ops, FIFO, RECEIVES_MAX)
        self._finds += check_stream(ops)
        self._finds += check_orders(ops)
        self._finds += check_alarm(ops, is_dated_right="clock jump" not in self.plan.faults)
        self._finds += check_stacks(ops)
        self._finds += check_objects(ops)
        self._finds += check_parameters(ops)
        self._finds += check_log(ops)
        self._finds += check_rights(ops)
        for client in self.clients:
            for failure in client.internal_failures:
                self._find("onebox: internal failure", failure)

    def _find(self, promise: str, text: str) -> None:
        self._finds.append(Find(promise, text, len(self.history.events)))

    def _note_error(self, record: logging.LogRecord) -> None:
        """An error that onebox logs while its disk works is a find."""
        if self._life is not None and self.disk.is_on and not self.disk.has_failed:
            self._find("onebox: logged an error", _describe(record))


class _ErrorLog(logging.Handler):
    def __init__(self, note: Callable[[logging.LogRecord], None]) -> None:
        super().__init__(logging.ERROR)
        self._note = note

    def emit(self, record: logging.LogRecord) -> None:
        self._note(record)


def _describe(record: logging.LogRecord) -> str:
    formatted = logging.Formatter().format(record)
    return formatted[-1_500:]
