"""What a row of ``make stalls`` is, and the ways to send its request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.stalls.box import Box
from tests.stalls.wire import JSON, http

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Row:
    """One attack. ``attack`` sends it and returns the status of the answer (0: cut off, -1: an error of boto3's)."""

    name: str
    attack: Callable[[Box], int]
    statuses: tuple[int, ...]
    """The answers that are right."""
    is_long: bool = False
    """Runs in ``make stalls`` only."""


Body = Callable[[], bytes]
"""Made when it is sent: all of them together have a gigabyte."""


def raw(request: Body) -> Callable[[Box], int]:
    return lambda box: box.send(request())


def rpc(target: str, service: str, body: Body) -> Callable[[Box], int]:
    return lambda box: box.send(http(service, body(), X_Amz_Target=target, Content_Type=JSON))


def form(service: str, body: Body) -> Callable[[Box], int]:
    return lambda box: box.send(http(service, body(), Content_Type=FORM))


def call(service: str, operation: str, **parameters: Any) -> Callable[[Box], int]:
    def attack(box: Box) -> int:
        client = box.client(service)
        try:
            answer = getattr(client, operation)(**parameters)
        except client.exceptions.ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        return int(answer["ResponseMetadata"]["HTTPStatusCode"])

    return attack
