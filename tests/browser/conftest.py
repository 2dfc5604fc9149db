"""Fixtures: Chromium from the system's packages, an order system with a console before it, and pages on it.

Without a Chromium the tests are skipped, loudly; what runs on every change installs one.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, expect, sync_playwright

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.browser.site import Site, open_site
from tests.polling import PATIENCE_S, until

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without the last ones Chromium looks for its maker's hosts.
OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-quic"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# Two seconds and not thirty, so that an order has failed three times while a test looks on.
QUICK = ["--parameter", "FunctionTimeout=2", "--parameter", "VisibilityTimeout=2"]
PATIENCE_MS = PATIENCE_S * 1000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Ended with this folder's tests: while it runs its thread is in an event loop, and nobody can start another."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        message = "NO BROWSER: the console is NOT tested in a browser; install chromium to do so"
        warnings.warn(message, stacklevel=1)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page in a window of its own; whatever it complains of fails the test."""
    complaints: list[str] = []
    with ExitStack() as stack:

        def open_one(url: str, **options: Any) -> Page:
            context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: _note(complaints, message))
            page.goto(url)
            return page

        yield open_one
    assert not complaints, complaints


def _note(complaints: list[str], message: Any) -> None:
    # A connection that is refused or an answer that says no is what some tests are about; a policy that is broken or a
    # script that fails never is.
    if message.type == "error" and "Failed to load resource" not in message.text:
        complaints.append(message.text)


@pytest.fixture
def environment(aws_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return {**aws_environment, "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def orders_command(environment: dict[str, str]) -> Callable[..., str]:
    """Runs the orders command on the test's system; its output."""

    def run(*arguments: str, given: str | None = None) -> str:
        result = CliRunner().invoke(main, arguments, env=environment, input=given)
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def deployed(orders_command: Callable[..., str], client: Callable[..., Any]) -> Callable[..., str]:
    """The whole system, with timeouts short enough for a test; the orders command on it."""
    orders_command("deploy", "--yes", *QUICK)

    def is_warm() -> bool:
        # Its start may take longer than such a timeout, and a good order would be tried again meanwhile.
        answer = client("lambda").invoke(FunctionName="OrderProcessor", Payload=b'{"Records": []}')
        return "FunctionError" not in answer

    until(is_warm, "the function to be warm")
    return orders_command


@pytest.fixture
def site(onebox: EngineThread, account: str) -> Iterator[Site]:
    """A console before the test's account."""
    with open_site(onebox.endpoint_url, account) as opened:
        yield opened
