"""Goal: what DynamoDB's HTTP front answers by itself is what AWS's answers, to the byte."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from onebox.testing import EngineThread
from tests.polling import PATIENCE_S

HOST = "dynamodb.us-east-1.amazonaws.com"
TARGET = "DynamoDB_20120810.ListTables"
PLAIN = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": TARGET}
NOT_FOUND = (404, b"<UnknownOperationException/>\n")
SERIALIZATION = (400, b'{"__type":"com.amazon.coral.service#SerializationException"}')
UNKNOWN = (400, b'{"__type":"com.amazon.coral.service#UnknownOperationException"}')


class Front:
    """Sends requests as they are written."""

    def __init__(self, engine: EngineThread) -> None:
        self._place = urlsplit(engine.endpoint_url).netloc
        self.answered: dict[str, str] = {}
        """The headers of the last answer, their names in lower case."""

    def send(self, headers: dict[str, str], body: bytes = b"{}", method: str = "POST", path: str = "/") -> Any:
        connection = http.client.HTTPConnection(self._place, timeout=PATIENCE_S)
        connection.request(method, path, body or None, {"Host": HOST, **headers})
        answer = connection.getresponse()
        self.answered = {name.lower(): value for name, value in answer.getheaders()}
        found = answer.status, answer.read()
        connection.close()
        return found

    def fault(self, headers: dict[str, str], path: str = "/") -> tuple[str, str]:
        status, body = self.send(headers, path=path)
        answer = json.loads(body)
        assert status == 400
        return answer["__type"].partition("#")[2], answer.get("message", "")


def signed(body: bytes = b"{}", method: str = "POST", **headers: str) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, f"http://{HOST}/", data=body, headers={**PLAIN, **named})
    SigV4Auth(Credentials("test", "test"), "dynamodb", "us-east-1").add_auth(request)
    return {name: value for name, value in request.headers.items() if name.lower() != "host"}


@pytest.fixture
def front(onebox: EngineThread) -> Front:
    return Front(onebox)


def test_methods_types_and_paths(front: Front) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        assert front.send(PLAIN, method=method) == NOT_FOUND
    assert front.send({**PLAIN, "Content-Type": "text/html"}) == NOT_FOUND
    assert front.send({"X-Amz-Target": TARGET}) == NOT_FOUND
    assert front.send(signed(Content_Type="text/html")) == NOT_FOUND
    assert front.send(signed(), path="/other") == NOT_FOUND
    assert front.send({}, b"", "GET", "/other") == NOT_FOUND
    assert front.send(signed(Content_Type="application/json; charset=utf-8"))[0] == 200


def test_health(front: Front) -> None:
    assert front.send({}, b"", "GET") == (200, f"healthy: {HOST} ".encode())
    assert {"x-amz-crc32", "content-length"} <= set(front.answered)


def test_json_and_targets(front: Front) -> None:
    assert front.send({**PLAIN, "Content-Type": "application/json ; a=b"}, b"no json") == SERIALIZATION
    assert front.answered["content-type"] == "application/json ; a=b"
    assert front.send(signed(b""), b"") == SERIALIZATION
    assert front.send(signed(b"no json"), b"no json") == SERIALIZATION
    assert front.send({"Content-Type": "application/json"}) == UNKNOWN
    for target in ("DynamoDB_20120810.Nothing", "Nothing.Nothing", "Nothing"):
        assert front.send({**PLAIN, "X-Amz-Target": target}) == UNKNOWN


def test_large_requests(front: Front) -> None:
    assert front.send(PLAIN, bytes(16 * 1024 * 1024 + 1)) == (413, b"")
    assert front.answered["transfer-encoding"] == "chunked"
    assert front.send({}, b"", "GET", "/?" + "a" * 17_000)[0] == 400


@pytest.mark.parametrize(
    ("authorization", "missing", "dated"),
    [
        ("AWS4-", ("Credential", "Signature", "SignedHeaders"), True),
        ("AWS4-HMAC-SHA256 Credential=a", ("Signature", "SignedHeaders"), True),
        ("AWS4-HMAC-SHA256 Signature=b, SignedHeaders=c", ("Credential",), False),
        ("AWS4- Signature=b Credential=a,SignedHeaders=c", (), False),
    ],
)
def test_incomplete_signatures(front: Front, authorization: str, missing: tuple[str, ...], dated: bool) -> None:
    headers = {**PLAIN, "Authorization": authorization} | ({"X-Amz-Date": "20260101T000000Z"} if dated else {})
    told = "".join(f"Authorization header requires '{name}' parameter. " for name in missing)
    if not dated:
        told += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
    assert front.fault(headers) == ("IncompleteSignatureException", f"{told}Authorization={authorization}")


def test_incomplete_signatures_in_the_query(front: Front) -> None:
    told = "".join(
        f"AWS query-string parameters must include '{name}'. "
        for name in ("X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Date")
    )
    query = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=a"
    assert front.fault(PLAIN, query) == (
        "IncompleteSignatureException",
        f"{told}Re-examine the query-string parameters.",
    )
    both = front.fault({**PLAIN, "Authorization": "AWS4-x"}, query)
    assert both == (
        "InvalidSignatureException",
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )
    assert front.fault({**PLAIN, "Authorization": "Basic abc"})[0] == "MissingAuthenticationTokenException"
    assert front.fault(PLAIN, "/?X-Amz-Credential=a")[0] == "MissingAuthenticationTokenException"


def test_a_signature_is_looked_at_in_linear_time(front: Front) -> None:
    authorization = "AWS4-" + "a" * 60_000
    began = time.process_time()
    name, message = front.fault({**PLAIN, "Authorization": authorization})
    assert time.process_time() - began < 2, "the engine runs in this process; by pairs of characters it is 20 seconds"
    assert name == "IncompleteSignatureException"
    assert message.endswith(authorization)


def test_a_query_of_many_parameters_is_answered(front: Front) -> None:
    many = "&".join(f"p{number}=1" for number in range(200))
    name, _ = front.fault(PLAIN, path=f"/?{many}&X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert name == "IncompleteSignatureException"


def test_bodies_that_cannot_be_unpacked(front: Front) -> None:
    whole = gzip.compress(b'{"Limit": 1}')
    assert front.send(signed(whole, Content_Encoding="gzip"), whole)[0] == 200
    for body, encoding in ((whole[:-9], "gzip"), (b"", "gzip"), (b"{}", "br"), (b"{}", "deflate")):
        assert front.send(signed(body, Content_Encoding=encoding), body)[0] == 500


def test_buckets_named_so_are_not_dynamodb(front: Front) -> None:
    headers = {"Host": "dynamodb.s3.us-east-1.amazonaws.com"}
    assert front.send(headers, b"", "GET")[1].startswith(b"<?xml")


def test_pages_of_an_admitted_origin_get_what_they_ask_for() -> None:
    with EngineThread(allowed_origins=("*",)) as engine:
        front = Front(engine)
        assert front.send({"Origin": "https://page", **signed()})[0] == 200
        assert front.answered["access-control-allow-origin"] == "*"
        asked = {"Access-Control-Request-Headers": "x-a, x-b", "Access-Control-Request-Method": "POST"}
        assert front.send({"Origin": "https://page", **asked}, b"", "OPTIONS") == (200, b"")
        told = {name[21:]: value for name, value in front.answered.items() if name.startswith("access-control-allow")}
        assert told == {"origin": "*", "headers": "x-a, x-b", "methods": "POST"}
        assert (front.answered["access-control-max-age"], front.answered["content-length"]) == ("172800", "0")
        assert front.send({}, b"", "OPTIONS") == NOT_FOUND
        assert "access-control-allow-origin" not in front.answered
