"""Which caller a bearer token or a webhook signature belongs to.

A caller is a value in Parameter Store: of a token only the SHA-256 (tokens are 256 random bits), of a webhook its
secret. All comparisons take constant time.
Bearer tokens: https://www.rfc-editor.org/rfc/rfc6750
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import NamedTuple

from orders.intake.http_request import Request
from orders.intake.problems import Refused
from orders.intake.webhooks import SIGNATURE_HEADER, is_signed_with, read_secret, read_signed

# So many callers are read; each costs a comparison, or an HMAC of the body.
CALLERS_MAX = 50
CALLERS_PATH = "/orders/intake/callers"
TOKEN, WEBHOOK = "token", "webhook"
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="orders"'}


class Caller(NamedTuple):
    """Somebody who may send orders."""

    name: str
    kind: str
    """token or webhook."""
    digest: str = ""
    """The token's SHA-256, hexadecimal."""
    key: bytes = b""
    """The key of a webhook's signatures."""


class Identified(NamedTuple):
    """Who sends a request."""

    name: str
    webhook_id: str = ""
    """The id of a signed webhook, which identifies its content."""

    @property
    def is_webhook(self) -> bool:
        return bool(self.webhook_id)


def token_digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def encode_caller(caller: Caller, secret: str = "") -> str:
    """The value in Parameter Store; ``secret`` is a webhook's."""
    value = {"sha256": caller.digest} if caller.kind == TOKEN else {"secret": secret}
    return json.dumps({"kind": caller.kind, **value})


def decode_caller(name: str, value: str) -> Caller | None:
    """The caller in a value; None if it is none."""
    try:
        content = json.loads(value)
        if content["kind"] == TOKEN:
            return Caller(name, TOKEN, digest=str(content["sha256"]))
        return Caller(name, WEBHOOK, key=read_secret(content["secret"])) if content["kind"] == WEBHOOK else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def identify(request: Request, body: bytes, callers: Iterable[Caller], now_s: int) -> Identified:
    """Who sends the request, by a valid token or else by a valid signature. Raises Refused, 401."""
    known = list(callers)
    scheme, _, token = request.header("authorization").partition(" ")
    is_token = scheme.lower() == "bearer" and bool(token.strip())
    if is_token:
        digest = token_digest(token.strip())
        found = [one for one in known if one.kind == TOKEN and hmac.compare_digest(one.digest, digest)]
        if found:
            return Identified(found[0].name)
    if SIGNATURE_HEADER in request.headers:
        return _find_signer(request, body, known, now_s)
    if is_token:
        challenge = {"WWW-Authenticate": 'Bearer realm="orders", error="invalid_token"'}
        raise Refused("unauthenticated", "the bearer token is not valid", challenge)
    raise Refused("unauthenticated", "send a bearer token, or sign as Standard Webhooks do", _CHALLENGE)


def _find_signer(request: Request, body: bytes, callers: Iterable[Caller], now_s: int) -> Identified:
    try:
        signed = read_signed({name: request.header(name) for name in request.headers if name[:8] == "webhook-"}, now_s)
    except ValueError as error:
        raise Refused("unauthenticated", str(error), _CHALLENGE) from error
    found = [one for one in callers if one.kind == WEBHOOK and is_signed_with(signed, body, one.key)]
    if not found:
        raise Refused("unauthenticated", "the webhook's signature is not valid", _CHALLENGE)
    return Identified(found[0].name, signed.id)
