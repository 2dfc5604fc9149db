"""Goal: `onebox health` and `onebox iam explain` end with one sentence whatever answers at the address."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from click.testing import CliRunner, Result

from onebox.cli.main import main
from onebox.testing import EngineThread

COMMANDS = [["health"], ["health", "--json"], ["iam", "explain", "x"]]


def http(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


ANSWERS = {
    "another object": http("200 OK", '{"status": "ok"}'),
    "a list": http("200 OK", "[1]"),
    "no JSON": http("200 OK", "<html>"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "deep JSON": http("200 OK", "[" * 100_000),
    "no JSON and an error": http("404 Not Found", "<html>"),
    "a list and an error": http("500 Oops", "[1]"),
}


@pytest.fixture
def serving() -> Iterator[Callable[[bytes], str]]:
    """Starts a server that gives every connection the same bytes; its URL."""
    listeners: list[socket.socket] = []

    def serve(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            with closing(listener.accept()[0]) as connection:
                connection.recv(65_536)
                connection.sendall(answer)

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for listener in listeners:
        listener.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def assert_one_sentence(done: Result, words: str) -> None:
    assert isinstance(done.exception, SystemExit), done.exception
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"onebox: {words}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_another_server_is_called_one(serving: Callable[[bytes], str], answer: bytes, command: list[str]) -> None:
    url = serving(answer)
    assert_one_sentence(run(*command, "--url", url), f"another server answers at {url}, not a onebox.")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_where_no_onebox_answers_the_command_that_starts_one_is_named(
    serving: Callable[[bytes], str], command: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for url in (closed, "nonsense", "http://127.0.0.1:x", serving(b"")):
        done = run(*command, "--url", url)
        assert_one_sentence(done, f"no onebox answers at {url} (")
        assert "`onebox serve`" in done.stderr
        assert "urlopen" not in done.stderr


def test_a_onebox_answers_with_its_health_and_with_its_own_words() -> None:
    with EngineThread() as engine:
        for url in (engine.endpoint_url, f"{engine.endpoint_url}/"):
            assert run("health", "--url", url).stdout.startswith("onebox ")
        assert_one_sentence(run("iam", "explain", "x", "--url", engine.endpoint_url), "")
