"""Goal: no child outlives its use: not onebox, however it ends, not its function, not its timeout, not idleness."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import RUNTIME, alive, invoke, log_messages, make_function, make_role, zipped
from tests.polling import PATIENCE_S, until

PID = "import os\ndef handler(event, context):\n    return os.getpid()\n"
BUSY = """
import os, socket
def handler(event, context):
    with socket.create_connection(("127.0.0.1", event)) as meeting:
        meeting.sendall(str(os.getpid()).encode())
        meeting.recv(1)
"""


@contextmanager
def meeting_place() -> Iterator[socket.socket]:
    """Where a function's process meets the test: it is inside its handler when it comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_S)
        yield server


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_onebox_ends_and_its_children_with_it(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "onebox", "serve", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            end_with_children(process, number)
        finally:
            process.kill()


def client_of(process: subprocess.Popen[str]) -> Callable[..., Any]:
    """Makes boto3 clients of an onebox that was just started."""
    assert process.stdout is not None
    url = process.stdout.readline().split()[4]

    def client(service: Any, **config: Any) -> Any:
        return boto3.client(
            service,
            config=Config(**config),
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return client


def end_with_children(process: subprocess.Popen[str], number: signal.Signals) -> None:
    client = client_of(process)
    role = make_role(client)
    make_function(client, PID, Role=role)
    make_function(client, BUSY, Role=role, FunctionName="busy", Timeout=900)
    idle_pid, _ = invoke(client)
    with meeting_place() as server:
        port = str(server.getsockname()[1])
        event = {"FunctionName": "busy", "InvocationType": "Event", "Payload": port}
        client("lambda").invoke(**event)
        guest, _ = server.accept()
        with guest:
            busy_pid = int(guest.recv(20))
            assert alive(idle_pid)
            assert alive(busy_pid)
            process.send_signal(number)
            process.wait(PATIENCE_S)
            until(lambda: not alive(idle_pid) and not alive(busy_pid), "the children's end")


def test_onebox_stopped_while_it_asks_an_interpreter_for_its_version_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "pid"
    other = next(f"python3.{minor}" for minor in (13, 14) if f"python3.{minor}" != RUNTIME)
    program = tmp_path / other
    program.write_text(f"#!/bin/sh\necho $$ > {told}.new\nmv {told}.new {told}\nexec sleep 300\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with EngineThread() as engine:
        make_function(engine.client, PID, Runtime=other)
        engine.client("lambda").invoke(FunctionName="function", InvocationType="Event", Payload=b"{}")
        until(told.exists, "the interpreter's start")
    assert not alive(int(told.read_text()))


def test_changed_function_ends_its_idle_child(client: Callable[..., Any]) -> None:
    make_function(client, PID)
    pid, _ = invoke(client)
    client("lambda").update_function_code(FunctionName="function", ZipFile=zipped(PID + "\n"))
    until(lambda: not alive(pid), "the child's end")
    pid, _ = invoke(client)
    client("lambda").delete_function(FunctionName="function")
    until(lambda: not alive(pid), "the child's end")


def test_changed_function_lets_the_running_invocation_end_first(client: Callable[..., Any]) -> None:
    make_function(client, BUSY, Timeout=900)
    with meeting_place() as server, ThreadPoolExecutor(1) as threads:
        port = server.getsockname()[1]
        run = threads.submit(invoke, client, port)
        guest, _ = server.accept()
        with guest:
            pid = int(guest.recv(20))
            client("lambda").update_function_code(FunctionName="function", ZipFile=zipped(PID))
            other, _ = invoke(client)
            assert other != pid
            assert alive(pid)
            guest.sendall(b"!")
        payload, answer = run.result(PATIENCE_S)
    assert (payload, answer.get("FunctionError")) == (None, None)
    until(lambda: not alive(pid), "the child's end")


def test_idle_child_ends_after_ten_minutes(timed: EngineThread) -> None:
    make_function(timed.client, PID)
    pid, _ = invoke(timed.client)
    timed.clock.advance(599)
    assert invoke(timed.client)[0] == pid
    timed.clock.advance(599)
    assert alive(pid)
    timed.clock.advance(2)
    until(lambda: not alive(pid), "the child's end")
    assert invoke(timed.client)[0] != pid


def test_programs_that_a_function_started_end_with_its_time_out(timed: EngineThread) -> None:
    code = """
import socket, subprocess
def handler(event, context):
    program = subprocess.Popen(["sleep", "300"])
    with socket.create_connection(("127.0.0.1", event)) as meeting:
        meeting.sendall(str(program.pid).encode())
        program.wait()
"""
    make_function(timed.client, code, Timeout=1)
    with meeting_place() as server, ThreadPoolExecutor(1) as threads:
        run = threads.submit(invoke, timed.client, server.getsockname()[1])
        guest, _ = server.accept()
        with guest:
            pid = int(guest.recv(20))
            assert alive(pid)
            timed.clock.advance(1)
            payload, _ = run.result(PATIENCE_S)
    assert payload["errorType"] == "Sandbox.Timedout"
    until(lambda: not alive(pid), "the program's end")


def test_function_that_outgrows_its_memory_is_killed(client: Callable[..., Any]) -> None:
    code = """
import time
def handler(event, context):
    hoard = [bytearray(1024 * 1024) for _ in range(event)]
    time.sleep(30)
"""
    make_function(client, code, MemorySize=128)
    payload, answer = invoke(client, 200)
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Runtime.ExitError"
    assert payload["errorMessage"].endswith("Runtime exited with error: signal: killed")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_functions_and_what_they_start_interrupt_no_process_that_is_at_work(client: Callable[..., Any]) -> None:
    code = """
import os, subprocess, sys
TELL = "import os; print(os.sched_getscheduler(0))"
def handler(event, context):
    program = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True)
    return [os.sched_getscheduler(0), int(program.stdout)]
"""
    make_function(client, code)
    assert invoke(client)[0] == [os.SCHED_BATCH, os.SCHED_BATCH]


@pytest.mark.parametrize("switch", ["--fast-sdk", "--no-fast-sdk"])
def test_fast_sdk_is_a_setting(tmp_path: Path, switch: str) -> None:
    code = """
import botocore.auth
def handler(event, context):
    return hasattr(botocore.auth._host_from_url, "cache_info")
"""
    command = [sys.executable, "-m", "onebox", "serve", "--port", "0", "--data", str(tmp_path), switch]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            client = client_of(process)
            make_function(client, code)
            assert invoke(client)[0] is (switch == "--fast-sdk")
        finally:
            process.kill()


PLAIN_KEY = """
import subprocess, sys, threading, time
import boto3
def create_role():
    iam = boto3.client("iam", aws_access_key_id="test", aws_secret_access_key="test", aws_session_token=None)
    try:
        iam.create_role(RoleName="owned", AssumeRolePolicyDocument="{}")
    except Exception as error:
        return type(error).__name__ + str(error)
    return "created"
def handler(event, context):
    if event == "program":
        code = "import sys; sys.path[:0] = %r; import app; print(app.create_role())" % (sys.path,)
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    if event == "daemon":
        code = "import os, sys; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); "
        code += "sys.path[:0] = %r; import app; print(app.create_role())" % (sys.path,)
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    return create_role()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")
@pytest.mark.parametrize("event", ["handler", "program", "daemon"])
def test_plain_key_inside_a_function_is_refused(client: Callable[..., Any], event: Any) -> None:
    make_function(client, PLAIN_KEY)
    answer, _ = invoke(client, event)
    assert "InvalidClientTokenId" in answer
    with pytest.raises(ClientError, match="NoSuchEntity"):
        client("iam").get_role(RoleName="owned")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")
def test_plain_key_sent_by_a_function_that_hangs_up_at_once_is_refused(client: Callable[..., Any]) -> None:
    code = """
import os, socket
def handler(event, context):
    host, port = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://").split(":")
    body = "Action=CreateUser&UserName=owned&Version=2010-05-08"
    head = "POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: application/x-www-form-urlencoded\\r\\n"
    head += "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, "
    head += "SignedHeaders=host, Signature=x\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
    for _ in range(50):
        with socket.create_connection((host, int(port))) as stranger:
            stranger.sendall((head + body).encode())
"""
    make_function(client, code)
    _, answer = invoke(client)
    assert "FunctionError" not in answer
    with pytest.raises(ClientError, match="NoSuchEntity"):
        client("iam").get_user(UserName="owned")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the memory of processes for us")
def test_function_whose_programs_outgrow_its_memory_is_killed(client: Callable[..., Any]) -> None:
    code = """
import subprocess, sys
def handler(event, context):
    hoard = "import time; hoard = bytearray(b'x' * (200 * 1024 * 1024)); time.sleep(300)"
    subprocess.Popen([sys.executable, "-c", hoard], start_new_session=True).wait()
"""
    make_function(client, code, MemorySize=128)
    payload, _ = invoke(client)
    assert payload["errorMessage"].endswith("Runtime exited with error: signal: killed")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets us limit the files of a process")
def test_file_larger_than_ephemeral_storage_is_refused(client: Callable[..., Any]) -> None:
    code = """
import os, tempfile
def handler(event, context):
    with tempfile.NamedTemporaryFile() as file:
        file.seek(event * 1024 * 1024)
        file.write(b"x")
        file.flush()
"""
    make_function(client, code, EphemeralStorage={"Size": 512})
    assert "FunctionError" not in invoke(client, 511)[1]
    assert invoke(client, 513)[0]["errorMessage"] == "[Errno 27] File too large"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets us limit the files of a process")
def test_the_files_of_a_function_together_are_held_to_ephemeral_storage(client: Callable[..., Any]) -> None:
    code = """
import os, tempfile, time
def attempt(path):
    try:
        with open(path, "wb") as file:
            file.write(b"x")
        return None
    except OSError as error:
        return error.errno
def handler(event, context):
    folder = tempfile.mkdtemp()
    for number in range(6):
        with open(f"{folder}/{number}", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 100 * 1024 * 1024)
    while (refused := attempt(f"{folder}/more")) is None:
        time.sleep(0.02)
    for number in range(3):
        os.remove(f"{folder}/{number}")
    while attempt(f"{folder}/more") is not None:
        time.sleep(0.02)
    return refused
"""
    make_function(client, code, EphemeralStorage={"Size": 512}, Timeout=120)
    assert invoke(client)[0] == errno.EFBIG


def test_function_that_prints_without_end_keeps_nobody_waiting(client: Callable[..., Any]) -> None:
    """Each line is in the log in the end, and requests are answered meanwhile: what is read at a time is bounded."""
    lines = 9_000  # with the others, one page of the log
    code = "def handler(event, context):\n    for number in range(event):\n        print(number)\n"
    make_function(client, code)
    queues = client("sqs")
    with ThreadPoolExecutor(1) as threads:
        run = threads.submit(invoke, client, lines)
        answered = 0
        while not run.done():
            queues.list_queues()
            answered += 1
    assert run.result()[1].get("FunctionError") is None
    assert answered > 5
    printed = until(
        lambda: found if (found := log_messages(client)) and found[-1].startswith("REPORT") else None, "the whole log"
    )
    assert [line.strip() for line in printed if line[0].isdigit()] == [str(number) for number in range(lines)]
