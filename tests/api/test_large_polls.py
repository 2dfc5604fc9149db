"""Goal: a poll does not keep the room of its request's body: nobody waits for clients that wait for messages."""

from __future__ import annotations

import json
import socket
import sys
from contextlib import ExitStack
from select import select
from typing import Any
from urllib.parse import urlsplit

import pytest

from onebox.gateway.limits import MEDIUM_BODIES_BYTES_MAX, MEDIUM_BODY_BYTES
from onebox.storage.faults import DatabaseBusy
from onebox.testing import EngineThread
from tests.polling import PATIENCE_S
from tests.stalls.wire import JSON, http

POLLS = MEDIUM_BODIES_BYTES_MAX // MEDIUM_BODY_BYTES + 8


@pytest.fixture
def refusing_once(timed: EngineThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds the write lock whenever a request begins, and lets go of it then."""
    storage = timed._engine._storage
    run = storage.run

    def refuse(job: Any) -> Any:
        if sys._getframe(1).f_code.co_name == "_answer_now":
            raise DatabaseBusy
        return run(job)

    monkeypatch.setattr(storage, "run", refuse)


@pytest.mark.usefixtures("refusing_once")
def test_polls_that_waited_for_the_write_lock_leave_room_for_others(timed: EngineThread) -> None:
    polls_leave_room_for_others(timed)


def test_polls_with_large_bodies_leave_room_for_others(timed: EngineThread) -> None:
    polls_leave_room_for_others(timed)


def polls_leave_room_for_others(timed: EngineThread) -> None:
    sqs = timed.client("sqs")
    url = sqs.create_queue(QueueName="polled")["QueueUrl"]
    other = sqs.create_queue(QueueName="other")["QueueUrl"]
    poll = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}).encode().ljust(MEDIUM_BODY_BYTES)
    request = http("sqs", poll, X_Amz_Target="AmazonSQS.ReceiveMessage", Content_Type=JSON)
    place = urlsplit(timed.endpoint_url)
    with ExitStack() as stack:
        polls = [
            stack.enter_context(socket.create_connection((place.hostname or "", place.port or 0), timeout=PATIENCE_S))
            for _ in range(POLLS)
        ]
        for connection in polls:
            connection.sendall(request)
        for _ in range(3):
            sqs.send_message(QueueUrl=other, MessageBody="x" * 200_000)
        assert not select(polls, [], [], 0)[0], "no poll had to end first"
        assert len(sqs.receive_message(QueueUrl=other)["Messages"]) == 1
        for _ in polls:
            sqs.send_message(QueueUrl=url, MessageBody="y")
        assert all(connection.recv(4_096).startswith(b"HTTP/1.1 200 ") for connection in polls)
