"""`orders` commands that are killed with SIGKILL at a chosen call of AWS's API.

One process imports the package once and forks for each command: the child runs it with a hook of boto3 that ends the
child before a call is sent, or after it was answered.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from botocore.session import Session

BEFORE, AFTER = "before-call", "after-call"


class Kill(NamedTuple):
    """When a command ends: at its call ``number`` (from 1) of an operation, ``BEFORE`` it or ``AFTER``."""

    when: str
    operation: str
    """As botocore's events name it: dynamodb.PutItem."""
    number: int = 1


class Done(NamedTuple):
    """How a command ended; ``status`` is -9 if it was killed."""

    status: int
    output: str
    """Both streams."""


class Commands:
    """The process that forks."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.killed_command"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(environment),
        )

    def run(self, *arguments: str, kill: Kill | None = None) -> Done:
        """Run one command to its end, or to its kill."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([arguments, kill]) + "\n")
        self._process.stdin.flush()
        return Done(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def running_commands(environment: Mapping[str, str]) -> Iterator[Commands]:
    commands = Commands(environment)
    try:
        yield commands
    finally:
        commands.close()


def _kill_at(kill: Kill) -> None:
    calls = 0

    def count(**_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == kill.number:
            os.kill(os.getpid(), signal.SIGKILL)

    make = Session.create_client

    def create_client(self: Session, *arguments: Any, **options: Any) -> Any:
        client = make(self, *arguments, **options)
        client.meta.events.register(f"{kill.when}.{kill.operation}", count)
        return client

    Session.create_client = create_client  # type: ignore[method-assign]


def _run(arguments: list[str], kill: list[Any] | None) -> Done:
    """The command in a child process."""
    from click.testing import CliRunner

    from orders.cli.main import main

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        if kill is not None:
            _kill_at(Kill(*kill))
        done = CliRunner().invoke(main, arguments)
        with os.fdopen(writing, "w", errors="surrogateescape") as stream:
            stream.write(done.output)
        os._exit(done.exit_code)
    os.close(writing)
    with os.fdopen(reading, errors="surrogateescape") as stream:
        output = stream.read()
    return Done(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output)


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(_run(*json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
