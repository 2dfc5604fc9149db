"""Goal: an answer is compressed as the client's Accept-Encoding asks, and its checksum is over what is sent."""

from __future__ import annotations

import gzip
import http.client
import json
import zlib
from urllib.parse import urlsplit

import pytest

from onebox.gateway.compression import choose_coding
from onebox.testing import EngineThread


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("deflate, gzip", "deflate"),
        ("deflate;q=0.5, gzip", "gzip"),
        ("deflate; q = 0.5 , gzip;q=0.4", "deflate"),
        ("gzip;q=0.1;q=1, deflate;q=0.2", "deflate"),
        ("gzip;q=7, deflate", "gzip"),
        ("gzip;q=0", None),
        ("*", "gzip"),
        ("*, gzip;q=0", "deflate"),
        ("br, x-gzip", None),
        ('"gzip"', None),
        ("gzip br", None),
        ("gzip:q=1", None),
        ("gzip;q=", None),
        ("," * 100_000 + "gzip", None),
    ],
)
def test_coding_is_the_one_asked_for(accepted: str, coding: str | None) -> None:
    assert choose_coding(accepted) == coding


def test_large_answers_of_dynamodb_are_compressed_on_request() -> None:
    with EngineThread() as engine:
        dynamodb = engine.client("dynamodb")
        for number in range(100):
            dynamodb.create_table(
                TableName=f"a-table-with-a-rather-long-name-{number:04d}-of-many-tables",
                KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        scope = "Credential=test/20260101/us-east-1/dynamodb/aws4_request"
        headers = {
            "X-Amz-Target": "DynamoDB_20120810.ListTables",
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        }
        for coding, unpack in (("gzip", gzip.decompress), ("deflate", zlib.decompress)):
            connection = http.client.HTTPConnection(urlsplit(engine.endpoint_url).netloc)
            connection.request("POST", "/", b"{}", {**headers, "Accept-Encoding": coding})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.headers["Content-Encoding"] == coding
            assert answer.headers["x-amz-crc32"] == str(zlib.crc32(body))
            assert len(json.loads(unpack(body))["TableNames"]) == 100
        connection.request("POST", "/", b"{}", headers)
        answer = connection.getresponse()
        assert answer.headers["Content-Encoding"] is None
        assert len(json.loads(answer.read())["TableNames"]) == 100


def send(engine: EngineThread, body: bytes, coding: str) -> int:
    scope = "Credential=test/20260101/us-east-1/dynamodb/aws4_request"
    headers = {
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
        "Content-Type": "application/x-amz-json-1.0",
        "Content-Encoding": coding,
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
    }
    connection = http.client.HTTPConnection(urlsplit(engine.endpoint_url).netloc)
    connection.request("POST", "/", body, headers)
    return connection.getresponse().status


def test_compressed_requests_are_unpacked_member_by_member() -> None:
    text = b'{"Limit": 5}'
    with EngineThread() as engine:
        assert send(engine, gzip.compress(text), "gzip") == 200
        assert send(engine, gzip.compress(text[:5]) + gzip.compress(text[5:]), "gzip") == 200
        assert send(engine, zlib.compress(text), "deflate") == 200
        for broken in (b"", b"x", gzip.compress(text)[:-4], zlib.compress(text)[:-2]):
            for coding in ("gzip", "deflate"):
                assert send(engine, broken, coding) == 500
        assert send(engine, gzip.compress(b" " * 20_000_000 + text), "gzip") == 500
        assert send(engine, gzip.compress(b"") * 100_000, "gzip") == 500
