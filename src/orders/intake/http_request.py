"""A function URL's event as a request. Everything is bounded before it is decoded.

Payload format 2.0: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from orders.domain.contract import ORDER_ID_BYTES_MAX
from orders.domain.trace_context import TRACEPARENT, read_traceparent
from orders.intake.problems import Refused

BODY_BYTES_MAX = 1_048_576
HEADER_CHARACTERS_MAX = 4_096
KEY_CHARACTERS_MAX = 255
ORDERS_PATH = "/orders"
OPENAPI_PATH = "/openapi.json"
MEDIA_TYPES = ("application/json", "application/cloudevents+json")
# The method of each resource.
METHODS = {"orders": "POST", "order": "GET", "openapi": "GET"}


class Request(NamedTuple):
    """An HTTP request. ``body`` is not read yet: `read_body` does."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Their names are in lower case."""
    event: Mapping[str, Any]

    @property
    def caller_arn(self) -> str:
        """Whose AWS signature Lambda has verified; empty where it verifies none."""
        authorizer = self.event.get("requestContext", {}).get("authorizer") or {}
        return str(authorizer.get("iam", {}).get("userArn", ""))

    @property
    def traceparent(self) -> str | None:
        """The trace context that it belongs to."""
        return read_traceparent(self.headers.get(TRACEPARENT))

    def header(self, name: str) -> str:
        """A header's value; empty without it. Raises Refused if it is longer than any that is valid."""
        value = self.headers.get(name, "")
        if len(value) > HEADER_CHARACTERS_MAX:
            raise Refused("malformed", f"the header {name} has more than {HEADER_CHARACTERS_MAX:,} characters")
        return value.strip()


def read_request(event: Mapping[str, Any]) -> Request:
    """The request in an event."""
    http = event["requestContext"]["http"]
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    return Request(str(http["method"]), str(event.get("rawPath", "/")), headers, event)


def find_resource(request: Request) -> tuple[str, str]:
    """The name of the resource, and the order's id where it has one. Raises Refused: 404, 405."""
    name, order_id = _find_path(request.path)
    allowed = METHODS[name]
    if request.method != allowed:
        detail = f"this resource takes {allowed}"
        raise Refused("method", detail, {"Allow": allowed})
    return name, order_id


def _find_path(path: str) -> tuple[str, str]:
    if path == OPENAPI_PATH:
        return "openapi", ""
    if path == ORDERS_PATH:
        return "orders", ""
    if not path.startswith(f"{ORDERS_PATH}/"):
        raise Refused("not-found", "this address takes POST /orders, GET /orders/{orderId} and GET /openapi.json")
    escaped = path[len(ORDERS_PATH) + 1 :]
    # A percent sign and two digits stand for one byte.
    if not 0 < len(escaped) <= 3 * ORDER_ID_BYTES_MAX:
        raise Refused("not-found", f"an order's id has 1 to {ORDER_ID_BYTES_MAX} bytes")
    try:
        order_id = unquote_to_bytes(escaped).decode()
    except ValueError:
        raise Refused("not-found", "the order's id is not UTF-8") from None
    if len(order_id.encode()) > ORDER_ID_BYTES_MAX:
        raise Refused("not-found", f"an order's id has 1 to {ORDER_ID_BYTES_MAX} bytes")
    return "order", order_id


def read_body(request: Request) -> bytes:
    """The body. Raises Refused: 413, or 400 for what is no base64."""
    text = request.event.get("body") or ""
    if not request.event.get("isBase64Encoded"):
        _check_size(len(text))
        body = text.encode("utf-8", "surrogatepass")
    else:
        _check_size(len(text) // 4 * 3 - 2)
        try:
            body = base64.b64decode(text, validate=True)
        except binascii.Error:
            raise Refused("malformed", "the body is not base64") from None
    _check_size(len(body))
    return body


def _check_size(size: int) -> None:
    if size > BODY_BYTES_MAX:
        raise Refused("too-large", f"the body has more than {BODY_BYTES_MAX:,} bytes")


def check_media_type(request: Request) -> None:
    """Raises Refused, 415, for anything but JSON in UTF-8."""
    kind, _, parameters = request.header("content-type").lower().partition(";")
    charset = parameters.strip().partition("charset=")[2].strip(' "')
    if kind.strip() not in MEDIA_TYPES or charset not in ("", "utf-8"):
        raise Refused("media-type", "send application/json, in UTF-8", {"Accept": "application/json"})


def find_key(request: Request, default: str = "") -> str:
    """The idempotency key; ``default`` without one. Raises Refused, 400, for one that is not valid.

    It may be quoted, as https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ writes it.
    """
    if "idempotency-key" not in request.headers:
        return default
    key = request.header("idempotency-key")
    if not 0 < len(key) <= KEY_CHARACTERS_MAX or not (key.isascii() and key.isprintable()):
        raise Refused("malformed", f"Idempotency-Key: expected 1 to {KEY_CHARACTERS_MAX} printable ASCII characters")
    return key[1:-1] if len(key) > 2 and key[0] == key[-1] == '"' else key
