"""Goal: no head of a request, whatever bytes it holds, gets a 500 or runs an operation that it does not name."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from onebox.testing import EngineThread
from tests.polling import PATIENCE_S
from tests.stalls.box import authorization


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as running:
        running.client("s3").create_bucket(Bucket="abc")
        yield running


def _status(engine: EngineThread, method: bytes, path: bytes, *headers: bytes, service: str = "s3") -> int:
    lines = [
        b"%b %b HTTP/1.1" % (method, path),
        b"Host: localhost",
        b"Authorization: " + authorization(service).encode(),
        b"Content-Length: 1",
        *headers,
    ]
    with socket.create_connection(
        ("127.0.0.1", int(engine.endpoint_url.rpartition(":")[2])), timeout=PATIENCE_S
    ) as client:
        client.sendall(b"\r\n".join((*lines, b"", b"x")))
        return int(client.recv(1_000).split()[1])


@pytest.mark.parametrize(
    "header",
    [
        b"Content-MD5: \xff",
        b"Content-MD5: AAAA",
        b"x-amz-checksum-crc32: \xff",
        b"x-amz-meta-\xff: 1",
        b"x-amz-content-sha256: STREAMING-\xff",
        b"x-amz-tagging: %ff%",
        b"Content-Encoding: aws-chunked",
        b"Origin: http://[",
        b"Origin: \xff",
        b"Content-Length: 2",
    ],
    ids=repr,
)
def test_a_garbled_header_is_the_clients_error(engine: EngineThread, header: bytes) -> None:
    assert 400 <= _status(engine, b"PUT", b"/abc/key", header) < 500


@pytest.mark.parametrize("header", [b"If-Modified-Since: \xff", b"Range: bytes=\xff", b"x-unknown: \xff"], ids=repr)
def test_a_garbled_header_that_may_be_ignored_is_ignored(engine: EngineThread, header: bytes) -> None:
    assert _status(engine, b"PUT", b"/abc/key", header) == 200


@pytest.mark.parametrize("path", [b"/abc/%ff%00", b"/%00", b"/abc?partNumber=%ff&uploadId=x", b"//", b"/abc/%zz"])
def test_a_garbled_path_is_the_clients_error(engine: EngineThread, path: bytes) -> None:
    assert _status(engine, b"PUT", path) < 500


@pytest.mark.parametrize("method", [b"TRACE", b"PROPFIND", b"OPTIONS", b"PUT"])
@pytest.mark.parametrize("target", [b"AmazonSQS.CreateQueue", b"DynamoDB_20120810.CreateTable"])
def test_another_method_runs_no_operation(engine: EngineThread, method: bytes, target: bytes) -> None:
    service = "sqs" if target.startswith(b"AmazonSQS") else "dynamodb"
    answer = _status(engine, method, b"/", b"X-Amz-Target: " + target, service=service)
    put = 400 if service == "sqs" else 404
    assert answer == {b"OPTIONS": 204, b"PUT": put}.get(method, 405)
    assert not engine.client("sqs").list_queues().get("QueueUrls")


def test_head_of_an_own_page_has_no_body(engine: EngineThread) -> None:
    with socket.create_connection(
        ("127.0.0.1", int(engine.endpoint_url.rpartition(":")[2])), timeout=PATIENCE_S
    ) as client:
        client.sendall(b"HEAD /_onebox/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := client.recv(10_000):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n")
