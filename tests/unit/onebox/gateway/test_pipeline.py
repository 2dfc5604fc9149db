"""Goal: a request whose operation cannot be looked up is answered as the server's fault; the log says what to do."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from onebox.gateway.limits import SMALL_BODY_BYTES
from onebox.testing import EngineThread
from tests.polling import PATIENCE_S


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
