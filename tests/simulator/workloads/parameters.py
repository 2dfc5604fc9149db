"""Parameters of Systems Manager: clients put, create, read and delete them."""

from __future__ import annotations

import itertools
from typing import Any

from tests.simulator.client import Client, Request
from tests.simulator.requests import Answer
from tests.simulator.workloads.keys import Keys


class ParameterWorkload:
    """Each key is a parameter."""

    def __init__(self) -> None:
        self._keys = Keys("/simulated/parameter", at_a_time=3, uses=50)
        self._values = itertools.count(1)

    async def step(self, client: Client) -> None:
        """One operation."""
        key = self._keys.draw(client.chance)
        draw = client.chance.random()
        if draw < 0.4:
            await _read(client, key)
        elif draw < 0.85:
            await self._put(client, key, overwrites=draw < 0.7)
        else:
            await client.do(
                "parameter-delete",
                {"key": key},
                Request("ssm", "DeleteParameter", {"Name": key}),
                lambda _: {"done": True},
                meaning=lambda answer: {"done": False} if answer.code == "ParameterNotFound" else None,
            )

    async def _put(self, client: Client, key: str, *, overwrites: bool) -> None:
        value = next(self._values)
        parameters = {"Name": key, "Value": str(value), "Type": "String", "Overwrite": overwrites}
        await client.do(
            "parameter-put" if overwrites else "parameter-create",
            {"key": key, "value": value},
            Request("ssm", "PutParameter", parameters),
            lambda answer: {"version": answer["Version"]},
            meaning=lambda answer: {"version": None} if answer.code == "ParameterAlreadyExists" else None,
        )

    async def end(self, client: Client) -> None:
        """Read them a last time."""
        for key in self._keys.current:
            await _read(client, key)


async def _read(client: Client, key: str) -> None:
    await client.do(
        "parameter-get", {"key": key}, Request("ssm", "GetParameter", {"Name": key}), _found, meaning=_absence
    )


def _found(answer: dict[str, Any]) -> Any:
    parameter = answer["Parameter"]
    return {"version": parameter["Version"], "value": int(parameter["Value"])}


def _absence(answer: Answer) -> Any:
    return {"version": None, "value": None} if answer.code == "ParameterNotFound" else None
