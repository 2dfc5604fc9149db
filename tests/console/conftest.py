"""The console on a test's own account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from onebox.testing import EngineThread
from orders.console.settings import REFRESH_ONEBOX, ConsoleSettings
from tests.console.failed_shop import Shop, make_queues
from tests.console.support import console_for


@pytest.fixture
def shop(onebox: EngineThread, account: str, client: Callable[..., Any]) -> Iterator[Shop]:
    make_queues(client("sqs"))
    with console_for(onebox, account) as browser:
        yield Shop(client, browser)


@pytest.fixture
def read_only_shop(onebox: EngineThread, account: str, client: Callable[..., Any]) -> Iterator[Shop]:
    make_queues(client("sqs"))
    with console_for(onebox, account, ConsoleSettings(refresh=REFRESH_ONEBOX, read_only=True)) as browser:
        yield Shop(client, browser)
