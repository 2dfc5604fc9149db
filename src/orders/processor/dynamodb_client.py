"""The wire to DynamoDB, as thin as the function needs it: sign a JSON body, post it, read the answer.

Why not boto3 here: its client took 350 ms of processor time to make and 1 ms for each call, of which the
function makes one for ten orders and a cold start makes one client; this file takes 30 ms and 0.2 ms
(docs/decisions/0005). The operator's commands use boto3.
Promises: a connection is kept and edited once where the other side closed it while idle; throttling, 5xx and
broken connections become OrderUnavailable, every other refusal DynamoDbRefusal.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
Standard library only: this file travels with the function.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import gmtime, strftime
from typing import NamedTuple
from urllib.parse import urlsplit

from orders.errors import OrderUnavailable

CONTENT_TYPE = "application/x-amz-json-1.0"
ANSWER_TIMEOUT_S = 5.0
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
TRANSIENT_CODES = frozenset(
    {
        "InternalServerError",
        "InternalServerErrorException",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestLimitExceededException",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
# The system is at fault and not the order: no attempt helps before somebody edited it.
PERMANENT_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "UnknownOperationException",
        "UnrecognizedClientException",
    }
)


class DynamoDbRefusal(Exception):
    """DynamoDB understood the request and refuses it (ValidationException, ConditionalCheckFailedException,
    …).
    """

    def __init__(self, code: str, message: str, answer: Mapping[str, object]) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.answer = answer


class Credentials(NamedTuple):
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


class DynamoDbEndpoint:
    """One endpoint, one region, one identity, one kept connection. Not for several threads at once."""

    def __init__(self, url: str, region: str, credentials: Credentials) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"not an endpoint address: {url!r}")
        # As urllib writes the Host header, and as it must be signed: without the scheme's own port.
        default_port = 443 if address.scheme == "https" else 80
        self._host = address.netloc if address.port != default_port else address.hostname
        self._path = address.path or "/"
        connection = HTTPSConnection if address.scheme == "https" else HTTPConnection
        self._connection = connection(address.hostname, address.port, timeout=ANSWER_TIMEOUT_S)
        self._signer = Signer(region, credentials, self._host, self._path)

    def call(self, operation: str, body: bytes, now_ms: int) -> bytes:
        """The answer to ``DynamoDB_20120810.<operation>``. Raises OrderUnavailable or DynamoDbRefusal."""
        headers = self._signer.headers(f"DynamoDB_20120810.{operation}", body, now_ms)
        status, answer = self._post(body, headers)
        if status == 200:
            return answer
        raise read_refusal(status, answer)

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        kept = self._connection.sock is not None
        try:
            return self._exchange(body, headers)
        except (OSError, HTTPException) as error:
            self._connection.close()
            if not kept or isinstance(error, TimeoutError):
                raise _broken(error) from error
        try:  # a kept connection may have been closed by the other side meanwhile
            return self._exchange(body, headers)
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise _broken(error) from error

    def _exchange(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        self._connection.request("POST", self._path, body, headers)
        response = self._connection.getresponse()
        return response.status, response.read()


def _broken(error: Exception) -> OrderUnavailable:
    return OrderUnavailable(f"DynamoDB cannot be reached: {error or type(error).__name__}", type(error).__name__)


def read_refusal(status: int, answer: bytes) -> OrderUnavailable | DynamoDbRefusal:
    """The error that an answer other than 200 means."""
    try:
        content = json.loads(answer)
    except ValueError:
        content = {}
    if not isinstance(content, dict):
        content = {}
    code = str(content.get("__type", f"HTTP {status}")).rpartition("#")[2]
    message = str(content.get("message") or content.get("Message") or "DynamoDB gave no reason")
    if status >= 500 or code in TRANSIENT_CODES:
        return OrderUnavailable(f"{code}: {message}", code)
    if code in PERMANENT_CODES:
        return OrderUnavailable(f"{code}: {message}", code, transient=False)
    return DynamoDbRefusal(code, message, content)


class Signer:
    """Signature Version 4 for DynamoDB's one form of request: a POST of JSON to one path."""

    def __init__(self, region: str, credentials: Credentials, host: str, path: str) -> None:
        self._region = region
        self._credentials = credentials
        self._host = host
        self._path = path
        self._day = ""
        self._key = b""

    def headers(self, target: str, body: bytes, now_ms: int) -> dict[str, str]:
        """All headers of a request that DynamoDB reads, the signature among them."""
        moment = strftime("%Y%m%dT%H%M%SZ", gmtime(now_ms // 1000))
        headers = {"content-type": CONTENT_TYPE, "host": self._host, "x-amz-date": moment}
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
        scope = f"{moment[:8]}/{self._region}/dynamodb/aws4_request"
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
            for part in (day, self._region, "dynamodb", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day, self._key = day, key
        return self._key
