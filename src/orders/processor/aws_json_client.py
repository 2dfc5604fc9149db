"""Signed calls of AWS's JSON protocol, as thin as the function needs them: sign a JSON body, post it, read the answer.

Why not boto3 here: its client took 350 ms of processor time to make and 1 ms for each call, of which the
function makes one for ten orders and a cold start makes one client; this file takes 30 ms and 0.2 ms
(docs/decisions/0005). The operator's commands use boto3.
Promises: a connection is kept and made again once where the other side closed it while idle; what comes back is the
answer of the service or Unreachable.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
Standard library only: this file travels with the function.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from orders.processor.http_connection import BrokenAnswer, HttpConnection
from orders.processor.signature import (
    Credentials,
    SigningKey,
    default_port,
    domain_of,
    find_credentials,
    find_endpoint,
    host_header,
    show_moment,
)

CONTENT_TYPE = "application/x-amz-json-1.0"
ANSWER_TIMEOUT_S = 5.0


class Unreachable(Exception):
    """No answer came: nobody listens, the connection broke, or it took too long. ``code`` is the error's name."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error) or type(error).__name__)
        self.code = type(error).__name__


class Service(NamedTuple):
    """How a service is named: in the signature and in the host, and before the operation's name."""

    name: str
    target_prefix: str
    content_type: str = CONTENT_TYPE


class AwsJsonClient:
    """One service at one address, one region, one identity, one kept connection. Not for several threads at once."""

    def __init__(self, url: str, service: Service, region: str, credentials: Credentials) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"not an endpoint address: {url!r}")
        self._host = host_header(address)
        self._path = address.path or "/"
        self._target_prefix = service.target_prefix
        self._connection = HttpConnection(
            address.hostname,
            address.port or default_port(address),
            is_encrypted=address.scheme == "https",
            timeout_s=ANSWER_TIMEOUT_S,
        )
        self._signer = Signer(
            service.name, region, credentials, self._host, self._path, content_type=service.content_type
        )

    def limit_wait(self, timeout_s: float) -> None:
        """How long the next calls may wait for a connection, and for each part of an answer."""
        self._connection.limit_wait(timeout_s)

    def call(self, operation: str, body: bytes, now_ms: int) -> tuple[int, bytes]:
        """Status and body of the answer. Raises Unreachable."""
        headers = self._signer.headers(f"{self._target_prefix}.{operation}", body, now_ms)
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        head = f"POST {self._path} HTTP/1.1\r\n{''.join(lines)}content-length: {len(body)}\r\n\r\n".encode("latin-1")
        was_open = self._connection.is_open
        try:
            return self._connection.post(head, body)
        except (OSError, BrokenAnswer) as error:
            self._connection.close()
            if not was_open or isinstance(error, TimeoutError):
                raise Unreachable(error) from error
        try:  # a kept connection may have been closed by the other side meanwhile
            return self._connection.post(head, body)
        except (OSError, BrokenAnswer) as error:
            self._connection.close()
            raise Unreachable(error) from error


def read_error(status: int, answer: bytes) -> tuple[str, str, Mapping[str, Any]]:
    """Code, message and content of an answer other than 200."""
    try:
        content = json.loads(answer)
    except (ValueError, RecursionError):
        content = {}
    if not isinstance(content, dict):
        content = {}
    code = str(content.get("__type", f"HTTP {status}")).rpartition("#")[2]
    message = str(content.get("message") or content.get("Message") or "the service gave no reason")
    return code, message, content


class Signer:
    """Signature Version 4 for one form of request: a POST of JSON to one path."""

    def __init__(
        self,
        service: str,
        region: str,
        credentials: Credentials,
        host: str,
        path: str,
        content_type: str = CONTENT_TYPE,
    ) -> None:
        self._key = SigningKey(service, region, credentials)
        self._token = credentials.session_token
        self._content_type = content_type
        self._host = host
        self._path = path

    def headers(self, target: str, body: bytes, now_ms: int) -> dict[str, str]:
        """All headers of a request that the service reads, the signature among them."""
        moment = show_moment(now_ms)
        headers = {"content-type": self._content_type, "host": self._host, "x-amz-date": moment}
        if self._token is not None:
            headers["x-amz-security-token"] = self._token
        headers["x-amz-target"] = target  # the names stand in their alphabetical order, as they are signed
        headers["authorization"] = self._key.authorize("POST", self._path, headers, hashlib.sha256(body).hexdigest())
        return headers


def connect(environment: Mapping[str, str], service: Service) -> AwsJsonClient:
    """A client of a service as the function's environment says: region, credentials, the address if one is set."""
    region = environment["AWS_REGION"]
    url = find_endpoint(environment, service.name) or f"https://{service.name}.{region}.{domain_of(region)}"
    return AwsJsonClient(url, service, region, find_credentials(environment))
