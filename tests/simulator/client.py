"""A client: asks, retries, gives up or vanishes, and writes down what it knows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.simulator.calls import Caller, Lost, NotSent
from tests.simulator.history import FAIL, INFO, INVOKE, OK, History
from tests.simulator.machine import Machine
from tests.simulator.requests import Answer

_TIMEOUT_S = 12.0
_PAUSE_S = 0.2
_SHORT_S = (0.0001, 0.01)
"""About as long as a request needs: before it arrives, while it is served, or while its answer is on its way."""


class Request(NamedTuple):
    """A call of the API."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


def _nothing(_answer: dict[str, Any]) -> Any:
    return None


def _no_meaning(_answer: Answer) -> Any:
    return None


class Client:
    """A process of the history."""

    def __init__(self, number: int, clients: int, machine: Machine, history: History, caller: Caller) -> None:
        self.process = number
        self._clients = clients
        self._machine = machine
        self._history = history
        self.caller = caller
        self.chance: random.Random = machine.chance(f"client-{number}")
        self.vanishes = 0.0
        """How often it hangs up without waiting for the answer."""
        self.loses_answers = 0.0
        """How often the network drops the connection before the answer is there."""
        self.internal_failures: list[str] = []

    async def do(
        self,
        f: str,
        asked: dict[str, Any],
        request: Request,
        learn: Callable[[dict[str, Any]], Any] = _nothing,
        *,
        retries: int = 0,
        meaning: Callable[[Answer], Any] = _no_meaning,
        caller: Caller | None = None,
    ) -> Any:
        """One operation of the history; its answer, None if it failed or nobody knows.

        ``learn`` makes the answer that is written down. ``meaning`` says what an error means where that is an answer
        too (a condition that did not hold); None for a failure. Retries repeat the very same request. ``caller`` asks
        with other credentials.
        """
        self._note(INVOKE, f, asked)
        is_unknown = False
        vanishes = self.chance.random() < self.vanishes
        for attempt in range(1 if vanishes else retries + 1):
            if attempt:
                await asyncio.sleep(self.chance.uniform(0, _PAUSE_S * 2**attempt))
            is_short = vanishes or self.chance.random() < self.loses_answers
            timeout_s = self.chance.uniform(*_SHORT_S) if is_short else _TIMEOUT_S
            try:
                answer = await (caller or self.caller).call(*request, timeout_s)
            except NotSent:
                continue
            except Lost:
                is_unknown = True
                continue
            if answer.status < 300:
                return self._end(OK, f, learn(answer.value))
            if answer.status >= 500:
                is_unknown = True
                self.internal_failures.append(f"{request.operation}: {answer.status} {answer.code}")
                continue
            meant = meaning(answer)
            if meant is not None and not is_unknown:
                return self._end(OK, f, meant)
            return self._end(INFO if is_unknown else FAIL, f, answer.code)
        return self._end(INFO if is_unknown else FAIL, f, None)

    @property
    def wall_ms(self) -> int:
        """The machine's wall clock, in milliseconds since 1970."""
        return self._machine.wall_ns() // 1_000_000

    def _end(self, kind: str, f: str, value: Any) -> Any:
        self._note(kind, f, value)
        if kind == INFO:
            self.process += self._clients
        return value if kind == OK else None

    def _note(self, kind: str, f: str, value: Any) -> None:
        self._history.add(self._machine.passed_ns, self.process, kind, f, value)
