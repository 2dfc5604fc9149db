"""Signed calls of AWS's JSON protocol, as thin as the function needs them: sign a JSON body, post it, read the answer.

Why not boto3 here: its client took 350 ms of processor time to make and 1 ms for each call, of which the
function makes one for ten orders and a cold start makes one client; this file takes 30 ms and 0.2 ms
(docs/decisions/0005). The operator's commands use boto3.
Promises: a connection is kept and made anew once where the other side closed it while idle; what comes back is the
answer of the service or Unreachable.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
Standard library only: this file travels with the function.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from time import gmtime, strftime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from orders.processor.http_connection import BrokenAnswer, HttpConnection

CONTENT_TYPE = "application/x-amz-json-1.0"
ANSWER_TIMEOUT_S = 5.0


class Unreachable(Exception):
    """No answer came: nobody listens, the connection broke, or it took too long. ``code`` is the error's name."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error) or type(error).__name__)
        self.code = type(error).__name__


class Credentials(NamedTuple):
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


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
        # As urllib writes the Host header, and as it must be signed: without the scheme's own port.
        default_port = 443 if address.scheme == "https" else 80
        self._host = address.netloc if address.port != default_port else address.hostname
        self._path = address.path or "/"
        self._target_prefix = service.target_prefix
        self._connection = HttpConnection(
            address.hostname,
            address.port or default_port,
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
        self._service = service
        self._content_type = content_type
        self._region = region
        self._credentials = credentials
        self._host = host
        self._path = path
        self._day = ""
        self._key = b""

    def headers(self, target: str, body: bytes, now_ms: int) -> dict[str, str]:
        """All headers of a request that the service reads, the signature among them."""
        moment = strftime("%Y%m%dT%H%M%SZ", gmtime(now_ms // 1000))
        headers = {"content-type": self._content_type, "host": self._host, "x-amz-date": moment}
        if self._credentials.session_token is not None:
            headers["x-amz-security-token"] = self._credentials.session_token
        headers["x-amz-target"] = target  # the names stand in their alphabetical order, as they are signed
        signed = ";".join(headers)
        canonical = "\n".join(
            [
                "POST",
                self._path,
                "",
                *[f"{name}:{value}" for name, value in headers.items()],
                "",
                signed,
                hashlib.sha256(body).hexdigest(),
            ]
        )
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key_of(moment[:8]), to_sign.encode(), "sha256").hex()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._credentials.access_key_id}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}"
        )
        return headers

    def _key_of(self, day: str) -> bytes:
        if day != self._day:
            key = f"AWS4{self._credentials.secret_access_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day, self._key = day, key
        return self._key


def connect(environment: Mapping[str, str], service: Service) -> AwsJsonClient:
    """A client of a service as the function's environment says: region, credentials, the address if one is set."""
    region = environment["AWS_REGION"]
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    url = (
        environment.get(f"AWS_ENDPOINT_URL_{service.name.upper()}")
        or environment.get("AWS_ENDPOINT_URL")
        or f"https://{service.name}.{region}.{suffix}"
    )
    credentials = Credentials(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        environment.get("AWS_SESSION_TOKEN") or None,
    )
    return AwsJsonClient(url, service, region, credentials)
