"""A console on a port of its own, as `orders console` serves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from botocore.exceptions import ClientError

from orders.audit.entries import Entry
from orders.audit.log import AuditLog
from orders.aws.clients import Aws
from orders.aws.names import SEED_NAMES
from orders.aws.settings import Settings
from orders.clock import Clock, SystemClock
from orders.console.app import make_app
from orders.console.server import bind, serving, url_of
from orders.console.settings import ConsoleSettings, Refresh

# Tests wait for what a page shows, so it should show soon.
QUICK = Refresh(queues_ms=200, rest_ms=400, charts_ms=1_000)


@dataclass(frozen=True)
class Site:
    url: str
    log: AuditLog

    @property
    def audit(self) -> list[Entry]:
        """The changes that were recorded."""
        return self.log.search(0)

    def at(self, path: str) -> str:
        return self.url.rstrip("/") + path


@contextmanager
def open_site(
    endpoint_url: str,
    account: str,
    settings: ConsoleSettings | None = None,
    clock: Clock | None = None,
    refresh: Refresh = QUICK,
) -> Iterator[Site]:
    """Serve a console for a block."""
    aws = Aws(Settings(endpoint_url, "us-east-1", None, (account, "test"), is_onebox=True))
    unrecorded: list[str] = []
    with suppress(ClientError):  # there already
        aws.client("logs").create_log_group(logGroupName=SEED_NAMES.audit_log_group)
    listener = bind("127.0.0.1", 0)
    app = make_app(
        aws,
        replace(settings or ConsoleSettings(), refresh=refresh),
        clock or SystemClock(),
        unrecorded.append,
    )
    with serving(app, listener):
        yield Site(url_of(listener), AuditLog(aws, SystemClock()))
    assert not unrecorded
