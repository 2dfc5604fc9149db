"""Goal: what all pages share works in a real browser: live snapshots, keys, themes, the token."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from onebox.testing import EngineThread
from orders.console.pages import NAVIGATION
from orders.console.settings import ConsoleSettings
from orders.local.onebox_process import running_onebox
from tests.browser.site import Site, open_site

Open = Callable[..., Page]


def test_the_pipeline_shows_orders_flow_without_reload(
    open_page: Open, deployed: Callable[..., str], site: Site
) -> None:
    page = open_page(site.url)
    expect(page.get_by_role("heading", name="Quiet")).to_be_visible()
    deployed("publish", "-", given='{"orderId": "A-1", "currency": "GBP", "total": 5}')
    expect(page.get_by_role("heading", name="Orders flow")).to_be_visible()
    expect(page.locator("article", has_text="in the table")).to_contain_text("1 order in the table")
    deployed("publish", "--unchecked", "-", given='{"orderId": "A-2", "timestamp": "yesterday"}')
    expect(page.get_by_role("heading", name="1 order failed")).to_be_visible()
    expect(page.locator("header")).to_contain_text("1 failed order")


def test_when_the_system_goes_away_the_page_says_since_when_and_goes_on_by_itself(
    open_page: Open, tmp_path: Path
) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    with running_onebox(port=0, log=log, data=data) as endpoint, open_site(endpoint, "test") as site:
        page = open_page(site.url)
        expect(page.get_by_role("heading", name="Not deployed")).to_be_visible()
        port = urlsplit(endpoint).port
        _stop_now(data)
        expect(page.get_by_role("heading", name="No answer")).to_be_visible()
        expect(page.locator("header")).to_contain_text("No answer since")
        expect(page.locator(".greyed .flow")).to_be_visible()
        assert port is not None
        with running_onebox(port=port, log=log, data=data):
            expect(page.get_by_role("heading", name="Not deployed")).to_be_visible()
            expect(page.locator(".greyed")).to_have_count(0)


def _stop_now(data: Path) -> None:
    """Kill the onebox of a data folder, as a failing machine would."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and (process / "cmdline").exists():
            arguments = (process / "cmdline").read_bytes().split(b"\0")
            if b"serve" in arguments and str(data).encode() in arguments:
                os.kill(int(process.name), signal.SIGKILL)


def test_everything_can_be_reached_by_keys(open_page: Open, deployed: Callable[..., str], site: Site) -> None:
    page = open_page(site.url)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    for entry in NAVIGATION:
        page.keyboard.press("g")
        page.keyboard.press(entry.key)
        page.wait_for_url(site.at(entry.path))
        expect(page.locator(".nav a[aria-current=page]")).to_have_text(entry.title)


def test_the_chosen_theme_stays(open_page: Open, site: Site) -> None:
    page = open_page(site.url, color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_times_are_the_viewers_with_utc_on_hover(open_page: Open, deployed: Callable[..., str], site: Site) -> None:
    page = open_page(site.url, timezone_id="Asia/Tokyo", locale="en-GB")
    shown = page.locator("header time")
    expect(shown).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    utc_hour = int((shown.get_attribute("title") or "")[11:13])
    assert int(shown.inner_text()[:2]) == (utc_hour + 9) % 24


def test_a_reached_console_asks_for_its_token(open_page: Open, onebox: EngineThread, account: str) -> None:
    settings = ConsoleSettings(token="the-printed-token")
    with open_site(onebox.endpoint_url, account, settings) as site:
        page = open_page(site.url)
        expect(page.get_by_label("Token")).to_be_focused()
        page.keyboard.type("guessed")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Wrong token.")
        page.get_by_label("Token").fill("the-printed-token")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Pipeline")).to_be_visible()
        other = open_page(site.at("/?token=the-printed-token"))
        expect(other.get_by_role("heading", name="Pipeline")).to_be_visible()
        assert "token" not in other.url
