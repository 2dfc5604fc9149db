"""The options of the console."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from orders.outbox.names import DEFAULT_TABLE

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080
# A page is painted within 300 ms, whatever the system does.
OPEN_WAIT_MS = 60


@dataclass(frozen=True, slots=True)
class Refresh:
    """Polling intervals while a page is open, in milliseconds."""

    queues_ms: int
    """Counts of both queues, two calls; and the log while it is followed, one call."""
    rest_ms: int
    """Subscriptions, function, table, alarms and metrics: eight calls. AWS charges for CloudWatch's."""
    charts_ms: int = 60_000
    """The charts of the metrics page, for each range in use."""
    open_wait_ms: int = OPEN_WAIT_MS
    """How long a page that is opened after a while waits for the system; then the event stream brings its state."""


# onebox answers at once and for free; CloudWatch on AWS is a minute late and charges for each read.
REFRESH_ONEBOX = Refresh(queues_ms=2_000, rest_ms=5_000, charts_ms=30_000)
REFRESH_AWS = Refresh(queues_ms=5_000, rest_ms=60_000)


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """One console."""

    host: str = DEFAULT_HOST
    read_only: bool = False
    """Whether all changes are refused."""
    token: str | None = None
    """Required from visitors; None if only this machine can connect."""
    allowed_hosts: frozenset[str] = frozenset()
    """Additional accepted host names, without port."""
    refresh: Refresh = REFRESH_AWS
    database: str | None = None
    """The URL of the shop's database, whose outbox is shown; None if it is not known."""
    outbox_table: str = DEFAULT_TABLE


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
