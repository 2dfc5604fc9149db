"""Goal: an endpoint that is away ends no watching command; the commands say so, with since when, and go on."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from onebox.testing import EngineThread
from orders.aws.names import SEED_NAMES, TABLE, TOPIC
from orders.cli.main import main
from tests.conftest import environment_of
from tests.polling import PATIENCE_S, until


class Door:
    """A port in front of a server, which a test closes and opens again."""

    def __init__(self, target: str) -> None:
        host, _, port = target.removeprefix("http://").partition(":")
        self._target = (host, int(port))
        self._listener: socket.socket | None = None
        self._ends: list[socket.socket] = []
        self.port = 0
        self.open()

    def open(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        """Nobody listens any more, and what was connected is cut."""
        assert self._listener is not None
        for end in [self._listener, *self._ends]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def door(onebox: EngineThread) -> Iterator[Door]:
    door = Door(onebox.endpoint_url)
    yield door
    door.close()


@pytest.fixture
def environment(door: Door, account: str) -> dict[str, str]:
    return {**environment_of(f"http://127.0.0.1:{door.port}", account), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def put_line(client: Callable[..., Any]) -> Callable[[str], None]:
    """Adds a line of an order to OrderProcessor's log, which it makes first, with the table."""
    logs, dynamodb = client("logs"), client("dynamodb")
    logs.create_log_group(logGroupName=SEED_NAMES.log_group)
    logs.create_log_stream(logGroupName=SEED_NAMES.log_group, logStreamName="s")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
    )

    def put(order_id: str) -> None:
        now_ms = int(subprocess.check_output(["date", "+%s%3N"]))
        line = {"level": "INFO", "outcome": "stored", "orderId": order_id, "messageId": "m"}
        event = {"timestamp": now_ms, "message": json.dumps(line)}
        logs.put_log_events(logGroupName=SEED_NAMES.log_group, logStreamName="s", logEvents=[event])

    return put


@contextmanager
def running(arguments: list[str], environment: dict[str, str], folder: Path) -> Iterator[tuple[Any, Path, Path]]:
    """An `orders` command in a process; its output and its errors are in the two files."""
    output, errors = folder / "output", folder / "errors"
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "orders", *arguments], env=environment, stdout=out, stderr=err
        )
    try:
        yield process, output, errors
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("arguments", [["watch", "--since", "1h"], ["logs", "--follow"]], ids=["watch", "logs"])
def test_a_command_that_follows_says_that_nobody_answers_and_goes_on(
    arguments: list[str], door: Door, environment: dict[str, str], put_line: Callable[[str], None], tmp_path: Path
) -> None:
    put_line("before")
    with running(arguments, environment, tmp_path) as (process, output, errors):
        until(lambda: b"before" in output.read_bytes(), "the first order")
        door.close()
        until(lambda: b"has not answered since 2" in errors.read_bytes(), "the outage to be told")
        put_line("meanwhile")
        door.open()
        until(lambda: b"meanwhile" in output.read_bytes(), "the order of the outage")
        until(lambda: b"answers again, after" in errors.read_bytes(), "the end of the outage to be told")
        assert errors.read_bytes().count(b"has not answered since") == 1
        assert output.read_bytes().count(b"before") == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0


@contextmanager
def killable(data: Path, port: int = 0) -> Iterator[tuple[Any, int]]:
    """A onebox in a process on a data folder, and its port."""
    command = [sys.executable, "-m", "onebox", "serve", "--port", str(port), "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline().split()[4].rpartition(":")[2])
        finally:
            process.kill()


def _queue_of_orders(url: str) -> Any:
    """A function that asks how many messages OrderQueue holds; OrderTopic is made with it."""
    session: Any = boto3.Session("test", "test", region_name="us-east-1")
    sqs, sns = (session.client(service, endpoint_url=url) for service in ("sqs", "sns"))
    policy = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}}
    queue = sqs.create_queue(QueueName="OrderQueue", Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
    topic = sns.create_topic(Name=TOPIC)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=topic.replace(":sns:", ":sqs:").replace(TOPIC, "OrderQueue"))
    name = "ApproximateNumberOfMessages"
    return lambda: int(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name])


