"""Fixtures for pytest: an engine for the whole run, an account for each test, and an engine on a clock moved by hand.

pytest loads this module by itself where onebox is installed. It imports nothing of the engine until a test asks for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from onebox.testing import EngineThread

_accounts = itertools.count(100_000_000_001)


@pytest.fixture(scope="session")
def onebox_engine() -> Iterator[EngineThread]:
    """One engine for the whole run, in memory. Tests stay apart by their accounts."""
    from onebox.testing import EngineThread

    with EngineThread() as engine:
        yield engine


@pytest.fixture
def onebox_account() -> str:
    """A fresh account id: 12 digits, to be used as the access key."""
    return str(next(_accounts))


@pytest.fixture
def onebox_client(onebox_engine: EngineThread, onebox_account: str) -> Callable[..., Any]:
    """Makes boto3 clients of the engine in the test's own account: ``onebox_client("sqs")``."""

    def make(service: str, region: str = "us-east-1", **config: Any) -> Any:
        return onebox_engine.client(service, region=region, account=onebox_account, **config)

    return make


@pytest.fixture
def onebox_environment(
    onebox_engine: EngineThread, onebox_account: str, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Points this process and those it starts at the engine: code under test needs no change."""
    environment = {
        "AWS_ENDPOINT_URL": onebox_engine.endpoint_url,
        "AWS_ACCESS_KEY_ID": onebox_account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@pytest.fixture
def onebox_timed() -> Iterator[EngineThread]:
    """An engine of the test's own whose clock stands still until ``onebox_timed.clock.advance(seconds)``."""
    from onebox.testing import EngineThread

    with EngineThread(manual_clock=True) as engine:
        yield engine
