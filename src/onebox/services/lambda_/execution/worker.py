"""One execution environment: a child process, its Runtime API and its output, from start to end.

Promises: every execution given to it is finished exactly once, whatever the child does; nothing of the child (nor
of the processes it started in its group) runs on after ``kill``. Knows nothing of other workers.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from onebox.clock import Clock, Timer
from onebox.services.lambda_.execution.execution import Execution, Outcome
from onebox.services.lambda_.execution.output import LogEvent, OutputReader
from onebox.services.lambda_.execution.platform_log import JsonLog, Report, TextLog
from onebox.services.lambda_.execution.runtime_api import RuntimeApiConnection
from onebox.services.lambda_.limits import INIT_MS_MAX, LOG_TAIL_BYTES_MAX, RESPONSE_BYTES_MAX
from onebox.services.lambda_.model import FunctionVersion

# A print must not wake onebox: output is read when an invocation ends, and this often while one runs.
_OUTPUT_PACE_S = 0.05
_OUTPUT_PIPE_BYTES = 1024 * 1024
# From then on the output of a running invocation goes to Logs without waiting for its end.
_LONG_INVOCATION_MS = 1000
_KILLED = "Runtime exited with error: signal: killed"


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything a child is started with."""

    function: FunctionVersion
    command: tuple[str, ...]
    variables: dict[str, str]
    code_folder: Path
    scratch_folder: Path
    """The child's own HOME and TMPDIR; removed with it."""
    description: str
    """Which interpreter runs, for the first line of the log."""
    expires_at_ms: int
    """When its credentials end."""
    write_log: Callable[[list[LogEvent]], None]


@dataclass(slots=True)
class _Running:
    execution: Execution
    started_ms: float
    deadline_at_ms: int
    events: list[LogEvent] = field(default_factory=list)
    written: int = 0
    """How many of the events are in Logs already."""


