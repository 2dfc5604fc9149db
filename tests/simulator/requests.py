"""Requests and answers of the simulated clients, as bytes of HTTP/1.1.

Services that speak JSON are written here; the others by botocore's serializers.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import orjson
from botocore.model import OperationModel

from onebox.gateway.message import Response
from tests.protocol.peer import parsed, serialized, service_model

HOST = "localhost:4566"
_DATE, _MOMENT = "20260101", "20260101T000000Z"
_JSON = {
    "sqs": ("AmazonSQS", "1.0", "sqs"),
    "dynamodb": ("DynamoDB_20120810", "1.0", "dynamodb"),
    "dynamodbstreams": ("DynamoDBStreams_20120810", "1.0", "dynamodb"),
    "ssm": ("AmazonSSM", "1.1", "ssm"),
    "logs": ("Logs_20140328", "1.1", "logs"),
}
_OTHERS = {
    "sns": ("query", "sns"),
    "lambda": ("rest-json", "lambda"),
    "cloudformation": ("query", "cloudformation"),
    "cloudwatch": ("query", "monitoring"),
    "iam": ("query", "iam"),
    "sts": ("query", "sts"),
    "s3": ("rest-xml", "s3"),
}
_CODE_IN_XML = re.compile(rb"<Code>([^<]{1,100})</Code>")


class Credentials(NamedTuple):
    """Keys of a caller; without a secret they are plain ones, which onebox takes for its built-in user."""

    key_id: str = "simulator"
    secret: str = ""
    token: str = ""


class Answer(NamedTuple):
    """What came back."""

    status: int
    code: str
    """The error's code; empty where there is none."""
    value: dict[str, Any]


def encode(service: str, operation: str, parameters: Mapping[str, Any], credentials: Credentials) -> bytes:
    """A whole request."""
    if service in _JSON:
        prefix, version, signing_name = _JSON[service]
        method, target, body = "POST", "/", orjson.dumps(parameters)
        headers = {"content-type": f"application/x-amz-json-{version}", "x-amz-target": f"{prefix}.{operation}"}
    else:
        protocol, signing_name = _OTHERS[service]
        request = serialized(protocol, _model(service, operation), dict(parameters))
        method, body = request.method, request.body
        target = f"{request.path}?{request.query}" if request.query else request.path
        headers = {name: value for name, value in request.headers.items() if name != "host"}
    headers["host"] = HOST
    headers["authorization"] = _authorization(method, target, headers, body, signing_name, credentials)
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def decode(service: str, operation: str, status: int, headers: list[tuple[str, str]], body: bytes) -> Answer:
    """The answer to a request."""
    if status >= 300:
        return Answer(status, _find_code(body), orjson.loads(body) if body.startswith(b"{") else {})
    if service in _JSON:
        return Answer(status, "", orjson.loads(body) if body else {})
    protocol, _ = _OTHERS[service]
    return Answer(status, "", parsed(protocol, _model(service, operation), Response(status, body, headers)))


@cache
def _model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)


def _find_code(body: bytes) -> str:
    if body.startswith(b"{"):
        content = orjson.loads(body)
        code = content.get("__type") or content.get("Code") or content.get("message") or ""
        return str(code).rpartition("#")[2]
    found = _CODE_IN_XML.search(body)
    return found.group(1).decode() if found else ""


def _authorization(
    method: str, target: str, headers: dict[str, str], body: bytes, service: str, credentials: Credentials
) -> str:
    scope = f"{_DATE}/us-east-1/{service}/aws4_request"
    if not credentials.secret:
        return f"AWS4-HMAC-SHA256 Credential={credentials.key_id}/{scope}, SignedHeaders=host, Signature=0"
    headers["x-amz-date"] = _MOMENT
    headers["x-amz-security-token"] = credentials.token
    names = sorted(headers)
    path, _, query = target.partition("?")
    canonical = "\n".join(
        [method, path, query, *(f"{name}:{headers[name]}" for name in names), "", ";".join(names), _sha256(body)]
    )
    text = "\n".join(["AWS4-HMAC-SHA256", _MOMENT, scope, _sha256(canonical.encode())])
    signature = _hmac(_signing_key(credentials.secret, service), text).hex()
    signed = f"SignedHeaders={';'.join(names)}, Signature={signature}"
    return f"AWS4-HMAC-SHA256 Credential={credentials.key_id}/{scope}, {signed}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


@cache
def _signing_key(secret: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (_DATE, "us-east-1", service, "aws4_request"):
        key = _hmac(key, part)
    return key
