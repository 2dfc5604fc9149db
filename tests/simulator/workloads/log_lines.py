"""Lines of a log: clients write some at a time and read whole streams."""

from __future__ import annotations

import itertools
from typing import Any

from tests.simulator.calls import Lost, NotSent
from tests.simulator.client import Client, Request
from tests.simulator.workloads.keys import Keys

GROUP = "/simulated/lines"
_LINES_MAX = 5


class LogWorkload:
    """Each key is a stream."""

    def __init__(self) -> None:
        self._keys = Keys("stream", at_a_time=2, uses=50)
        self._numbers = itertools.count(1)
        self._made: set[str] = set()

    async def step(self, client: Client) -> None:
        """One operation."""
        stream = self._keys.draw(client.chance)
        if stream not in self._made and not await self._make(client, stream):
            return
        if client.chance.random() < 0.6:
            await self._write(client, stream)
        else:
            await _read(client, stream)

    async def _make(self, client: Client, stream: str) -> bool:
        try:
            answer = await client.caller.call("logs", "CreateLogStream", _named(stream))
        except (NotSent, Lost):
            return False
        if answer.status < 300 or answer.code == "ResourceAlreadyExistsException":
            self._made.add(stream)
        return stream in self._made

    async def _write(self, client: Client, stream: str) -> None:
        lines = [f"line {next(self._numbers)}" for _ in range(client.chance.randint(1, _LINES_MAX))]
        events = [{"timestamp": client.wall_ms, "message": line} for line in lines]
        await client.do(
            "log-put",
            {"key": stream, "lines": lines},
            Request("logs", "PutLogEvents", {**_named(stream), "logEvents": events}),
            lambda answer: {"done": "rejectedLogEventsInfo" not in answer},
        )

    async def end(self, client: Client) -> None:
        """Read the streams a last time."""
        for stream in self._keys.current:
            if stream in self._made:
                await _read(client, stream)


async def _read(client: Client, stream: str) -> None:
    await client.do(
        "log-read",
        {"key": stream},
        Request("logs", "GetLogEvents", {**_named(stream), "startFromHead": True}),
        lambda answer: {"lines": [event["message"] for event in answer["events"]]},
    )


def _named(stream: str) -> dict[str, Any]:
    return {"logGroupName": GROUP, "logStreamName": stream}
