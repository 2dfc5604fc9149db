"""Goal: a test order is placed by form, its faults stand beside their fields, and its way is seen step by step."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.site import Site

Open = Callable[..., Page]


def test_an_order_is_placed_by_form_and_followed_to_the_table(
    open_page: Open, deployed: Callable[..., str], site: Site
) -> None:
    page = open_page(site.at("/publish"))
    page.get_by_label("Order id").first.fill("F-1")
    page.get_by_label("Timestamp").fill("yesterday")
    expect(page.locator("main")).to_contain_text("would reject this order: timestamp")
    page.keyboard.press("Tab")
    expect(page.locator(".field-error", has_text="ISO 8601 date and time")).to_be_visible()
    page.get_by_label("Timestamp").fill("2026-05-03T12:00:00Z")
    page.get_by_role("button", name="Publish and follow").click()
    expect(page.locator("main")).to_contain_text("It is stored")
    assert '"F-1"' in deployed("get", "F-1", "--json")


def test_an_order_that_breaks_the_contract_is_followed_to_the_dead_letter_queue(
    open_page: Open, deployed: Callable[..., str], site: Site
) -> None:
    page = open_page(site.at("/publish"))
    page.get_by_label("Order id").first.fill("F-2")
    page.get_by_label("Timestamp").fill("yesterday")
    page.get_by_label("Publish even if it violates the contract").check()
    page.get_by_role("button", name="Publish and follow").click()
    expect(page.locator(".journey")).to_contain_text("OrderDLQ")
    expect(page.get_by_role("link", name="Failed orders", exact=False).last).to_be_visible()
    expect(page.get_by_text("It was dead-lettered; following has ended.")).to_be_visible()
