"""Goal: no web page can use the onebox on the machine of whoever looks at it, unless its origin is configured.

A real Chromium opens the page of a stranger, whose name the browser resolves to this machine.
"""

from __future__ import annotations

import base64
import http.server
import io
import json
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page

from onebox.testing import EngineThread
from tests.browser.conftest import NAMES, OPTIONS

STRANGER = "evil.example"
SCOPE = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test/20260101/us-east-1/{}/aws4_request&X-Amz-Signature=0"
AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
ROLE = "arn:aws:iam::000000000000:role/made-by-a-page"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)
CREATE_ROLE = urlencode(
    {"Action": "CreateRole", "Version": "2010-05-08", "RoleName": "made-by-a-page", "AssumeRolePolicyDocument": TRUST}
)
SEND = """async ([url, options]) => {
  try { const answer = await fetch(url, options); return [answer.type, answer.status, await answer.text()]; }
  catch (error) { return ["failed", 0, String(error)]; }
}"""


def _code() -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("code.py", "def handler(event, context):\n    return 'ran'\n")
    return base64.b64encode(packed.getvalue()).decode()


def _create_function() -> dict[str, Any]:
    return {
        "FunctionName": "made-by-a-page",
        "Role": ROLE,
        "Runtime": "python3.12",
        "Handler": "code.handler",
        "Code": {"ZipFile": _code()},
    }


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a web server with an empty page."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "index.html").write_text("<!doctype html><title>A page</title>")
    handler = partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def engine(pages: int) -> Iterator[EngineThread]:
    with EngineThread(allowed_origins=(f"http://localhost:{pages}",)) as running:
        yield running


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[[str], Page]]:
    """Opens a page in a browser that resolves the stranger's name to this machine, as after DNS rebinding."""
    rules = f"--host-resolver-rules=MAP {STRANGER} 127.0.0.1"
    browser = chromium.browser_type.launch(executable_path=_chromium_path(), args=[*OPTIONS, rules])

    def open_one(url: str) -> Page:
        page = browser.new_page()
        page.goto(url)
        return page

    yield open_one
    browser.close()


def _chromium_path() -> str:

    return str(next(filter(None, map(shutil.which, NAMES))))


def _is_untouched(engine: EngineThread) -> bool:
    return (
        not engine.client("iam").list_roles()["Roles"]
        and not engine.client("lambda").list_functions()["Functions"]
        and not engine.client("sqs").list_queues().get("QueueUrls")
    )


@pytest.mark.parametrize("host", [STRANGER, "127.0.0.1"], ids=["cross-site", "same-site"])
def test_requests_without_a_preflight_are_refused(
    engine: EngineThread, pages: int, visit: Callable[[str], Page], host: str
) -> None:
    page = visit(f"http://{host}:{pages}/")
    for service, path, body in (
        ("iam", "/?", CREATE_ROLE),
        ("lambda", "/2015-03-31/functions?", _create_function()),
        ("lambda", "/2015-03-31/functions/made-by-a-page/invocations?", {}),
    ):
        url = f"{engine.endpoint_url}{path}{SCOPE.format(service)}"
        text = body if isinstance(body, str) else json.dumps(body)
        kind, _, _ = page.evaluate(SEND, [url, {"method": "POST", "mode": "no-cors", "body": text}])
        assert kind == "opaque", "the browser did send it"
    assert _is_untouched(engine)


def test_requests_with_a_preflight_are_never_sent(
    engine: EngineThread, pages: int, visit: Callable[[str], Page]
) -> None:
    page = visit(f"http://{STRANGER}:{pages}/")
    options = {"method": "POST", "headers": {"Authorization": AUTHORIZATION.format("iam")}, "body": CREATE_ROLE}
    assert page.evaluate(SEND, [engine.endpoint_url, options])[0] == "failed"
    assert _is_untouched(engine)


def test_an_image_makes_nothing(engine: EngineThread, pages: int, visit: Callable[[str], Page]) -> None:
    page = visit(f"http://{STRANGER}:{pages}/")
    url = f"{engine.endpoint_url}/?Action=CreateQueue&QueueName=q&Version=2012-11-05&{SCOPE.format('sqs')}"
    loaded = "url => new Promise(done => { const image = new Image(); image.onerror = done; image.src = url; })"
    with page.expect_event("requestfailed", lambda request: "CreateQueue" in request.url) as caught:
        page.evaluate(loaded, url)
    assert "BLOCKED_BY_ORB" in caught.value.failure, "the browser did send it, and got an answer that is no image"
    assert _is_untouched(engine)


def test_a_rebound_name_is_refused(engine: EngineThread, visit: Callable[[str], Page]) -> None:
    url = f"http://{STRANGER}:{engine.endpoint_url.rpartition(':')[2]}/"
    page = visit(url)
    options = {"method": "POST", "headers": {"Authorization": AUTHORIZATION.format("iam")}, "body": CREATE_ROLE}
    kind, status, text = page.evaluate(SEND, [url, options])
    assert (kind, status) == ("basic", 403), "to the browser the page and onebox have one origin"
    assert STRANGER in text
    assert "--allow-host" in text
    assert _is_untouched(engine)


def test_a_configured_page_uses_the_api_and_reads_the_answers(
    engine: EngineThread, pages: int, visit: Callable[[str], Page]
) -> None:
    """The same requests work from there, so it is the guard that refused them above."""
    page = visit(f"http://localhost:{pages}/")
    assert _is_untouched(engine)
    form = {"Authorization": AUTHORIZATION.format("iam"), "Content-Type": "application/x-www-form-urlencoded"}
    created = page.evaluate(SEND, [engine.endpoint_url, {"method": "POST", "headers": form, "body": CREATE_ROLE}])
    assert created[:2] == ["cors", 200]
    assert ROLE in created[2]
    headers = {"Authorization": AUTHORIZATION.format("lambda")}
    functions = f"{engine.endpoint_url}/2015-03-31/functions"
    body = json.dumps(_create_function())
    assert page.evaluate(SEND, [functions, {"method": "POST", "headers": headers, "body": body}])[1] == 201
    engine.client("lambda").get_waiter("function_active_v2").wait(FunctionName="made-by-a-page")
    invoke = f"{functions}/made-by-a-page/invocations"
    ran = page.evaluate(SEND, [invoke, {"method": "POST", "headers": headers, "body": "{}"}])
    assert ran == ["cors", 200, '"ran"']
