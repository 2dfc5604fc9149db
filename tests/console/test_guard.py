"""Goal: nobody but those it is for gets an answer from the console, and no other site changes anything through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from onebox.testing import EngineThread
from orders.console.guard import HEADERS
from orders.console.settings import ConsoleSettings
from tests.console.support import BASE_URL, Browser, console_for

TOKEN = "the-token-that-was-printed"


@pytest.fixture
def browser(onebox: EngineThread, account: str) -> Iterator[Browser]:
    with console_for(onebox, account) as console:
        yield console


@pytest.fixture
def outside(onebox: EngineThread, account: str) -> Iterator[Browser]:
    """A console that others than this machine reach."""
    settings = ConsoleSettings(host="192.0.2.7", token=TOKEN, allowed_hosts=frozenset({"shop.example"}))
    with console_for(onebox, account, settings) as console:
        yield console


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LOCALHOST"])
def test_names_of_this_machine_are_answered(browser: Browser, host: str) -> None:
    assert browser.client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8080", "localhost.evil.example", "192.0.2.1", ""]
)
def test_a_name_that_was_pointed_at_this_machine_is_refused(browser: Browser, host: str) -> None:
    answer = browser.client.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "OrderTopic" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"origin": BASE_URL, "sec-fetch-site": "cross-site"},
        {"origin": BASE_URL, "sec-fetch-site": "same-site"},
        {},
    ],
)
def test_a_form_of_another_site_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    answer = browser.post("/login", headers=headers)
    assert answer.status_code == 403
    assert "does not come from a console page" in answer.text


@pytest.mark.parametrize("path", ["/", "/static/0/console.css", "/no-such-page"])
def test_every_answer_bears_the_headers_that_keep_strangers_out(browser: Browser, path: str) -> None:
    headers = browser.client.get(path).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert "unsafe" not in headers["content-security-policy"]


def test_pages_hold_nothing_that_the_policy_forbids(browser: Browser) -> None:
    page = browser.text("/")
    assert " style=" not in page
    assert " onclick=" not in page
    assert "<script>" not in page


def test_without_the_token_nothing_is_told(outside: Browser) -> None:
    assert outside.client.get("/", headers={"host": "192.0.2.7:8080"}).status_code == 401
    asked = outside.client.get("/live", headers={"host": "192.0.2.7:8080", "accept": "text/event-stream"})
    assert asked.status_code == 401
    page = outside.client.get("/", headers={"host": "192.0.2.7:8080", "accept": "text/html"}, follow_redirects=False)
    assert page.headers["location"] == "/login"


def test_the_printed_address_lets_in_and_takes_the_token_out_of_sight(outside: Browser) -> None:
    answer = outside.client.get("/", params={"token": TOKEN, "a": "1"}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?a=1"
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert outside.client.get("/").status_code == 200


def test_the_form_lets_in_who_knows_the_token_and_nobody_else(outside: Browser) -> None:
    headers = {"origin": BASE_URL, "accept": "text/html"}
    wrong = outside.client.post("/login", data={"token": "guessed"}, headers=headers)
    assert wrong.status_code == 403
    assert "Wrong token." in wrong.text
    assert outside.client.get("/").status_code == 401
    outside.client.post("/login", data={"token": TOKEN}, headers=headers)
    assert outside.client.get("/").status_code == 200


def test_a_cookie_of_another_run_is_worth_nothing(outside: Browser) -> None:
    outside.client.cookies.set("orders_console", "of-another-run")
    assert outside.client.get("/").status_code == 401


@pytest.mark.parametrize(("host", "status"), [("shop.example", 401), ("192.0.2.9", 401), ("evil.example", 421)])
def test_from_outside_addresses_and_allowed_names_are_answered(outside: Browser, host: str, status: int) -> None:
    assert outside.client.get("/", headers={"host": host}).status_code == status


def test_read_only_refuses_every_form_that_is_not_harmless(onebox: EngineThread, account: str) -> None:
    with console_for(onebox, account, ConsoleSettings(read_only=True)) as browser:
        answer = browser.post("/any/path/that/is/not/known/as/harmless")
        assert answer.status_code == 403
        assert "read-only" in answer.text
        assert "This console is read-only" in browser.text("/")