class Worker:
    """A child process that runs one invocation after the other. ``on_ready`` is called whenever it can take an
    execution, ``on_end`` once, with the error payload if its initialisation failed."""

    def __init__(
        self,
        environment: Environment,
        clock: Clock,
        on_ready: Callable[[Worker], None],
        on_end: Callable[[Worker, bytes | None], None],
    ) -> None:
        self.environment = environment
        self.function = environment.function
        self.retired = False
        """Set when the function changed: no further execution may be given to it."""
        self.initialised = False
        self.finishing = False
        """True from the answer of an invocation until the child asks for the next, which it does at once."""
        self.idle_since_ms = 0
        self._clock = clock
        self._on_ready = on_ready
        self._on_end = on_end
        self._log: TextLog | JsonLog = JsonLog() if self.function.json_logs else TextLog()
        self._running: _Running | None = None
        self._server: asyncio.AbstractServer | None = None
        self._connection: RuntimeApiConnection | None = None
        self._transport: asyncio.SubprocessTransport | None = None
        self._output: OutputReader | None = None
        self._output_descriptor = -1
        self._output_pause: asyncio.TimerHandle | None = None
        self._exited_event = asyncio.Event()
        self._watchdog: Timer | None = None
        self._watchdog_at_ms = 0
        self._spawned_ms = 0.0
        self._init_deadline_at_ms = 0
        self._init_ms: float | None = None
        self._init_error: bytes | None = None
        self._ended = False
        self._peak_memory_kib = 0

    @property
    def busy(self) -> bool:
        return self._running is not None

    @property
    def request_id(self) -> str:
        """The running invocation's; '' if there is none."""
        return "" if self._running is None else self._running.execution.request_id

    @property
    def pid(self) -> int | None:
        return None if self._transport is None else self._transport.get_pid()

    # Start

    async def start(self) -> None:
        """Start the child. Raises OSError if the machine refuses; ``on_ready`` follows when it is initialised."""
        loop = asyncio.get_running_loop()
        self.environment.scratch_folder.mkdir(parents=True, exist_ok=True)
        self._server = await loop.create_server(self._accept, "127.0.0.1", 0, backlog=4)
        port = self._server.sockets[0].getsockname()[1]
        writer = self._open_output()
        self._spawned_ms = self._clock.monotonic_ms()
        try:
            self._transport, _ = await loop.subprocess_exec(
                lambda: _Child(self._exited),
                *self.environment.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writer,
                stderr=writer,
                env={**self.environment.variables, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"},
                cwd=self.environment.code_folder,
                start_new_session=True,
            )
        finally:
            os.close(writer)
        if self._ended:  # ``kill`` came while the process was being made.
            self._kill_group()
            return
        loop.add_reader(self._output_descriptor, self._output_arrived)
        self._write_init_start()
        self._init_deadline_at_ms = self._clock.now_ms() + INIT_MS_MAX + self.function.timeout_ms
        self._watch(self._init_deadline_at_ms)

    def _open_output(self) -> int:
        """Make the pipe of the child's output; the writing end is returned."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        if sys.platform == "linux":
            # Without the privilege the pipe keeps its 64 KiB, and a chatty function waits a little more often.
            with contextlib.suppress(OSError, AttributeError):
                fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _OUTPUT_PIPE_BYTES)
        self._output_descriptor = reader
        self._output = OutputReader(reader)
        return writer

    def _accept(self) -> RuntimeApiConnection:
        self._connection = RuntimeApiConnection(self)
        return self._connection

    def _write_init_start(self) -> None:
        now_ms = self._clock.now_ms()
        runtime = str(self.function.configuration["Runtime"])
        line = self._log.init_start(now_ms, runtime, self.environment.description)
        self.environment.write_log([(now_ms, line)])

    # Invocations

    def run(self, execution: Execution) -> None:
        """Hand an execution to the child, which must be ready."""
        assert self._running is None
        assert self._connection is not None
        now_ms = self._clock.now_ms()
        deadline_at_ms = now_ms + self.function.timeout_ms
        start = self._log.start(now_ms, execution.request_id, self.function.version)
        self._running = _Running(execution, self._clock.monotonic_ms(), deadline_at_ms, [(now_ms, start)])
        self._watch(deadline_at_ms)
        head = (
            f"Lambda-Runtime-Aws-Request-Id: {execution.request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {deadline_at_ms}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {execution.invoked_arn}\r\n"
            f"Lambda-Runtime-Trace-Id: {execution.trace_id}\r\n"
        )
        if execution.client_context:
            head += f"Lambda-Runtime-Client-Context: {execution.client_context}\r\n"
        self._connection.send_invocation(head.encode("latin-1"), execution.payload)

    def next_requested(self) -> None:
        if not self.initialised:
            self.initialised = True
            self._init_ms = self._clock.monotonic_ms() - self._spawned_ms
            self._read_output()
        self.finishing = False
        if not self._ended and self._running is None:
            self._on_ready(self)

    def answered(self, request_id: str, payload: bytes, peak_memory_kib: int) -> bool:
        if not self._is_running(request_id):
            return False
        self._peak_memory_kib = peak_memory_kib
        self._finish(payload, failed=False, status="success")
        return True

    def answer_too_large(self, request_id: str, payload_bytes: int) -> bool:
        if not self._is_running(request_id):
            return False
        error_type = "Function.ResponseSizeTooLarge"
        message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
        self._finish(error_payload(error_type, message), failed=True, status="error", error_type=error_type)
        return True

    def failed(self, request_id: str, error: bytes, peak_memory_kib: int) -> bool:
        if not self._is_running(request_id):
            return False
        self._peak_memory_kib = peak_memory_kib
        # AWS counts an exception of the handler as a success of the platform: REPORT carries no status for it.
        self._finish(error, failed=True, status="success")
        return True

    def init_failed(self, error: bytes) -> None:
        self._init_error = error
        self._peak_memory_kib = peak_memory_kib(self.pid)

    # The end

    def kill(self) -> None:
        """End the child now; a running execution fails. Idempotent."""
        if not self._ended:
            self._break_off("Runtime.ExitError", _KILLED, status="error", on_purpose=True)

    def kill_if_over_memory(self) -> None:
        """End the child, as Lambda's sandbox does, if it uses more than the function's MemorySize."""
        if not self._ended and _resident_memory_kib(self.pid) > self.function.memory_mb * 1024:
            self._break_off("Runtime.ExitError", _KILLED, status="error")

    def report_failed_init(self, execution: Execution, payload: bytes) -> None:
        """Finish an execution that waited for this child, whose initialisation failed with ``payload``."""
        error = json.loads(payload)
        error["requestId"] = execution.request_id
        now_ms = self._clock.now_ms()
        events = [(now_ms, self._log.start(now_ms, execution.request_id, self.function.version))]
        self._running = _Running(execution, self._spawned_ms, now_ms, events)
        status = "timeout" if error.get("errorType") == "Sandbox.Timedout" else "error"
        self._finish(json.dumps(error).encode(), failed=True, status=status, error_type=error.get("errorType"))

    async def wait_exited(self) -> None:
        """Wait until the killed process is gone, and remove what it left."""
        if self._transport is not None:
            await self._exited_event.wait()
        scratch = self.environment.scratch_folder
        await asyncio.get_running_loop().run_in_executor(None, lambda: shutil.rmtree(scratch, ignore_errors=True))

    def _exited(self, return_code: int) -> None:
        self._exited_event.set()
        if self._ended:
            return
        error_type = "Runtime.ExitError"
        if return_code == 0:
            message = "Runtime exited without providing a reason"
        elif return_code > 0:
            message = f"Runtime exited with error: exit status {return_code}"
        else:
            message = f"Runtime exited with error: signal: {_signal_name(-return_code)}"
        self._break_off(error_type, message, status="error")

    def _expired(self) -> None:
        """The watchdog. One timer serves many invocations: it is moved on when it rings too early."""
        self._watchdog = None
        now_ms = self._clock.now_ms()
        if self._running is not None:
            due_at_ms = self._running.deadline_at_ms
        elif not self.initialised:
            due_at_ms = self._init_deadline_at_ms
        else:
            return
        if now_ms < due_at_ms:
            self._watch(due_at_ms)
            return
        message = f"Task timed out after {self.function.timeout_ms / 1000:.2f} seconds"
        self._break_off("Sandbox.Timedout", message, status="timeout")

    def _break_off(self, error_type: str, reason: str, status: str, on_purpose: bool = False) -> None:
        self._ended = True
        self._peak_memory_kib = max(self._peak_memory_kib, peak_memory_kib(self.pid))
        self._kill_group()
        running = self._running
        error = self._init_error
        self._read_output()
        if running is not None:
            message = f"RequestId: {running.execution.request_id} Error: {reason}"
            now_ms = self._clock.now_ms()
            problem = self._log.problem(now_ms, running.execution.request_id, message, error_type)
            running.events.append((now_ms, problem))
            payload = error_payload(error_type, message)
            self._finish(payload, failed=True, status=status, error_type=error_type)
        elif not self.initialised and error is None:
            error = error_payload(error_type, reason)
        self._close()
        self._on_end(self, None if self.initialised or on_purpose else error)

    def _close(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._server is not None:
            self._server.close()
        if self._connection is not None:
            self._connection.close()
        if self._output_pause is not None:
            self._output_pause.cancel()
        if self._output_descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._output_descriptor)
            os.close(self._output_descriptor)
            self._output_descriptor, self._output = -1, None

    def _kill_group(self) -> None:
        if self._transport is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._transport.get_pid(), signal.SIGKILL)

    # Parts of the above

    def _is_running(self, request_id: str) -> bool:
        return self._running is not None and self._running.execution.request_id == request_id

    def _finish(self, payload: bytes, *, failed: bool, status: str, error_type: str | None = None) -> None:
        running = self._running
        assert running is not None
        now_ms = self._clock.now_ms()
        duration_ms = self._clock.monotonic_ms() - running.started_ms
        if status == "timeout":
            duration_ms = float(self.function.timeout_ms)
        events = running.events
        if self._output is not None:
            events += self._output.read(now_ms)
            events += self._output.close_line(now_ms)
        init_ms, self._init_ms = self._init_ms, None
        request_id = running.execution.request_id
        if (end := self._log.end(request_id)) is not None:
            events.append((now_ms, end))
        peak_mb = (self._peak_memory_kib + 1023) // 1024
        report = Report(request_id, duration_ms, self.function.memory_mb, peak_mb, init_ms, status, error_type)
        events.append((now_ms, self._log.report(now_ms, report)))
        self.environment.write_log(events[running.written :])
        tail = log_tail(events) if running.execution.wants_log_tail else b""
        self._running = None
        self.finishing = not self._ended
        running.execution.done(Outcome(payload, failed, duration_ms, tail))

    def _output_arrived(self) -> None:
        """Take what the child printed, and don't listen for a moment."""
        self._read_output()
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._output_descriptor)
        # The loop's own timer, not the clock's: this paces a real pipe and means nothing to simulated time.
        self._output_pause = loop.call_later(_OUTPUT_PACE_S, self._listen_to_output)

    def _listen_to_output(self) -> None:
        self._output_pause = None
        self._read_output()
        asyncio.get_running_loop().add_reader(self._output_descriptor, self._output_arrived)

    def _read_output(self) -> None:
        """Output of a running invocation is kept for its end; what comes between invocations is written at once."""
        events = [] if self._output is None else self._output.read(self._clock.now_ms())
        running = self._running
        if not events:
            return
        if running is None:
            self.environment.write_log(events)
            return
        running.events += events
        if self._clock.monotonic_ms() - running.started_ms > _LONG_INVOCATION_MS:
            self.environment.write_log(running.events[running.written :])
            if running.execution.wants_log_tail:
                running.written = len(running.events)
            else:
                running.events.clear()

    def _watch(self, at_ms: int) -> None:
        if self._watchdog is not None:
            if self._watchdog_at_ms <= at_ms:
                return
            self._watchdog.cancel()
        self._watchdog_at_ms = at_ms
        self._watchdog = self._clock.call_at(at_ms, self._expired)


class _Child(asyncio.SubprocessProtocol):
    """Tells the worker that its process is gone."""

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


def error_payload(error_type: str, message: str) -> bytes:
    """The JSON that Lambda returns for failures of the sandbox."""
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()


def log_tail(events: list[LogEvent]) -> bytes:
    """The last 4 KB of an invocation's log (LogType=Tail)."""
    return "".join(text if text.endswith("\n") else f"{text}\n" for _, text in events).encode()[-LOG_TAIL_BYTES_MAX:]


def peak_memory_kib(pid: int | None) -> int:
    """A live process's peak resident memory; 0 where the system doesn't tell."""
    return _memory_kib(pid, "VmHWM:")


def _resident_memory_kib(pid: int | None) -> int:
    return _memory_kib(pid, "VmRSS:")


def _memory_kib(pid: int | None, line: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = status.partition(line)[2].split(maxsplit=1)
    return int(found[0]) if found else 0


def _signal_name(number: int) -> str:
    try:
        return (signal.strsignal(number) or str(number)).lower()
    except ValueError:
        return str(number)


assert sys.platform != "win32", "execution environments need process groups"
