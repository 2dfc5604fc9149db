"""onebox as a child process: started by its command line, known by its ready line, stopped by SIGTERM.

This is all that this package knows of onebox, besides its health page; everything else is AWS's API.
Promises: the child ends with the block it was started for, whatever ended the block.
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
def running_onebox(
    *, port: int, data: Path | None = None, ephemeral: bool = False, log: Path | None = None
) -> Iterator[str]:
    """Run onebox for a block; its endpoint's URL. Port 0 takes a free one; ``data`` defaults to onebox's own folder.

    ``log`` is a file for what onebox says of itself. Raises OperatorError with onebox's own words if it does not start.
    """
    place = (["--data", str(data)] if data else []) + (["--ephemeral"] if ephemeral else [])
    # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop it when our work is done.
    process = subprocess.Popen(
        [sys.executable, "-m", "onebox", "serve", "--port", str(port), *place],
        stdout=subprocess.PIPE,
        stderr=log.open("wb") if log else subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    try:
        yield _wait_until_ready(process, log)
    finally:
        _stop(process)


def _wait_until_ready(process: subprocess.Popen[str], log: Path | None) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := _ready.search(line):
            return found.group(1)
    process.wait()
    said = log.read_text(errors="replace") if log else process.stderr.read() if process.stderr else ""
    raise OperatorError(f"onebox did not start: {said.strip().removeprefix('onebox: ') or 'it gave no reason'}")


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
