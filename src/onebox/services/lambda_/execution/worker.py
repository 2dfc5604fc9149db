"""One execution environment: a process, its Runtime API and its output, from start to end.

Promises: every execution given to it is finished exactly once, whatever the process does; nothing of the process (nor
of those it started in its group) runs on after ``kill``. Knows nothing of other workers.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from onebox.clock import Clock
from onebox.services.lambda_.execution.child_process import ChildProcess, describe_exit
from onebox.services.lambda_.execution.code_folders import remove_tree
from onebox.services.lambda_.execution.environment import Environment
from onebox.services.lambda_.execution.execution import Execution
from onebox.services.lambda_.execution.invocation_log import InvocationLog
from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.execution.payloads import error_payload, error_type_of, init_error_payload
from onebox.services.lambda_.execution.platform_log import JsonLog, Report, TextLog
from onebox.services.lambda_.execution.processes import peak_memory_kib
from onebox.services.lambda_.execution.response_stream import ResponseStream
from onebox.services.lambda_.execution.runtime_api import RuntimeApiConnection
from onebox.services.lambda_.execution.runtime_server import RuntimeServer
from onebox.services.lambda_.execution.watchdog import Watchdog
from onebox.services.lambda_.limits import INIT_MS_MAX, RESPONSE_BYTES_MAX, STREAMED_BYTES_MAX

# From then on the output of a running invocation goes to Logs without waiting for its end.
_LONG_INVOCATION_MS = 1000
_KILLED = "Runtime exited with error: signal: killed"


@dataclass(slots=True)
class _Running:
    execution: Execution
    started_ms: float
    deadline_at_ms: int
    log: InvocationLog


class Worker:
    """A process that runs one invocation after the other. ``on_ready`` is called whenever it can take an execution,
    ``on_end`` once, with the error payload if its initialisation failed."""

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
        """True from the answer of an invocation until the process asks for the next, which it does at once."""
        self.idle_since_ms = 0
        self._clock = clock
        self._on_ready = on_ready
        self._on_end = on_end
        self._log: TextLog | JsonLog = JsonLog() if self.function.json_logs else TextLog()
        self._process = ChildProcess(self._collect_output, self._exited, environment.show_path)
        self._api = RuntimeServer(self, lambda: self.pid)
        self._waiting: RuntimeApiConnection | None = None
        """The connection on which the process waits for its next invocation."""
        self._running: _Running | None = None
        self._invocations = 0
        self._watchdog = Watchdog(clock, self._find_deadline, self._timed_out)
        self._spawned_ms = 0.0
        self._init_deadline_at_ms = 0
        self._init_ms: float | None = None
        self._ended = False
        self._peak_memory_kib = 0
        self._is_storage_full = False

    @property
    def busy(self) -> bool:
        return self._running is not None

    @property
    def request_id(self) -> str:
        """The running invocation's; '' if there is none."""
        return "" if self._running is None else self._running.execution.request_id

    @property
    def invocations(self) -> int:
        """How many executions it was given."""
        return self._invocations

    @property
    def peak_memory_kib(self) -> int:
        """The most memory that the process has used, as of its last answer."""
        return self._peak_memory_kib

    @property
    def pid(self) -> int | None:
        return self._process.pid

    async def start(self) -> None:
        """Start the process. Raises OSError if the machine refuses; ``on_ready`` follows when it is initialised."""
        self.environment.scratch_folder.mkdir(parents=True, exist_ok=True)
        environment = self.environment
        runtime_variables, descriptors = await self._api.start(inherits_socket=environment.inherits_socket)
        self._spawned_ms = self._clock.monotonic_ms()
        variables = {**environment.variables, **runtime_variables}
        try:
            await self._process.start(environment.command, variables, environment.code_folder, descriptors)
        finally:
            self._api.started()
        if self._ended:
            return
        self._process.limit_files(self.storage_bytes_max)
        now_ms = self._clock.now_ms()
        runtime = str(self.function.configuration["Runtime"])
        line = self._log.init_start(now_ms, runtime, self.environment.description)
        self.environment.write_log([(now_ms, line)])
        self._init_deadline_at_ms = self._clock.steady_ms() + INIT_MS_MAX + self.function.timeout_ms
        self._watchdog.watch(self._init_deadline_at_ms)

    # Invocations

    def run(self, execution: Execution) -> None:
        """Hand an execution to the process, which must be ready."""
        assert self._running is None
        assert self._waiting is not None
        connection, self._waiting = self._waiting, None
        self._invocations += 1
        deadline_at_ms = self._clock.steady_ms() + self.function.timeout_ms
        self._begin(execution, self._clock.monotonic_ms(), deadline_at_ms)
        self._watchdog.watch(deadline_at_ms)
        head = (
            f"Lambda-Runtime-Aws-Request-Id: {execution.request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {self._clock.wall_of(deadline_at_ms)}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {execution.invoked_arn}\r\n"
            f"Lambda-Runtime-Trace-Id: {execution.trace_id}\r\n"
        )
        if execution.client_context:
            head += f"Lambda-Runtime-Client-Context: {execution.client_context}\r\n"
        connection.send_invocation(head.encode("latin-1"), execution.payload)

    def next_requested(self, connection: RuntimeApiConnection) -> bool:
        """See :class:`onebox.services.lambda_.execution.runtime_api.RuntimeHost`."""
        if self._running is not None or self._waiting is not None or self._ended:
            return False
        if not self.initialised:
            self.initialised = True
            self._init_ms = self._clock.monotonic_ms() - self._spawned_ms
            self._collect_output()
        self._waiting = connection
        self.finishing = False
        self._on_ready(self)
        return True

    def connection_lost(self, connection: RuntimeApiConnection) -> None:
        """See :class:`onebox.services.lambda_.execution.runtime_api.RuntimeHost`."""
        if connection is self._waiting:
            self._waiting = None
            self.kill()  # It can no longer be given an invocation.

    def answered(self, request_id: str, payload: bytes, peak_memory_kib: int) -> bool:
        """See :class:`onebox.services.lambda_.execution.runtime_api.RuntimeHost`."""
        if not self._is_running(request_id):
            return False
        self._note_memory(peak_memory_kib)
        self._finish(payload, failed=False, status="success")
        return True

    def find_stream(self, request_id: str) -> ResponseStream | None:
        """See :class:`onebox.services.lambda_.execution.runtime_api.RuntimeHost`."""
        running = self._running
        return running.execution.stream if running is not None and self._is_running(request_id) else None

    def answer_too_large(self, request_id: str, payload_bytes: int) -> bool:
        """See :class:`onebox.services.lambda_.execution.runtime_api.RuntimeHost`."""
        if not self._is_running(request_id):
            return False
        error_type = "Function.ResponseSizeTooLarge"
        bytes_max = RESPONSE_BYTES_MAX if self.find_stream(request_id) is None else STREAMED_BYTES_MAX
        message = f"Response payload size exceeded maximum allowed payload size ({bytes_max} bytes)."
        self._finish(error_payload(error_type, message), failed=True, status="error", error_type=error_type)
        return True

    def failed(self, request_id: str, error: bytes, peak_memory_kib: int) -> bool:
        """See :class:`onebox.services.lambda_.execution.runtime_api.RuntimeHost`."""
        if not self._is_running(request_id):
            return False
        self._note_memory(peak_memory_kib)
        # AWS counts an exception of the handler as a success of the platform: REPORT carries no status for it.
        self._finish(self._show_path(error), failed=True, status="success")
        return True

    def init_failed(self, error: bytes) -> bool:
        """See :class:`onebox.services.lambda_.execution.runtime_api.RuntimeHost`."""
        if self.initialised or self._ended:
            return False
        self._end(init_error_payload(self._show_path(error)))
        return True

    def fail_for_init(self, execution: Execution, payload: bytes) -> None:
        """Finish an execution that waited for this process, whose initialisation failed with ``payload``."""
        error_type = error_type_of(payload)
        self._begin(execution, self._spawned_ms, self._clock.steady_ms())
        status = "timeout" if error_type == "Sandbox.Timedout" else "error"
        self._finish(payload, failed=True, status=status, error_type=error_type)

    # The end

    def retire(self) -> None:
        """End the process as soon as no execution runs in it."""
        self.retired = True
        if not self.busy:
            self.kill()

    def kill(self) -> None:
        """End the process now; a running execution fails. Idempotent."""
        if not self._ended:
            self._break_off("Runtime.ExitError", _KILLED, status="error", on_purpose=True)

    def kill_if_over_memory(self) -> None:
        """End the process, as Lambda's sandbox does, if it uses more than the function's MemorySize, together with the
        processes that descend from it."""
        if not self._ended and self._process.resident_memory_kib() > self.function.memory_mb * 1024:
            self._break_off("Runtime.ExitError", _KILLED, status="error")

    @property
    def storage_bytes_max(self) -> int:
        """What its files may take together, and each of them."""
        return int(self.function.configuration["EphemeralStorage"]["Size"]) * 1024 * 1024

    def hold_to_storage(self, used_bytes: int) -> None:
        """Let the process enlarge files only while its files take no more than they may."""
        is_full = used_bytes > self.storage_bytes_max
        if is_full != self._is_storage_full and not self._ended:
            self._is_storage_full = is_full
            self._process.hold_files(0 if is_full else self.storage_bytes_max)

    async def wait_exited(self) -> None:
        """Wait until the killed process is gone, and remove what it left."""
        await self._process.wait_exited()
        scratch = self.environment.scratch_folder
        await asyncio.get_running_loop().run_in_executor(None, remove_tree, scratch)
        self.environment.release()

    def _exited(self, return_code: int) -> None:
        self._break_off("Runtime.ExitError", describe_exit(return_code), status="error")

    def _find_deadline(self) -> int | None:
        if self._running is not None:
            return self._running.deadline_at_ms
        return None if self.initialised else self._init_deadline_at_ms

    def _timed_out(self) -> None:
        message = f"Task timed out after {self.function.timeout_ms / 1000:.2f} seconds"
        self._break_off("Sandbox.Timedout", message, status="timeout")

    def _break_off(self, error_type: str, reason: str, status: str, on_purpose: bool = False) -> None:
        running = self._running
        if running is None:
            failed_to_start = not self.initialised and not on_purpose
            self._end(error_payload(error_type, reason) if failed_to_start else None)
            return
        self._ended = True
        self._stop_process()
        message = f"RequestId: {running.execution.request_id} Error: {reason}"
        now_ms = self._clock.now_ms()
        running.log.add(self._process.output.read_all(now_ms))
        running.log.add([(now_ms, self._log.problem(now_ms, running.execution.request_id, message, error_type))])
        self._finish(error_payload(error_type, message), failed=True, status=status, error_type=error_type)
        self._end(None)

    def _end(self, init_error: bytes | None) -> None:
        """Stop everything and tell the pool; no execution runs any more."""
        self._ended = True
        self._stop_process()
        self._collect_output()
        self._watchdog.cancel()
        self._api.close()
        self._process.close()
        self._on_end(self, init_error)

    def _stop_process(self) -> None:
        self._peak_memory_kib = max(self._peak_memory_kib, peak_memory_kib(self.pid))
        self._process.kill()

    def _note_memory(self, told_kib: int) -> None:
        """What the process said with its answer; runtimes that are not onebox's own say nothing."""
        self._peak_memory_kib = told_kib or peak_memory_kib(self.pid)

    def _is_running(self, request_id: str) -> bool:
        return self._running is not None and self._running.execution.request_id == request_id

    def _show_path(self, error: bytes) -> bytes:
        return self.environment.show_path(error.decode("utf-8", "replace")).encode()

    # Log and report

    def _begin(self, execution: Execution, started_ms: float, deadline_at_ms: int) -> None:
        log = InvocationLog(self.environment.write_log, execution.wants_log_tail)
        now_ms = self._clock.now_ms()
        log.add([(now_ms, self._log.start(now_ms, execution.request_id, self.function.version))])
        self._running = _Running(execution, started_ms, deadline_at_ms, log)

    def _finish(self, payload: bytes, *, failed: bool, status: str, error_type: str | None = None) -> None:
        running = self._running
        assert running is not None
        now_ms = self._clock.now_ms()
        duration_ms = self._clock.monotonic_ms() - running.started_ms
        if status == "timeout":
            duration_ms = float(self.function.timeout_ms)
        output = self._process.output
        running.log.add(output.read_all(now_ms) + output.close_line(now_ms))
        request_id = running.execution.request_id
        if (end := self._log.end(request_id)) is not None:
            running.log.add([(now_ms, end)])
        running.log.add([(now_ms, self._log.report(now_ms, self._report(request_id, duration_ms, status, error_type)))])
        tail = running.log.finish()
        self._running = None
        self.finishing = not self._ended
        running.execution.done(Outcome(payload, failed, duration_ms, tail))

    def _report(self, request_id: str, duration_ms: float, status: str, error_type: str | None) -> Report:
        init_ms, self._init_ms = self._init_ms, None
        return Report(
            request_id=request_id,
            duration_ms=duration_ms,
            memory_mb=self.function.memory_mb,
            peak_memory_mb=(self._peak_memory_kib + 1023) // 1024,
            init_ms=init_ms,
            status=status,
            error_type=error_type,
        )

    def _collect_output(self) -> None:
        """Output of a running invocation is kept for its end; what comes between invocations is written at once."""
        if self.environment.log_is_behind():
            return
        events = self._process.output.read(self._clock.now_ms())
        running = self._running
        if not events:
            return
        if running is None:
            self.environment.write_log(events)
            return
        running.log.add(events)
        if self._clock.monotonic_ms() - running.started_ms > _LONG_INVOCATION_MS:
            running.log.flush()
