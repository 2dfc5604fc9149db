"""What DynamoDB's HTTP front answers by itself: requests that it cannot be asked, and how complete a signature is.

The order of the checks is AWS's: method, type of the content, JSON, target, signature, body. Pure.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

import orjson

from onebox.gateway.answers import LAST_CHUNK
from onebox.gateway.message import Request, Response
from onebox.gateway.protocols.json_bounds import COUNTED_FROM_BYTES, is_cheap_json
from onebox.gateway.protocols.json_rpc import dynamodb_headers

Answer = Callable[[str], Response]
"""The answer to a request of this id."""

TARGET = "DynamoDB_20120810."
_JSON = ("application/x-amz-json-1.0", "application/json")
_PREFLIGHT_SECONDS = "172800"
_LINE_BYTES_MAX = 16 * 1024
_FRAMEWORK = b"com.amazon.coral.service#"
_HEADER_PARTS = ("Credential", "Signature", "SignedHeaders")
_QUERY_PARTS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")


def is_dynamodb_host(host: str) -> bool:
    """Whether a Host names DynamoDB, and not a bucket of that name."""
    return host.startswith("dynamodb.") and not host.startswith("dynamodb.s3")


def check_unsigned(request: Request) -> Answer | None:
    """The answer to a request without a credential that can be read; None where it is just missing."""
    return check_signed(request) or _check_json(request) or _check_target(request) or _check_signature(request)


def check_signed(request: Request) -> Answer | None:
    """The answer to what is wrong whoever asks; None if the request can go on."""
    if request.method == "GET":
        return _check_get(request)
    content_type = request.headers.get("content-type", "")
    if content_type not in _JSON and request.body and content_type.partition(";")[0].strip() not in _JSON:
        return _not_found
    return None if request.method == "POST" and request.path == "/" else _not_found


def check_body(request: Request) -> Answer | None:
    """The answer to a signed request without a body."""
    return None if request.body else _fault(request, b"SerializationException")


def too_large(request_id: str) -> Response:
    """The answer to a body of more than 16 MiB: empty, in chunks."""
    return Response(413, LAST_CHUNK, [("Transfer-Encoding", "chunked"), *dynamodb_headers(b"", request_id)])


def not_unpacked(request: Request) -> Answer:
    """The answer to a body whose Content-Encoding is unknown or does not fit."""
    return _fault(request, b"InternalFailure", status=500)


def answer_options(request: Request, request_id: str) -> Response:
    """The answer to OPTIONS: to a page whose origin was admitted, what it asked for; to others that there is none."""
    asked = request.headers
    if "origin" not in asked:
        return _not_found(request_id)
    headers = [("Access-Control-Max-Age", _PREFLIGHT_SECONDS)]
    for wanted, allowed in (("headers", "Headers"), ("method", "Methods")):
        value = asked.get(f"access-control-request-{wanted}", "")
        if value and value.isascii() and value.isprintable():
            headers.append((f"Access-Control-Allow-{allowed}", value))
    return Response(200, b"", headers)


def unknown_operation(request: Request) -> Answer:
    """The answer to a target that is missing, or not DynamoDB's."""
    return _fault(request, b"UnknownOperationException")


def _check_get(request: Request) -> Answer | None:
    if len(request.query) > _LINE_BYTES_MAX or len(request.path) > _LINE_BYTES_MAX:
        return lambda request_id: _plain(400, b"", request_id)
    if request.path != "/":
        return _not_found
    body = f"healthy: {request.headers.get('host', '')} ".encode("latin-1", "replace")
    return lambda request_id: _plain(200, body, request_id)


def _check_json(request: Request) -> Answer | None:
    body = request.body
    if not body:
        return None
    if len(body) < COUNTED_FROM_BYTES or is_cheap_json(body):
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
        else:
            return None
    return _fault(request, b"SerializationException")


def _check_target(request: Request) -> Answer | None:
    known = request.headers.get("x-amz-target", "").startswith(TARGET)
    return None if known else unknown_operation(request)


def _check_signature(request: Request) -> Answer | None:
    authorization = request.headers.get("authorization")
    query = parse_qs(request.query, keep_blank_values=True) if request.query else {}
    if "X-Amz-Algorithm" in query:
        if authorization is not None:
            message = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
            return _fault(request, b"InvalidSignatureException", message)
        missing = [name for name in _QUERY_PARTS if not query.get(name, [""])[0]]
        told = "".join(f"AWS query-string parameters must include '{name}'. " for name in missing)
        if not told:
            return None
        return _fault(request, b"IncompleteSignatureException", f"{told}Re-examine the query-string parameters.")
    if authorization is None or not authorization.strip().startswith("AWS4-"):
        return None
    pairs = (part.partition("=") for part in authorization.replace(",", " ").split())
    parts = {name for name, _, value in pairs if value}
    told = "".join(f"Authorization header requires '{name}' parameter. " for name in _HEADER_PARTS if name not in parts)
    if "x-amz-date" not in request.headers and "date" not in request.headers:
        told += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
    if not told:
        return None
    return _fault(request, b"IncompleteSignatureException", f"{told}Authorization={authorization}")


def _fault(request: Request, name: bytes, message: str | None = None, status: int = 400) -> Answer:
    content_type = request.headers.get("content-type", "application/json")
    body = b'{"__type":"%b%b"}' % (_FRAMEWORK, name)
    if message is not None:
        body = orjson.dumps({"__type": (_FRAMEWORK + name).decode(), "message": message})

    def answer(request_id: str) -> Response:
        return Response(status, body, [*dynamodb_headers(body, request_id), ("Content-Type", content_type)])

    return answer


def _plain(status: int, body: bytes, request_id: str) -> Response:
    return Response(status, body, dynamodb_headers(body, request_id))


def _not_found(request_id: str) -> Response:
    return _plain(404, b"<UnknownOperationException/>\n", request_id)
