"""Goal: ``onebox serve`` as a person meets it: one ready line, a health page, a clean end, refusals in sentences."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import boto3
import pytest

from onebox.config import Settings
from onebox.testing import EngineThread
from tests.polling import PATIENCE_S

COMMAND = [sys.executable, "-m", "onebox"]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that said it is ready, and its address."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("onebox is ready on http://"), line + (process.stderr.read() if process.stderr else "")
        yield process, line.split()[4]
    finally:
        process.kill()
        process.communicate()


def refused(*arguments: str) -> str:
    """What a process that will not start says; it must be one sentence and no traceback."""
    done = subprocess.run([*COMMAND, "serve", *arguments], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_asked_to_stop_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with serving("--data", str(tmp_path / "d")) as (process, _):
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, out, err) == (0, "", "")


def test_serve_health_page_tells_version_uptime_and_services(tmp_path: Path) -> None:
    with serving("--ephemeral") as (_, url):
        with urllib.request.urlopen(f"{url}/_onebox/health") as answer:
            health = json.load(answer)
        assert health["service"] == "onebox"
        assert health["uptime_s"] >= 0
        assert {"sns", "sqs", "lambda", "dynamodb", "logs", "cloudwatch", "iam", "sts", "cloudformation", "s3"} <= set(
            health["services"]
        )
        done = subprocess.run([*COMMAND, "health", "--url", url], capture_output=True, text=True)
        assert done.returncode == 0
        assert "memory only" in done.stdout


def test_serve_folder_held_by_another_is_refused(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path / "d")) as (process, _):
        said = refused("--port", "0", "--data", str(tmp_path / "d"))
        assert f"another onebox (process {process.pid})" in said
        assert "--data" in said


def test_serve_port_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused("--port", str(port), "--data", str(tmp_path / "d"))
        assert f"port {port}" in said
        assert "--port" in said


def test_serve_folder_not_writable_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = refused("--port", "0", "--data", str(tmp_path / "file" / "below"))
    assert "cannot write to the data folder" in said


def test_serve_newer_database_is_refused(tmp_path: Path) -> None:
    database = apsw.Connection(str(tmp_path / "onebox.db"))
    database.execute("PRAGMA user_version = 9999").fetchall()
    database.close()
    assert "version 9999" in refused("--port", "0", "--data", str(tmp_path))


def test_serve_foreign_file_in_place_of_the_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "onebox.db").write_bytes(b"this is no database" * 500)
    assert "onebox.db" in refused("--port", "0", "--data", str(tmp_path))


def test_serve_data_survives_sigkill(tmp_path: Path) -> None:
    credentials: dict[str, Any] = {
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "region_name": "us-east-1",
    }
    with serving("--data", str(tmp_path)) as (process, url):
        sqs = boto3.client("sqs", endpoint_url=url, **credentials)
        queue = sqs.create_queue(QueueName="kept")["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="still here")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with serving("--data", str(tmp_path)) as (_, url):
        sqs = boto3.client("sqs", endpoint_url=url, **credentials)
        queue = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
        assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "still here"


def test_access_key_that_is_an_account_id_names_the_account(onebox: EngineThread) -> None:
    named = onebox.client("sts", account="123456789012").get_caller_identity()
    other = onebox.client("sts", account="anything").get_caller_identity()
    assert (named["Account"], named["Arn"]) == ("123456789012", "arn:aws:iam::123456789012:user/onebox")
    assert other["Account"] == "000000000000"


def test_regions_have_resources_of_their_own(onebox: EngineThread, account: str) -> None:
    onebox.client("sqs", account=account, region="eu-west-1").create_queue(QueueName="here")
    assert "QueueUrls" not in onebox.client("sqs", account=account, region="us-east-1").list_queues()


def test_unsigned_request_is_refused(onebox: EngineThread) -> None:
    request = urllib.request.Request(f"{onebox.endpoint_url}/", b"Action=ListTopics&Version=2010-03-31")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in caught.value.read()


def test_settings_default_to_loopback() -> None:
    assert Settings().host == "127.0.0.1"
