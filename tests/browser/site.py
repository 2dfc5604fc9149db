"""A console on a port of its own, as `orders console` serves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from orders.aws.clients import Aws
from orders.aws.settings import Settings
from orders.clock import SystemClock
from orders.console.app import make_app
from orders.console.server import bind, serving, url_of
from orders.console.settings import ConsoleSettings, Refresh

# Tests wait for what a page shows, so it should show soon.
QUICK = Refresh(queues_ms=200, rest_ms=400, charts_ms=1_000)


@dataclass(frozen=True)
class Site:
    url: str
    audit: list[str]
    """The lines written for changes."""

    def at(self, path: str) -> str:
        return self.url.rstrip("/") + path


@contextmanager
def open_site(endpoint_url: str, account: str, settings: ConsoleSettings | None = None) -> Iterator[Site]:
    """Serve a console for a block."""
    audit: list[str] = []
    listener = bind("127.0.0.1", 0)
    app = make_app(
        Aws(Settings(endpoint_url, "us-east-1", None, (account, "test"), is_onebox=True)),
        replace(settings or ConsoleSettings(), refresh=QUICK),
        SystemClock(),
        audit.append,
    )
    with serving(app, listener):
        yield Site(url_of(listener), audit)
