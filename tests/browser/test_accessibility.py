"""Goal: axe-core finds nothing on any page, in both themes, at every width, and no page is wider than the window."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from onebox.testing import EngineThread
from orders.console.pages import NAVIGATION
from tests.browser.site import Site, open_site
from tests.browser.test_failed_order import BROKEN, fail_one

Open = Callable[..., Page]
PATHS = [entry.path for entry in NAVIGATION]
# Pages that belong to another page of the navigation, or show a state of one.
MORE_PATHS = ["/order?id=A-1", "/order?id=none", "/failed/orders", "/search?q=ada", "/search?q=none", "/no-such-page"]
WIDTHS = (1440, 1024, 768, 390)
LONG = "a-long-id-" * 12


def check(page: Page) -> None:
    expect(page.locator("header .dot")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{overflow} pixels too wide at {width}"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_accessible_and_fit(open_page: Open, deployed: Callable[..., str], site: Site, theme: str) -> None:
    deployed("publish", "-", given='{"orderId": "A-1", "userId": "ada", "status": "new", "total": 5}')
    deployed("publish", "-", given=json.dumps({"orderId": LONG, "userId": LONG, "timestamp": "2026-05-03T12:00:00Z"}))
    fail_one(deployed, {**BROKEN, "orderId": LONG})
    page = open_page(site.url, color_scheme=theme)
    for path in (*PATHS, *MORE_PATHS):
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(site.at(path))
        check(page)
    page.goto(site.at("/failed/orders"))
    page.get_by_role("link", name="a-long-id").first.click()
    check(page)
    page.goto(site.at("/failed"))
    page.get_by_role("link", name="Fix it").click()
    page.get_by_label("New value").fill("2026-05-03T12:00:00Z")
    page.get_by_role("button", name="Preview").click()
    check(page)


@pytest.fixture
def empty_site(onebox: EngineThread, account: str) -> Iterator[Site]:
    with open_site(onebox.endpoint_url, account) as opened:
        yield opened


def test_pages_without_a_stack_are_accessible(open_page: Open, empty_site: Site) -> None:
    page = open_page(empty_site.url)
    for path in PATHS:
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(empty_site.at(path))
        check(page)


def test_a_paused_system_says_so_on_every_page(open_page: Open, deployed: Callable[..., str], site: Site) -> None:
    deployed("pause", "--yes", "--reason", "a drill")
    page = open_page(site.url)
    for path in PATHS:
        page.goto(site.at(path))
        expect(page.locator("header")).to_contain_text("Paused: orders are not processed")
    page.goto(site.at("/controls"))
    check(page)