def test_publish_outlasts_a_onebox_that_is_killed_at_the_first_order_and_started_again(tmp_path: Path) -> None:
    lines = [json.dumps({"orderId": f"o{number}", "total": 1}) for number in range(60)]
    (tmp_path / "orders.jsonl").write_text("\n".join(lines))
    arguments = ["publish", str(tmp_path / "orders.jsonl"), "--rate", "20"]
    with ExitStack() as stack:
        box, port = stack.enter_context(killable(tmp_path / "data"))
        url = f"http://127.0.0.1:{port}"
        count = _queue_of_orders(url)
        environment = {**environment_of(url), "XDG_STATE_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
        process, output, errors = stack.enter_context(running(arguments, environment, tmp_path))
        until(lambda: count() or process.poll() is not None, "the first order")
        box.kill()
        box.wait()
        until(lambda: errors.read_bytes() or process.poll() is not None, "the outage to be told")
        stack.enter_context(killable(tmp_path / "data", port))
        assert process.wait(PATIENCE_S) == 0, errors.read_text()
        assert output.read_text().startswith("60 orders published")
        assert "has not answered since" in errors.read_text()
        assert "answers again, after" in errors.read_text()
        assert count() >= 60  # what was accepted when the kill cut off the answer is sent twice


def test_top_keeps_its_screen_and_says_since_when_nobody_answers(onebox: EngineThread, account: str) -> None:
    door = Door(onebox.endpoint_url)
    environment = environment_of(f"http://127.0.0.1:{door.port}", account)
    result = CliRunner().invoke(main, ["deploy", "--yes"], env=environment)
    assert result.exit_code == 0, result.output
    process, terminal = pty.fork()
    if process == 0:
        os.execve(
            sys.executable, [sys.executable, "-m", "orders", "top", "--every", "0.2"], {**environment, "TERM": "xterm"}
        )
    seen = b""

    def shows(text: bytes) -> bool:
        nonlocal seen
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 65_536)
        return text in seen

    try:
        until(lambda: shows(b"OrderTopic"), "the screen")
        door.close()
        until(lambda: shows(b"has not answered since 2"), "the outage on the screen")
        seen = b""
        door.open()
        until(lambda: shows(b"press q") and b"has not answered" not in seen[-2_000:], "the screen without the outage")
        os.write(terminal, b"q")
        until(lambda: shows(b"\x1b[?1049l"), "the end of the screen")
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.close(terminal)
        door.close()


@pytest.mark.parametrize("arguments", [["watch"], ["logs"], ["logs", "--follow"], ["top", "--once"], ["top", "--json"]])
def test_without_a_stack_a_watching_command_ends_with_the_next_command(
    arguments: list[str], aws_environment: dict[str, str]
) -> None:
    result = CliRunner().invoke(main, arguments, env=aws_environment)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "orders deploy" in result.stderr


class _Stranger(BaseHTTPRequestHandler):
    server_version, sys_version = "Elsewhere/1.0", ""

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def stranger() -> Iterator[str]:
    """The address of a server that is no onebox."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Stranger)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_another_server_on_the_usual_port_is_named_and_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nothing",
        "AWS_SHARED_CREDENTIALS_FILE": "/nothing",
    }
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with stranger() as url:
        monkeypatch.setattr("orders.aws.settings.ONEBOX_URL", url)
        status = CliRunner().invoke(main, ["status"], env=nothing)
        up = CliRunner().invoke(main, ["up", "--port", url.rpartition(":")[2]], env=nothing)
    for result in (status, up):
        assert result.exit_code == 1, result.output
        assert f"another server (Elsewhere/1.0) answers at {url}, not a onebox" in result.stderr
        assert "--port" in result.stderr


def test_https_of_a_onebox_is_answered_with_its_address(onebox: EngineThread) -> None:
    url = onebox.endpoint_url.replace("http://", "https://")
    result = CliRunner().invoke(main, ["status"], env={"AWS_ENDPOINT_URL": url})
    assert (result.exit_code, onebox.endpoint_url in result.stderr) == (1, True)
    assert "speaks HTTP, not HTTPS" in result.stderr


def test_redrive_of_nothing_says_that_there_is_nothing(
    client: Callable[..., Any], aws_environment: dict[str, str]
) -> None:
    for name in ("OrderQueue", "OrderDLQ"):
        client("sqs").create_queue(QueueName=name)
    result = CliRunner().invoke(main, ["dlq", "redrive"], env=aws_environment)
    assert (result.exit_code, result.stdout) == (0, "OrderDLQ holds no failed orders: nothing was sent back\n")
