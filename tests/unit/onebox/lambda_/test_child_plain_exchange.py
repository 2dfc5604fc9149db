"""Goal: with fast_sdk, usual requests to onebox take a connection of their own, one request after the other; all else,
and everything that somebody watches, goes the SDK's way. What both send and return is compared in
test_child_fast_sdk.py."""

from __future__ import annotations

import functools
import http.client
import importlib.util
import logging
import select
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3.connectionpool
from botocore.awsrequest import AWSHTTPConnection, AWSRequest

from onebox.services.lambda_.child.fast_sdk import plain_exchange


class Echo(socketserver.StreamRequestHandler):
    """Answers each request with its own body, until a body asks for the end of the connection."""

    def handle(self) -> None:
        self.server.connections += 1  # type: ignore[attr-defined]
        while self.rfile.readline():
            fields = http.client.parse_headers(self.rfile)
            body = self.rfile.read(int(fields.get("Content-Length", "0")))
            self.wfile.write(b"HTTP/1.1 200 OK\r\nServer: Echo\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            if body == b"last":
                return


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    connections = 0


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Echo) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def sdk(server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A copy of botocore.httpsession, improved, that counts what goes the SDK's way."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", address(server))
    spec = importlib.util.find_spec("botocore.httpsession")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.count = 0
    connection_manager = module.URLLib3Session._get_connection_manager

    def counting(self: Any, *args: Any) -> Any:
        module.count += 1
        return connection_manager(self, *args)

    module.URLLib3Session._get_connection_manager = counting
    plain_exchange.improve(module)
    return module


@pytest.fixture
def session(sdk: Any) -> Iterator[Any]:
    opened = sdk.URLLib3Session(timeout=(5, 5), max_pool_connections=2)
    yield opened
    opened.close()


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def make_request(server: Server, body: bytes = b"{}", method: str = "POST", **headers: str) -> Any:
    fields = {"User-Agent": "test", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return AWSRequest(method=method, url=address(server) + "/", headers=fields, data=body).prepare()


def kept(session: Any) -> list[Any]:
    connections: list[Any] = vars(session).get("_onebox_connections", [])
    return connections


def test_requests_share_a_connection(sdk: Any, session: Any, server: Server) -> None:
    answers = [session.send(make_request(server, body)) for body in (b"one", b"two", b"three")]
    assert [answer.content for answer in answers] == [b"one", b"two", b"three"]
    assert server.connections == 1
    assert sdk.count == 0


def test_an_answer_shows_what_urllib3s_would_show(session: Any, server: Server) -> None:
    answer = session.send(make_request(server))
    assert (answer.url, answer.status_code, dict(answer.headers)) == (
        address(server) + "/",
        200,
        {"Server": "Echo", "Content-Length": "2"},
    )
    assert answer.raw.status == 200
    assert answer.raw.headers["server"] == "Echo"
    assert list(answer.raw.stream()) == []


UNUSUAL: dict[str, Callable[[Any, Any], object]] = {
    "another method": lambda _session, request: setattr(request, "method", "PUT"),
    "another address": lambda _session, request: setattr(request, "url", request.url.replace("127.0.0.1", "localhost")),
    "a stream to send": lambda _session, request: setattr(request, "body", iter([b"{}"])),
    "a stream to read": lambda _session, request: setattr(request, "stream_output", True),
    "a timeout of its own": lambda _session, request: setattr(request, "context", {"read_timeout": 3}),
    "a field that http.client sets": lambda _session, request: request.headers.update({"host": "shop.test"}),
    "a name that http.client may refuse": lambda _session, request: request.headers.update({"a b": "c"}),
    "a number": lambda _session, request: request.headers.update({"a": 1}),
    "a proxy for other addresses": lambda session, _request: session._proxy_config._proxies.update(https="http://p"),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_requests_go_the_sdks_way(name: str, sdk: Any, session: Any, server: Server) -> None:
    request = make_request(server)
    UNUSUAL[name](session, request)
    assert session.send(request).content == b"{}"
    assert sdk.count == 1
    assert kept(session) == []


def test_a_field_cannot_end_the_head(sdk: Any, session: Any, server: Server) -> None:
    for value in ("a\r\nX-Admin: yes", "a\nb", "a\rb"):
        with pytest.raises(sdk.HTTPClientError, match="Invalid header value"):
            session.send(make_request(server, X_Amz_Target=value))
    with pytest.raises(sdk.HTTPClientError, match="latin-1"):
        session.send(make_request(server, X_Amz_Target="€"))
    assert sdk.count == 4


def test_a_debug_log_shows_what_urllib3_does(sdk: Any, session: Any, server: Server, caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        session.send(make_request(server))
    assert "POST / HTTP/1.1" in caplog.text
    assert sdk.count == 1


@pytest.mark.parametrize(
    ("holder", "name"),
    [
        (urllib3.connectionpool.HTTPConnectionPool, "urlopen"),
        (AWSHTTPConnection, "request"),
        (http.client.HTTPConnection, "getresponse"),
    ],
)
@pytest.mark.parametrize("is_early", [True, False])
def test_whoever_watches_the_sdk_sees_every_call(
    holder: Any, name: str, is_early: bool, server: Server, monkeypatch: pytest.MonkeyPatch, request: Any
) -> None:
    seen = []
    watched = getattr(holder, name)

    @functools.wraps(watched)
    def watch(*args: Any, **kwargs: Any) -> Any:
        seen.append(name)
        return watched(*args, **kwargs)

    if is_early:
        monkeypatch.setattr(holder, name, watch)
    session = request.getfixturevalue("session")
    monkeypatch.setattr(holder, name, watch)
    session.send(make_request(server))
    assert seen == [name]


def test_a_connection_that_was_closed_meanwhile_is_not_used(sdk: Any, session: Any, server: Server) -> None:
    assert session.send(make_request(server, b"last")).content == b"last"
    (connection,) = kept(session)
    assert select.select([connection.file], [], [], 5)[0]  # the end has arrived
    assert session.send(make_request(server, b"next")).content == b"next"
    assert server.connections == 2
    assert sdk.count == 0


def test_no_more_connections_are_kept_than_the_client_is_set_to(session: Any, server: Server) -> None:
    bodies = [b"%d" % number for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda body: session.send(make_request(server, body)).content, bodies))
    assert answers == bodies
    assert 1 <= len(kept(session)) <= 2


def test_close_closes_what_was_kept(session: Any, server: Server) -> None:
    session.send(make_request(server))
    (connection,) = kept(session)
    session.close()
    assert connection.file.closed
    assert kept(session) == []
    assert session.send(make_request(server, b"again")).content == b"again"


@pytest.mark.parametrize(
    "endpoint", ["", "https://127.0.0.1:1", "http://127.0.0.1:80", "http://[::1]:1", "http://a@b:1"]
)
def test_without_a_plain_address_nothing_changes(sdk: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    send = sdk.URLLib3Session.send
    plain_exchange.improve(sdk)
    assert sdk.URLLib3Session.send is send
