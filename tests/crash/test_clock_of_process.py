"""Goal: setting the machine's clock, around SIGKILL too, hides no message of the real process and deletes none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.crash.process_with_clock import OFFSET

HOUR_S, DAY_S = 3_600, 86_400


def set_wall(path: Path, ahead_s: int) -> None:
    """Set the wall clock to this many seconds ahead of the machine's."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(OFFSET.pack(ahead_s * 1_000_000_000))


@contextmanager
def onebox(folder: Path, offset: Path, log: Path) -> Iterator[Any]:
    """An SQS client of a process that is killed in the end."""
    command = [sys.executable, "-m", "tests.crash.process_with_clock", str(folder), str(offset)]
    with (
        log.open("a") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[4]
            yield boto3.client(
                "sqs",
                config=Config(retries={"total_max_attempts": 1}),
                endpoint_url=url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        finally:
            process.kill()


@pytest.mark.parametrize("ahead_s", [-HOUR_S, DAY_S], ids=["back an hour", "forward a day"])
def test_messages_come_back_and_are_kept(tmp_path: Path, ahead_s: int) -> None:
    offset, log, data = tmp_path / "offset", tmp_path / "log", tmp_path / "data"
    set_wall(offset, 0)

    def receive_again(sqs: Any, url: str) -> None:
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, VisibilityTimeout=1).get("Messages")
        assert messages, "the message is hidden or deleted"

    with onebox(data, offset, log) as sqs:
        url = sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "3600"})["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="m")
        receive_again(sqs, url)
        set_wall(offset, ahead_s)  # while it runs
        receive_again(sqs, url)
    set_wall(offset, 0)  # between two starts
    with onebox(data, offset, log) as sqs:
        receive_again(sqs, sqs.get_queue_url(QueueName="q")["QueueUrl"])
    set_wall(offset, ahead_s)
    with onebox(data, offset, log) as sqs:
        receive_again(sqs, sqs.get_queue_url(QueueName="q")["QueueUrl"])
    assert log.read_text().count("jump of the wall clock") == 3
