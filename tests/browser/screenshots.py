"""Make the screenshots of docs/console.md: each page with real orders in it, light and dark.

    make screenshots

Runs onebox, deploys, publishes real orders and some that fail, and photographs every page with the Chromium of the
system's packages.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Literal

from click.testing import CliRunner
from playwright.sync_api import Browser, Page, sync_playwright

from orders.cli.main import main as orders_command
from orders.console.settings import REFRESH_ONEBOX, ConsoleSettings
from orders.local.onebox_process import running_onebox
from tests.browser.conftest import NAMES, OPTIONS, PATIENCE_MS, QUICK
from tests.browser.site import open_site

FOLDER = Path(__file__).parents[2] / "docs" / "images"
# name of the picture: path, what must be seen before it is taken
PAGES = {
    "pipeline": ("/", ".verdict.bad"),
    "orders": ("/orders", "main table"),
    "order": ("/order?id=536365", "main table"),
    "failed": ("/failed", "main table"),
    "logs": ("/logs", "main table"),
    "metrics": ("/metrics?range=15m", "main canvas"),
    "publish": ("/publish", "main form"),
    "controls": ("/controls", "#drift ~ div .tag.good"),
    "options": ("/options", "main:has(#archive ~ div .facts-list) #relay ~ div .tag.good"),
    "audit": ("/audit", "main table"),
    "stack": ("/stack", "main table"),
}
# States, in the light theme.
NO_STACK, DEAD, PAUSED = "no-stack", "dead-endpoint", "paused"
EMPTY, FAILING_NOW = "empty", "failing-now"
# The optional parts, with batches that are archived at once.
OPTIONAL = ["-p", "History=Yes", "-p", "Archive=Yes", "-p", "ArchiveWindow=1", "-p", "Intake=Token"]
# Widths of the pipeline page and of the failed orders, besides the usual one.
NARROW = {"tablet": 768, "phone": 390}
FAILING = [
    {"total": 5.50, "userId": "ada"},
    {"orderId": "2001", "userId": "ada", "timestamp": "yesterday", "total": 19.90},
    {"orderId": "2002", "userId": "bob", "timestamp": "3 May 2026", "total": 7.25},
    {"orderId": "2003", "currency": "pounds", "total": 12},
    {"orderId": "2004", "items": [{"sku": "85123A", "itemName": "<script>alert(1)</script>", "quantity": "six"}]},
]


def main() -> None:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        sys.exit("No Chromium: install the package chromium.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        with ExitStack() as consoles:
            with running_onebox(port=0, log=Path(folder) / "log", data=Path(folder) / "data") as endpoint:
                outbox = str(Path(folder) / "shop.db")
                settings = ConsoleSettings(database=outbox)
                site = consoles.enter_context(open_site(endpoint, "test", settings, refresh=REFRESH_ONEBOX))
                page = _window(browser, "light")
                page.goto(site.url)
                _photograph(page, ".verdict.bad", _picture(NO_STACK, "light"))
                _run(endpoint, "deploy", "--yes", *QUICK, *OPTIONAL)
                page.goto(site.url)
                _photograph(page, ".verdict:has-text('Quiet')", _picture(EMPTY, "light"))
                page.goto(site.at("/failed"))
                _fill(endpoint)
                _photograph(page, "h2:has-text('Failing now')", _picture(FAILING_NOW, "light"))
                page.wait_for_selector("header .badge:has-text('5 failed orders')")
                consoles.enter_context(_using_options(endpoint, outbox, Path(folder)))
                themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
                for theme in themes:
                    page = _window(browser, theme)
                    for name, (where, awaited) in PAGES.items():
                        page.goto(site.at(where))
                        _photograph(page, awaited, _picture(name, theme))
                for name, width in NARROW.items():
                    page = _window(browser, "light", width=width)
                    page.goto(site.url)
                    _photograph(page, ".verdict.bad", _picture(name, "light"))
                    page.goto(site.at("/failed"))
                    _photograph(page, "main table", _picture(f"failed-{name}", "light"))
                _run(endpoint, "pause", "--yes", "--reason", "a bad deployment")
                page = _window(browser, "light")
                page.goto(site.url)
                _photograph(page, "header .badge:has-text('Paused')", _picture(PAUSED, "light"))
            page.wait_for_selector("header .state.bad")
            page.screenshot(path=_picture(DEAD, "light"))
        browser.close()


def _picture(name: str, theme: str) -> Path:
    return FOLDER / f"console-{name}-{theme}.png"


def _window(browser: Browser, theme: Literal["light", "dark"], width: int = 1280) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 820}, color_scheme=theme, locale="en-GB", timezone_id="Europe/London"
    )
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def _run(endpoint: str, *arguments: str, given: str | None = None) -> None:
    result = CliRunner().invoke(orders_command, arguments, env=_environment(endpoint), input=given)
    if result.exit_code:
        sys.exit(result.output)


def _environment(endpoint: str) -> dict[str, str]:
    where = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
    return {**where, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def _fill(endpoint: str) -> None:
    sample = files("orders").joinpath("local/sample/online_retail_sample.jsonl.gz")
    _run(endpoint, "publish", "--rate", "60", str(sample))
    _run(endpoint, "publish", "--unchecked", "-", given="\n".join(map(json.dumps, FAILING)))


@contextmanager
def _using_options(endpoint: str, outbox: str, folder: Path) -> Iterator[None]:
    """A relay at work on an outbox with a refused row, callers of the intake, and a replay."""
    _run(endpoint, "relay", "init", "--database", outbox)
    _insert(outbox, *({"orderId": f"30{number:02}", "userId": "ada", "total": 12.5} for number in range(8)))
    _insert(outbox, {"orderId": "3100", "total": "much"})
    _run(endpoint, "intake", "add", "shop")
    _run(endpoint, "intake", "add", "marketplace", "--webhook")
    os.environ["XDG_STATE_HOME"] = str(folder)  # where a replay keeps its position
    _run(endpoint, "replay", "--since", "1h", "--user", "17850", "--to", "OrderQueue")
    command = [sys.executable, "-m", "orders", "relay", "run", "--name", "shop-1", "--database", outbox]
    relay = subprocess.Popen(command, env={**os.environ, **_environment(endpoint)}, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        relay.terminate()
        relay.wait()


def _insert(outbox: str, *orders: dict[str, object]) -> None:
    with sqlite3.connect(outbox) as shop:
        for order in orders:
            row = (order["orderId"], json.dumps(order))
            shop.execute("INSERT INTO orders_outbox (order_id, body) VALUES (?, ?)", row)


def _photograph(page: Page, awaited: str, path: Path) -> None:
    page.wait_for_selector(awaited)
    page.wait_for_selector("header .state.good")
    page.screenshot(path=path)
    print(path.relative_to(FOLDER.parents[1]))


if __name__ == "__main__":
    main()
