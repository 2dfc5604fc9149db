"""Runs onebox as a child process: starts its command, waits for its ready line, stops it with SIGTERM.

This module and the health check are the only parts of this package that depend on onebox; the rest uses AWS's API.
Promises: the child process ends with its block, however the block ends.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orders.errors import OperatorError

STOP_TIMEOUT_S = 15
_ready = re.compile(r"onebox is ready on (\S+)")


@contextmanager
def running_onebox(*, port: int, log: Path, data: Path | None = None, ephemeral: bool = False) -> Iterator[str]:
    """Run onebox for a block; its endpoint's URL. Port 0 takes a free one; ``data`` defaults to onebox's own folder.

    ``log`` is a file for what onebox says of itself, and for the mails that it does not send. Raises OperatorError with
    onebox's own words if it does not start.
    """
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # e-mails in this folder hold orders
    place = (["--data", str(data)] if data else []) + (["--ephemeral"] if ephemeral else [])
    # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop it when our work is done.
    with log.open("wb") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "onebox", "serve", "--port", str(port), "--log-level", "INFO", *place],
            stdout=subprocess.PIPE,
            stderr=words,
            start_new_session=True,
            text=True,
        )
    try:
        yield _wait_until_ready(process, log)
    finally:
        _stop(process)


def _wait_until_ready(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := _ready.search(line):
            return found.group(1)
    process.wait()
    said = log.read_text(errors="replace").strip().removeprefix("onebox: ")
    raise OperatorError(f"onebox did not start: {said or 'it gave no reason'}")


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
