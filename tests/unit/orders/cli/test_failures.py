"""Goal: a command that cannot do what it was asked ends with a sentence and exit code 1 or 2, without a traceback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from click.testing import CliRunner, Result

from orders.cli.main import main

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={**KEYS, "AWS_MAX_ATTEMPTS": "1"})


@contextmanager
def plain_http() -> Iterator[int]:
    """The port of a server that speaks HTTP, and answers nothing with sense."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_unknown_command_gets_a_suggestion() -> None:
    result = run("stauts")
    assert (result.exit_code, "Did you mean status" in result.stderr) == (2, True)
    assert "No such command" in run("nothing-like-it\x1b[2J").stderr
    assert "\x1b" not in run("nothing-like-it\x1b[2J").stderr


def test_https_asked_of_an_http_server_ends_with_a_sentence() -> None:
    with plain_http() as port:
        result = run("get", "O-1", "--endpoint-url", f"https://127.0.0.1:{port}")
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert "http://" in result.stderr, result.stderr


def test_an_argument_that_is_no_unicode_ends_with_a_sentence() -> None:
    with plain_http() as port:
        result = run("get", "half \udc9b", "--endpoint-url", f"http://127.0.0.1:{port}")
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert "no AWS region" not in result.stderr
    assert "Traceback" not in result.stderr
