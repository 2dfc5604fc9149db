"""Goal: axe-core finds nothing to complain of on any page, in both themes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from orders.console.pages import NAVIGATION
from tests.browser.site import Site

Open = Callable[..., Page]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", [entry.path for entry in NAVIGATION])
def test_pages_are_accessible(open_page: Open, deployed: Callable[..., str], site: Site, path: str, theme: str) -> None:
    deployed("publish", "-", given='{"orderId": "A-1", "userId": "ada", "status": "new", "total": 5}')
    page = open_page(site.at(path), color_scheme=theme)
    expect(page.locator("header .dot")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
