"""Requests to DynamoDB as raw JSON, which no SDK lets through, and the names of its errors."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table, index

SERIALIZATION = "com.amazon.coral.service#SerializationException"
VALIDATION = "com.amazon.coral.validate#ValidationException"
VALUE = "com.amazonaws.dynamodb.v20120810.AttributeValue"
CAST = "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class"
CONSTRAINT = "failed to satisfy constraint: Member must"
INVALID = "One or more parameter values were invalid: "
START = "The provided starting key is invalid"
S: dict[str, Any] = {"S": "a"}
N: dict[str, Any] = {"N": "1"}
Ask = Callable[[str, Any], tuple[str, str]]


@contextmanager
def asking() -> Iterator[Ask]:
    """Sends a request to an engine with the tables Hash (a: S) and Range (a: S, b: N; index byC); type and message."""
    with EngineThread() as engine:
        dynamodb = engine.client("dynamodb")
        create_table(dynamodb, "Hash", "a:S")
        create_table(
            dynamodb,
            "Range",
            "a:S",
            "b:N",
            attributes=["c:S", "d:S"],
            GlobalSecondaryIndexes=[index("byC", "c", "d", "KEYS_ONLY")],
        )
        yield lambda operation, request: send(engine, operation, request)


def send(engine: EngineThread, operation: str, request: Any) -> tuple[str, str]:
    connection = http.client.HTTPConnection(urlsplit(engine.endpoint_url).netloc)
    scope = "Credential=test/20260101/us-east-1/dynamodb/aws4_request"
    headers = {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
    }
    connection.request("POST", "/", json.dumps(request), headers)
    answer = json.loads(connection.getresponse().read())
    return answer.get("__type", ""), answer.get("message", answer.get("Message", ""))
