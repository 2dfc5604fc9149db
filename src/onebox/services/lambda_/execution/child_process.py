"""A process with its own process group and a pipe for its output.

Promises: ``on_exit`` is called once, unless ``kill`` came first; after ``close`` no callback comes; ``kill`` ends the
whole group and all that descends from the process. Knows nothing of functions and invocations.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

from onebox.services.lambda_.execution.output_pipe import OutputPipe
from onebox.services.lambda_.execution.processes import descendants, resident_memory_kib

assert sys.platform != "win32", "execution environments need process groups"


_OPEN_FILES_MAX = 1024
"""As on AWS: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


class ChildProcess:
    """The process of one execution environment. ``on_exit`` gets its return code, negative for a signal; ``show_path``
    rewrites the paths in what it prints."""

    def __init__(
        self, on_output: Callable[[], None], on_exit: Callable[[int], None], show_path: Callable[[str], str]
    ) -> None:
        self.output = OutputPipe(on_output, show_path)
        self._on_exit = on_exit
        self._transport: asyncio.SubprocessTransport | None = None
        self._exited = asyncio.Event()
        self._killed = False

    @property
    def pid(self) -> int | None:
        return None if self._transport is None else self._transport.get_pid()

    async def start(
        self, command: Sequence[str], variables: Mapping[str, str], folder: Path, descriptors: Sequence[int] = ()
    ) -> None:
        """Start the process in ``folder``; it inherits ``descriptors``. Raises OSError if the machine refuses."""
        loop = asyncio.get_running_loop()
        writer = self.output.open()
        try:
            self._transport, _ = await loop.subprocess_exec(
                lambda: _Protocol(self._process_exited),
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writer,
                stderr=writer,
                env=dict(variables),
                cwd=folder,
                pass_fds=descriptors,
                start_new_session=True,
            )
        finally:
            os.close(writer)
        _interrupt_nobody(self._transport.get_pid())
        if self._killed:  # ``kill`` came while the process was being made.
            self._kill_group()
        else:
            self.output.listen()

    def kill(self) -> None:
        """End the process and those it started in its group. Idempotent."""
        self._killed = True
        self._kill_group()

    def limit_files(self, bytes_max: int) -> None:
        """No file that the process writes may grow larger, it has 1,024 open at most, and leaves no core dump."""
        if sys.platform == "linux" and self.pid is not None:
            limits = {
                resource.RLIMIT_FSIZE: bytes_max,
                resource.RLIMIT_NOFILE: _OPEN_FILES_MAX,
                resource.RLIMIT_CORE: 0,
            }
            for kind, most in limits.items():
                with contextlib.suppress(OSError, ValueError):  # It has ended, or the machine allows even less.
                    resource.prlimit(self.pid, kind, (most, most))

    def hold_files(self, bytes_max: int) -> None:
        """No file may be larger, for the process and those that descend from it; up to the limit of `limit_files`."""
        if sys.platform == "linux" and self.pid is not None:
            for pid in descendants(self.pid):
                with contextlib.suppress(OSError, ValueError):  # It has ended.
                    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (min(bytes_max, most), most))

    def resident_memory_kib(self) -> int:
        """The memory of the process and of those that descend from it, at this moment."""
        return 0 if self.pid is None else resident_memory_kib(descendants(self.pid))

    def close(self) -> None:
        """Close the output pipe."""
        self.output.close()

    async def wait_exited(self) -> None:
        """Wait until the process is gone, if it was started."""
        if self._transport is not None:
            await self._exited.wait()

    def _kill_group(self) -> None:
        if self._transport is not None:
            pid = self._transport.get_pid()
            # Those that left the group descend from the process still, while it lives.
            strays = [] if self._exited.is_set() else descendants(pid)[1:]
            for kill, target in ((os.killpg, pid), *((os.kill, stray) for stray in strays)):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    kill(target, signal.SIGKILL)

    def _process_exited(self, return_code: int) -> None:
        self._exited.set()
        if not self._killed:
            self._on_exit(return_code)


def _interrupt_nobody(pid: int) -> None:
    """Have Linux run the process, and all that it starts, as soon as a processor is free, but not in place of another
    process that is at work: giving a function an invocation would interrupt the event loop, which serves everybody.
    https://man7.org/linux/man-pages/man7/sched.7.html (SCHED_BATCH)"""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # It has ended, or the machine does not allow it.
            os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))


class _Protocol(asyncio.SubprocessProtocol):
    def __init__(self, on_exit: Callable[[int], None]) -> None:
        self._on_exit = on_exit
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)  # uvloop's is of no asyncio class

    def process_exited(self) -> None:
        assert self._transport is not None
        return_code = self._transport.get_returncode()
        self._transport.close()
        self._on_exit(0 if return_code is None else return_code)


def describe_exit(return_code: int) -> str:
    """Why a runtime ended, in AWS's words."""
    if return_code == 0:
        return "Runtime exited without providing a reason"
    if return_code > 0:
        return f"Runtime exited with error: exit status {return_code}"
    return f"Runtime exited with error: signal: {_signal_name(-return_code)}"


def _signal_name(number: int) -> str:
    try:
        return (signal.strsignal(number) or str(number)).lower()
    except ValueError:
        return str(number)
