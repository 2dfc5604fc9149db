"""Function URLs: the event that a function gets for an HTTP request, and the HTTP answer that its result means. Pure.

Payload format 2.0. AWS: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from onebox.services.context import Principal, Wire
from onebox.services.lambda_.model import FunctionUrl
from onebox.services.lambda_.platform_times import common_log_time

_QUERY_FIELDS_MAX = 10_000
_HEADERS_MAX = 10_000
"""Of an answer, with its cookies. AWS names no limit; more would keep other clients waiting."""
_TEXT = re.compile(r"text/.*|application/(json|xml|javascript)|[^;]*\+(json|xml)")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}")
_LINE_BREAKS = re.compile(r"[\r\n\0]")
# The server's own: the length of the body and the life of the connection are not the function's to say.
_HOP_HEADERS = frozenset(
    ["connection", "content-length", "date", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]
)


@dataclass(frozen=True, slots=True)
class UrlRequest:
    """An HTTP request to a function URL."""

    method: str
    path: str
    """As sent, percent signs included."""
    query: str
    headers: Mapping[str, str]
    """Their names are in lower case."""
    body: bytes
    source_ip: str
    request_id: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class UrlAnswer:
    """The answer to it."""

    status: int
    body: bytes
    headers: list[tuple[str, str]]
    chunks: AsyncIterator[bytes] | None = None
    """The body of an answer that the function streams; ``body`` is empty then."""


class InvalidAnswer(ValueError):
    """The function's result looks like an HTTP answer and is none."""


def make_event(url: FunctionUrl, request: UrlRequest, caller: Principal | None, trace_id: str) -> bytes:
    """The event, as JSON. ``caller`` is who signed the request; None if nobody had to."""
    headers = {name: value for name, value in request.headers.items() if name != "cookie"}
    host = request.headers.get("host", "").partition(":")[0]
    headers.setdefault("x-forwarded-for", request.source_ip)
    headers.setdefault("x-forwarded-port", "443")
    headers.setdefault("x-forwarded-proto", "https")
    headers.setdefault("x-amzn-trace-id", trace_id)
    headers.setdefault("x-amzn-tls-version", "TLSv1.3")
    headers.setdefault("x-amzn-tls-cipher-suite", "TLS_AES_128_GCM_SHA256")
    event: Wire = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
    }
    if cookies := request.headers.get("cookie"):
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    event["headers"] = headers
    if parameters := _query_parameters(request.query):
        event["queryStringParameters"] = parameters
    event["requestContext"] = _request_context(url, request, caller, host)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    else:
        event["isBase64Encoded"] = False
    return orjson.dumps(event)


def _request_context(url: FunctionUrl, request: UrlRequest, caller: Principal | None, host: str) -> Wire:
    context: Wire = {
        "accountId": "anonymous" if caller is None else caller.account,
        "apiId": url.id,
        "domainName": host,
        "domainPrefix": url.id,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": request.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": common_log_time(request.now_ms),
        "timeEpoch": request.now_ms,
    }
    if caller is not None:
        context["authorizer"] = {
            "iam": {
                "accountId": caller.account,
                "callerId": caller.user_id,
                "userArn": caller.arn,
                "userId": caller.user_id,
            }
        }
    return context


def _query_parameters(query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_QUERY_FIELDS_MAX)
    except ValueError:
        return parameters  # More fields than anybody means; rawQueryString has them.
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: ",".join(found) for name, found in values.items()}


def _body(request: UrlRequest) -> tuple[str, bool]:
    """The body, and whether it is base64."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if _TEXT.fullmatch(kind):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode("ascii"), True


def read_answer(payload: bytes) -> UrlAnswer:
    """The answer that a function's result means. Raises InvalidAnswer."""
    try:
        result = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return UrlAnswer(200, payload, [("Content-Type", "application/json")])
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result.encode() if isinstance(result, str) else orjson.dumps(result)
        return UrlAnswer(200, body, [("Content-Type", "application/json")])
    headers = _answer_headers(result, "application/json")
    return UrlAnswer(_status(result["statusCode"]), _answer_body(result), headers)


def read_prelude(prelude: bytes) -> UrlAnswer:
    """The head of a streamed answer: the JSON that comes before its body. Raises InvalidAnswer."""
    try:
        head = orjson.loads(prelude)
    except orjson.JSONDecodeError:
        head = None
    if not isinstance(head, dict):
        raise InvalidAnswer("the prelude is no JSON object")
    return UrlAnswer(_status(head.get("statusCode", 200)), b"", _answer_headers(head, "application/octet-stream"))


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError):
        raise InvalidAnswer("statusCode is no number") from None
    if isinstance(value, float) or not 200 <= status <= 599:
        raise InvalidAnswer("statusCode is no HTTP status")
    return status


def _answer_body(result: Wire) -> bytes:
    body = result.get("body")
    text = "" if body is None else body if isinstance(body, str) else orjson.dumps(body).decode()
    if result.get("isBase64Encoded") is not True:
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidAnswer("body is no base64") from None


def _answer_headers(result: Wire, content_type: str) -> list[tuple[str, str]]:
    headers, cookies = result.get("headers") or {}, result.get("cookies") or []
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        raise InvalidAnswer("headers is no object, or cookies no list")
    if len(headers) + len(cookies) > _HEADERS_MAX:
        raise InvalidAnswer(f"more than {_HEADERS_MAX:,} headers and cookies")
    found = [(str(name), _header_text(value)) for name, value in headers.items()]
    found += [("Set-Cookie", _header_text(cookie)) for cookie in cookies]
    if any(not _TOKEN.fullmatch(name) for name, _ in found):
        raise InvalidAnswer("the name of a header is none")
    if not any(name.lower() == "content-type" for name, _ in found):
        found.append(("Content-Type", content_type))
    return [(name, value) for name, value in found if name.lower() not in _HOP_HEADERS]


def _header_text(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if _LINE_BREAKS.search(text):
        raise InvalidAnswer("a header has a line break")
    return text.encode("utf-8", "replace").decode("latin-1")
