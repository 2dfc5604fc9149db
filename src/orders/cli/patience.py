"""Commands that watch outlast an endpoint that is away: they say so, with since when, and go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from orders.aws.errors import load_client_errors
from orders.aws.outage import Outage, is_endpoint_lost
from orders.cli.output import say, show_time
from orders.clock import Clock

Value = TypeVar("Value")


def spoken_outage(clock: Clock) -> Outage:
    """An outage that is reported on standard error."""
    return Outage(clock, _tell_lost, _tell_back)


def silent_outage(clock: Clock) -> Outage:
    """An outage that a screen shows by itself."""
    return Outage(clock, lambda _since, _reason: None, lambda _lasted: None)


def attempt(outage: Outage, read: Callable[[], Value]) -> Value | None:
    """What ``read`` returns; None while the endpoint does not answer. Other errors are raised."""
    try:
        value = read()
    except load_client_errors() as error:
        if not is_endpoint_lost(error):
            raise
        outage.note_lost(str(error))
        return None
    outage.note_answer()
    return value


def describe_outage(since_ms: int) -> str:
    return f"The endpoint has not answered since {show_time(since_ms)} UTC; trying again."


def _tell_lost(since_ms: int, reason: str) -> None:
    say(f"{describe_outage(since_ms)} {reason}", err=True, fg="yellow")


def _tell_back(lasted_ms: float) -> None:
    say(f"The endpoint answers again, after {lasted_ms / 1000:,.0f} s.", err=True, fg="green")
