"""A console of a test's own, in a test client that behaves as a browser on its pages does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError
from starlette.testclient import TestClient

from onebox.testing import EngineThread
from orders.audit.entries import Entry
from orders.audit.log import AuditLog
from orders.aws.clients import Aws
from orders.aws.names import SEED_NAMES, Names
from orders.aws.settings import Settings
from orders.clock import Clock, SystemClock
from orders.console.app import make_app
from orders.console.live import Reading
from orders.console.settings import REFRESH_ONEBOX, ConsoleSettings
from tests.polling import PATIENCE_S

BASE_URL = "http://127.0.0.1:8080"


@dataclass
class Browser:
    """A visitor's browser on the console's own pages."""

    client: TestClient
    log: AuditLog
    unrecorded: list[str] = field(default_factory=list)
    """What was said of changes that could not be recorded."""

    @property
    def audit(self) -> list[Entry]:
        """The changes that were recorded."""
        assert not self.unrecorded
        return self.log.search(0)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, params=query or None, headers={"accept": "text/html"})

    def text(self, path: str, **query: Any) -> str:
        """A page that must be there."""
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        return str(response.text)

    @property
    def csrf(self) -> str:
        """The token that the console's pages bear."""
        # Any page bears it, also the one that says that there is no such page.
        page = self.client.get("/no-such-page", headers={"accept": "text/html"}).text
        found = re.search(r'<meta name="csrf" content="([^"]+)">', page)
        assert found is not None
        return found.group(1)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        """Send a form as a page of the console does; redirects are not followed."""
        options.setdefault("headers", {"origin": BASE_URL, "accept": "text/html"})
        form = {"csrf": self.csrf, **(data or {})}
        return self.client.post(path, data=form, follow_redirects=False, **options)


def onebox_settings(engine: EngineThread, account: str, names: Names = SEED_NAMES) -> Settings:
    """How an order system of a test's account is reached."""
    return Settings(engine.endpoint_url, "us-east-1", None, (account, "test"), is_onebox=True, names=names)


@contextmanager
def console_for(
    engine: EngineThread,
    account: str,
    settings: ConsoleSettings | None = None,
    reading: Reading | None = None,
    clock: Clock | None = None,
    names: Names = SEED_NAMES,
) -> Iterator[Browser]:
    """A console of a test's account, asked as a browser on this machine asks."""
    aws, unrecorded = Aws(onebox_settings(engine, account, names)), list[str]()
    with suppress(ClientError):  # there already
        aws.client("logs").create_log_group(logGroupName=names.audit_log_group)
    wanted = settings or ConsoleSettings(refresh=REFRESH_ONEBOX)
    # No script runs in these tests, so a page waits for the state that the event stream would bring.
    patient = replace(wanted.refresh, open_wait_ms=int(PATIENCE_S * 1000))
    app = make_app(
        aws,
        replace(wanted, refresh=patient),
        clock or SystemClock(),
        unrecorded.append,
        reading,
    )
    with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as client:
        yield Browser(client, AuditLog(aws, SystemClock()), unrecorded)
