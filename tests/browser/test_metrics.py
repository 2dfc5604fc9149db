"""Goal: the charts are drawn from what was measured, stay up to date, and can be read without seeing and pointing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from orders.local.onebox_process import running_onebox
from tests.browser.site import Site, open_site

Open = Callable[..., Page]


def chart(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title)


def legend(page: Page, title: str, label: str) -> Locator:
    return chart(page, title).locator(".u-series", has_text=label).locator(".u-value")


def put(client: Callable[..., Any], name: str, value: float) -> None:
    client("cloudwatch").put_metric_data(Namespace="Orders", MetricData=[{"MetricName": name, "Value": value}])


@pytest.mark.usefixtures("deployed")
def test_charts_show_what_is_measured_without_reload(open_page: Open, client: Callable[..., Any], site: Site) -> None:
    put(client, "OrdersStored", 7)
    page = open_page(site.at("/metrics?range=7d"))
    expect(legend(page, "Order outcomes", "stored")).to_have_text("7")
    page.evaluate("window.isTheSamePage = true")
    put(client, "OrdersStored", 5)
    expect(legend(page, "Order outcomes", "stored")).to_have_text("12")
    assert page.evaluate("window.isTheSamePage")


@pytest.mark.usefixtures("deployed")
def test_a_chart_s_values_are_a_table_that_the_keyboard_opens(
    open_page: Open, client: Callable[..., Any], site: Site
) -> None:
    put(client, "OrdersStored", 7)
    page = open_page(site.at("/metrics?range=7d"))
    summary = chart(page, "Order outcomes").locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    table = chart(page, "Order outcomes").get_by_role("table").last
    expect(table.get_by_role("columnheader", name="stored (Sum)")).to_be_visible()
    expect(table.get_by_role("cell", name="7", exact=True)).to_be_visible()


@pytest.mark.usefixtures("deployed")
def test_alarms_and_their_thresholds_are_named(open_page: Open, site: Site) -> None:
    page = open_page(site.at("/metrics"))
    expect(chart(page, "Age of the oldest order")).to_contain_text("OrderQueue-too-old: Maximum over 60 s > 300")
    expect(page.locator(".alarms li")).to_have_count(7)


def test_when_cloudwatch_does_not_answer_the_last_values_stay(open_page: Open, tmp_path: Path) -> None:
    log = tmp_path / "onebox.log"
    with running_onebox(port=0, log=log, ephemeral=True) as endpoint, open_site(endpoint, "test") as site:
        page = open_page(site.at("/metrics"))
        expect(page.locator("#charts [data-chart]")).not_to_have_count(0)
        page.route("**/metrics/data*", lambda route: route.fulfill(status=502, body="It is gone."))
        expect(page.locator("#lost")).to_contain_text("No new values: It is gone.")
        expect(page.locator("#charts")).to_have_class("charts greyed")
        page.unroute("**/metrics/data*")
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.locator("#charts")).to_have_class("charts")
