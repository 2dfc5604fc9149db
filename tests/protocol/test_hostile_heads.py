"""Goal: no head of a request, whatever bytes it holds, gets a 500 or runs an operation that it does not name."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from onebox.testing import EngineThread
from tests.polling import PATIENCE_S
from tests.stalls.wire import authorization


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


def _answer(engine: EngineThread, request: bytes) -> bytes:
    """The answer to a request that asks for the end of the connection."""
    address = ("127.0.0.1", int(engine.endpoint_url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=PATIENCE_S) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def _chunked(engine: EngineThread, method: str, target: str, headers: list[str], trailers: list[str]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "Transfer-Encoding: chunked"]
    request = [*lines, "Connection: close", "", "1", "x", "0", *trailers, "", ""]
    return _answer(engine, "\r\n".join(request).encode())


def test_a_trailer_names_neither_the_caller_nor_the_operation(engine: EngineThread) -> None:
    trailers = [f"Authorization: {authorization('sqs')}", "X-Amz-Target: AmazonSQS.ListQueues"]
    headed = _chunked(engine, "POST", "/", ["Content-Type: application/x-amz-json-1.0", *trailers], [])
    trailed = _chunked(engine, "POST", "/", ["Content-Type: application/x-amz-json-1.0"], trailers)
    assert b"SerializationException" in headed
    assert trailed.startswith(b"HTTP/1.1 405 ")  # a POST to S3's root


@pytest.mark.parametrize("upgrade", [[], ["Connection: Upgrade", "Upgrade: h2c"]], ids=["plain", "upgrade"])
def test_a_trailer_is_no_header_of_an_object(engine: EngineThread, upgrade: list[str]) -> None:
    s3 = engine.client("s3")
    trailers = ["x-amz-meta-a: trailer", "Content-Type: text/html", "x-amz-tagging: a=b", "x-amz-checksum-crc32: AAAA"]
    headers = [f"Authorization: {authorization('s3')}", "x-amz-meta-b: header", *upgrade]
    answer = _chunked(engine, "PUT", "/abc/trailed", headers, trailers)
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    stored = s3.get_object(Bucket="abc", Key="trailed")
    assert (stored["Body"].read(), stored["Metadata"]) == (b"x", {"b": "header"})
    assert stored["ContentType"] != "text/html"
    assert s3.get_object_tagging(Bucket="abc", Key="trailed")["TagSet"] == []


def test_trailers_of_a_request_are_not_headers_of_the_next(engine: EngineThread) -> None:
    s3 = engine.client("s3")
    head = f"PUT /abc/{{}} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization('s3')}\r\n"
    first = head.format("first") + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx-amz-meta-a: trailer\r\n\r\n"
    second = head.format("second") + "Connection: close\r\nContent-Length: 1\r\n\r\ny"
    assert _answer(engine, (first + second).encode()).count(b"HTTP/1.1 200 ") == 2
    assert [s3.head_object(Bucket="abc", Key=key)["Metadata"] for key in ("first", "second")] == [{}, {}]


@pytest.mark.parametrize("trailer", ["x-amz-meta-a: trailer", "x-amz-tagging: a=b", "x-amz-acl: public-read"])
def test_a_trailer_inside_of_an_aws_chunked_body_is_no_header_of_an_object(engine: EngineThread, trailer: str) -> None:
    answer = _aws_chunked(engine, "/abc/inside", trailer)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"<Code>MalformedTrailerError</Code>" in answer


@pytest.mark.parametrize("target", ["/abc/inside", "/abc/inside?partNumber=1&uploadId=u"])
def test_a_trailing_checksum_that_is_not_offered_is_refused_as_in_a_header(engine: EngineThread, target: str) -> None:
    answer = _aws_chunked(engine, target, "x-amz-checksum-sha512: AAAA", "x-amz-trailer: x-amz-checksum-sha512")
    assert answer.startswith(b"HTTP/1.1 501 ")
    assert b"<Header>ChecksumSHA512</Header>" in answer


def _aws_chunked(engine: EngineThread, target: str, trailer: str, *headers: str) -> bytes:
    head = [
        f"PUT {target} HTTP/1.1",
        "Host: localhost",
        f"Authorization: {authorization('s3')}",
        "Connection: close",
        "Content-Encoding: aws-chunked",
        "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length: 1",
        *headers,
    ]
    body = f"1\r\nx\r\n0\r\n{trailer}\r\n\r\n"
    return _answer(engine, "\r\n".join((*head, f"Content-Length: {len(body)}", "", body)).encode())


HEALTH = b"GET /_onebox/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET / HTTP/1.0", 200),
        (b"GET / HTTP/1.1", 200),
        (b"GET / HTTP/0.9", 505),
        (b"GET / HTTP/1.2", 505),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/3.0", 505),
        (b"PRI * HTTP/2.0", 505),
        (b"GET / HTTP/x", 400),
    ],
    ids=repr,
)
@pytest.mark.parametrize("before", [b"", HEALTH], ids=["first", "later"])
def test_another_version_of_http_is_refused(engine: EngineThread, before: bytes, line: bytes, status: int) -> None:
    line = line.replace(b"GET /", b"GET /_onebox/health", 1)
    answer = _answer(engine, before + line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    answers = answer.split(b"HTTP/1.1 ")[1:]
    assert answers[1 if before else 0].startswith(b"%d " % status), answer
