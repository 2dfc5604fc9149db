"""Goal: no child outlives its use: not onebox, however it ends, not its function, not its time-out, not idleness."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from tests.api.lambda_support import invoke, log_messages, make_function, make_role, until, zipped

PID = "import os\ndef handler(event, context):\n    return os.getpid()\n"
BUSY = """
import os, socket
def handler(event, context):
    with socket.create_connection(("127.0.0.1", event)) as meeting:
        meeting.sendall(str(os.getpid()).encode())
        meeting.recv(1)
"""


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and waits to be reaped does not."""
    if sys.platform != "linux":
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_onebox_ends_and_its_children_with_it(tmp_path: Path, number: signal.Signals):
    command = [sys.executable, "-m", "onebox", "serve", "--port", "0", "--data", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().split()[4]

    def client(service, **config):
        return boto3.client(
            service,
            config=Config(**config),
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    role = make_role(client)
    make_function(client, PID, Role=role)
    make_function(client, BUSY, Role=role, FunctionName="busy", Timeout=60)
    idle_pid, _ = invoke(client)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        event = {"FunctionName": "busy", "InvocationType": "Event", "Payload": port}
        client("lambda").invoke(**event)
        guest, _ = server.accept()
        with guest:
            busy_pid = int(guest.recv(20))
            assert alive(idle_pid)
            assert alive(busy_pid)
            process.send_signal(number)
            process.wait(20)
            until(lambda: not alive(idle_pid) and not alive(busy_pid), seconds=5)
    process.stdout.close()


def test_changed_function_ends_its_idle_child(client):
    make_function(client, PID)
    pid, _ = invoke(client)
    client("lambda").update_function_code(FunctionName="function", ZipFile=zipped(PID + "\n"))
    until(lambda: not alive(pid))
    pid, _ = invoke(client)
    client("lambda").delete_function(FunctionName="function")
    until(lambda: not alive(pid))


def test_changed_function_lets_the_running_invocation_end_first(client):
    make_function(client, BUSY, Timeout=30)
    answers = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        run = threading.Thread(target=lambda: answers.append(invoke(client, port)))
        run.start()
        guest, _ = server.accept()
        with guest:
            pid = int(guest.recv(20))
            client("lambda").update_function_code(FunctionName="function", ZipFile=zipped(PID))
            other, _ = invoke(client)
            assert other != pid
            assert alive(pid)
            guest.sendall(b"!")
        run.join()
    [(payload, answer)] = answers
    assert (payload, answer.get("FunctionError")) == (None, None)
    until(lambda: not alive(pid))


def test_idle_child_ends_after_ten_minutes(timed):
    make_function(timed.client, PID)
    pid, _ = invoke(timed.client)
    timed.clock.advance(599)
    assert invoke(timed.client)[0] == pid
    timed.clock.advance(599)
    assert alive(pid)
    timed.clock.advance(2)
    until(lambda: not alive(pid))
    assert invoke(timed.client)[0] != pid


def test_programs_that_a_function_started_end_with_its_time_out(client):
    code = """
import subprocess
def handler(event, context):
    program = subprocess.Popen(["sleep", "300"])
    print(program.pid, flush=True)
    program.wait()
"""
    make_function(client, code, Timeout=1)
    payload, _ = invoke(client)
    assert payload["errorType"] == "Sandbox.Timedout"
    [pid] = until(lambda: [int(m) for m in log_messages(client) if m.strip().isdigit()])
    until(lambda: not alive(pid))


def test_function_that_outgrows_its_memory_is_killed(client):
    code = """
import time
def handler(event, context):
    hoard = [bytearray(1024 * 1024) for _ in range(event)]
    time.sleep(30)
"""
    make_function(client, code, MemorySize=128, Timeout=20)
    payload, answer = invoke(client, 200)
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Runtime.ExitError"
    assert payload["errorMessage"].endswith("Runtime exited with error: signal: killed")
