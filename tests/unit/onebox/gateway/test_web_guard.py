"""Goal: a request that a web page made is refused unless its origin is configured; SDKs never notice the guard."""

from __future__ import annotations

import pytest

from onebox.gateway.message import Request
from onebox.gateway.web_guard import PageRefused, WebGuard

GUARD = WebGuard(("0.0.0.0", "onebox", "*.corp.test"), ("http://localhost:3000/",))


def _request(method: str = "POST", **headers: str) -> Request:
    return Request(
        method, "/", "", {"host": "localhost:4566", **{k.replace("_", "-"): v for k, v in headers.items()}}, b""
    )


def _is_refused(guard: WebGuard, request: Request) -> bool:
    try:
        guard.check(request)
    except PageRefused:
        return True
    return False


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:4566",
        "127.0.0.1:4566",
        "[::1]:4566",
        "192.168.1.5:4566",
        "bucket.s3.localhost:4566",
        "abc.lambda-url.us-east-1.localhost:4566",
        "bucket.s3.eu-west-1.amazonaws.com",
        "host.docker.internal:4566",
        "onebox:4566",
        "a.corp.test",
        "",
    ],
)
def test_hosts_by_which_clients_reach_onebox_are_let_in(host: str) -> None:
    assert not _is_refused(GUARD, _request(host=host))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4566",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "amazonaws.com.evil",
        "corp.test",
        "xlocalhost",
    ],
)
def test_a_name_that_somebody_else_can_point_here_is_refused(host: str) -> None:
    assert _is_refused(GUARD, _request(host=host))
    assert not _is_refused(WebGuard(("*",), ()), _request(host=host))


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://localhost:4566"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none", "origin": "https://evil.example"},
    ],
)
def test_requests_of_web_pages_are_refused(headers: dict[str, str]) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        assert _is_refused(GUARD, _request(method, **headers))


def test_the_refusal_says_what_to_configure() -> None:
    with pytest.raises(PageRefused, match=r"evil\.example.*--allow-host"):
        GUARD.check(_request(host="evil.example"))
    with pytest.raises(PageRefused, match=r"https://evil\.example.*--allow-origin"):
        GUARD.check(_request(origin="https://evil.example"))


def test_a_configured_origin_is_let_in_and_may_read() -> None:
    request = _request(origin="http://localhost:3000", sec_fetch_site="same-site")
    GUARD.check(request)
    assert ("Access-Control-Allow-Origin", "http://localhost:3000") in GUARD.cors_headers(request)
    assert ("Vary", "Origin") in GUARD.cors_headers(request)
    assert not GUARD.cors_headers(_request())


def test_a_preflight_names_what_the_page_asked_for() -> None:
    request = _request(
        "OPTIONS",
        origin="http://localhost:3000",
        access_control_request_method="POST",
        access_control_request_headers="authorization,x-amz-target",
    )
    GUARD.check(request)
    answer = GUARD.preflight_answer(request)
    headers = dict(answer.headers)
    assert answer.status == 204
    assert headers["Access-Control-Allow-Headers"] == "authorization,x-amz-target"
    assert "POST" in headers["Access-Control-Allow-Methods"]


def test_options_without_a_page_lists_the_methods() -> None:
    answer = GUARD.preflight_answer(_request("OPTIONS"))
    assert dict(answer.headers).keys() == {"Allow"}


def test_a_function_url_is_public() -> None:
    GUARD.check(_request(host="abc.lambda-url.us-east-1.localhost:4566", origin="https://shop.example"))
