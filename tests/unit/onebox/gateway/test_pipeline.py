"""Goal: a request whose operation cannot be looked up is answered as the server's fault; the log says what to do. A
refusal, like any answer, tells nothing that is not on disk."""

from __future__ import annotations

import asyncio
import http.client
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from onebox.gateway.limits import SMALL_BODY_BYTES
from onebox.gateway.message import Request, Response
from onebox.gateway.pipeline import Pipeline
from onebox.ids import RandomIds
from onebox.services.registry import BoundOperation
from onebox.steady_clock import SystemClock
from onebox.storage.database import Storage
from onebox.storage.opening import open_connection
from onebox.testing import EngineThread
from tests.polling import PATIENCE_S
from tests.unit.onebox.storage.disks import HeldSync, log_sync


def _unreadable(*_: object) -> Any:
    raise FileNotFoundError("service-2.json.gz")


@pytest.mark.parametrize("body", [b"small", b"x" * (SMALL_BODY_BYTES + 1)], ids=["small", "large"])
def test_failed_look_up_is_a_fault_of_the_server(
    body: bytes,
    client: Callable[..., Any],
    account: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    s3 = client("s3")
    bucket = f"shop-{account}"
    s3.create_bucket(Bucket=bucket)
    with monkeypatch.context() as patched:
        patched.setattr("onebox.gateway.routing.find_codec", _unreadable)
        with caplog.at_level(logging.ERROR, "onebox.gateway"), pytest.raises(ClientError) as raised:
            s3.put_object(Bucket=bucket, Key="a", Body=body)
    assert raised.value.response["Error"]["Code"] == "InternalFailure"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "service-2.json.gz" in caplog.text
    assert "start onebox again" in caplog.text
    s3.put_object(Bucket=bucket, Key="a", Body=body)


def test_where_the_errors_form_cannot_be_looked_up_either_the_answer_is_text(
    onebox: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("find_codec", "find_error_encoder"):
        monkeypatch.setattr(f"onebox.gateway.routing.{name}", _unreadable)
    connection = http.client.HTTPConnection(urlsplit(onebox.endpoint_url).netloc, timeout=PATIENCE_S)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/", "Action=Publish&Version=2010-03-31", form)
    answer = connection.getresponse()
    assert answer.status == 500
    assert b"unknown error" in answer.read()
    connection.close()


_LIST_QUEUES = Request(
    "POST",
    "/",
    "",
    {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "AmazonSQS.ListQueues",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIADELETED000000000/20261128/us-east-1/sqs/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=00",
    },
    b"{}",
)


def test_a_refusal_waits_until_the_change_that_it_tells_of_is_on_disk(tmp_path: Path) -> None:
    """An access key is deleted, and the deletion is not on disk yet: a power cut would bring the key back."""
    sync, answers = HeldSync(), list[Response]()
    service = SimpleNamespace(name="sqs", operations={"ListQueues": BoundOperation(lambda *_: {}, True, False)})
    parts = SimpleNamespace(find=lambda _: service, find_credentials=lambda _: None)

    async def run() -> None:
        connection = open_connection(tmp_path / "t.db")
        connection.execute("CREATE TABLE keys (id INTEGER)")
        log = log_sync(tmp_path / "t.db", connection, sync, slow=True)
        storage = Storage(connection, lambda _: None, log)
        pipeline = Pipeline(cast("Any", parts), storage, SystemClock(), RandomIds(), cast("Any", parts))
        sync.hold()
        storage.run(lambda: storage.execute("DELETE FROM keys"))
        deleted = asyncio.ensure_future(storage.durable())
        for _ in range(20):
            await asyncio.sleep(0)
        sync.wait_until_begun()
        pipeline.handle(_LIST_QUEUES, cast("Any", SimpleNamespace(send=answers.append)))
        assert answers == [], "told before it was on disk"
        sync.end()
        await deleted
        while not answers:
            await asyncio.sleep(0)
        storage.close()

    asyncio.run(asyncio.wait_for(run(), PATIENCE_S))
    assert answers[0].status == 400
    assert b"UnrecognizedClientException" in answers[0].body
