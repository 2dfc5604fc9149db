"""What the console can be told."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080


@dataclass(frozen=True, slots=True)
class Refresh:
    """How often the system is read while a page is open, in milliseconds."""

    queues_ms: int
    """The counts of both queues, two calls; and the log while it is followed, one call."""
    rest_ms: int
    """Subscriptions, function, table, alarms and measures: seven calls, of which CloudWatch's cost money on AWS."""
    charts_ms: int = 60_000
    """The charts of the metrics page, each range that somebody looks at."""


# One machine's own answers are free and at once; CloudWatch on AWS is a minute behind and takes money for each look.
REFRESH_ONEBOX = Refresh(queues_ms=2_000, rest_ms=5_000, charts_ms=30_000)
REFRESH_AWS = Refresh(queues_ms=5_000, rest_ms=60_000)


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """One console."""

    host: str = DEFAULT_HOST
    read_only: bool = False
    """Whether every change is refused."""
    token: str | None = None
    """What a visitor must know; None where only this machine can ask."""
    allowed_hosts: frozenset[str] = frozenset()
    """Names, without port, under which the console may be asked for besides its address."""
    refresh: Refresh = REFRESH_AWS


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
