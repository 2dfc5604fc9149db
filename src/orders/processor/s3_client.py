"""The claims bucket as the functions call it: one object read, one object written.

Promises: throttling, 5xx, broken connections and missing rights become OrderUnavailable, an object that is not there
OrderRejected, which needs the right to list the bucket: without it S3 answers 403 for what is not there. A bucket that
another account has under the name is neither read nor written.
AWS: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
Standard library only: this file travels with the function.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orders.domain.claims import CLAIM_BYTES_MAX, gone, too_large
from orders.errors import OrderUnavailable
from orders.processor.aws_json_client import ANSWER_TIMEOUT_S
from orders.processor.signature import (
    Credentials,
    SigningKey,
    domain_of,
    find_credentials,
    find_endpoint,
    host_header,
    show_moment,
)

if TYPE_CHECKING:
    from orders.clock import Clock

S3 = "s3"
TRANSIENT = frozenset({408, 409, 429})
_ERROR_BYTES_MAX = 10_000
# The account in the name that template.yaml gives the bucket.
_find_owner = re.compile(r"-claims-([0-9]{12})-").search
_find_code = re.compile(rb"<Code>([A-Za-z]{1,80})</Code>").search


class ClaimsBucket:
    """The port Claims on one bucket: one kept connection, not for several threads at once."""

    def __init__(self, url: str, path: str, region: str, credentials: Credentials, bucket: str, clock: Clock) -> None:
        """``path`` begins the path of every object: the bucket's name where the address is not the bucket's own."""
        self.name = bucket
        address = urlsplit(url)
        connection = HTTPSConnection if address.scheme == "https" else HTTPConnection
        self._connection = connection(address.hostname or "", address.port, timeout=ANSWER_TIMEOUT_S)
        self._host = host_header(address)
        self._path = path
        self._key = SigningKey(S3, region, credentials)
        self._token = credentials.session_token
        owner = _find_owner(bucket)
        self._owner = None if owner is None else owner[1]
        self._clock = clock

    def load(self, key: str) -> bytes:
        """The content of an object. Raises OrderRejected if it is not there or too large, or OrderUnavailable."""
        return self._call("GET", key, b"")

    def keep(self, key: str, content: bytes) -> None:
        """Write an object. Raises OrderUnavailable."""
        self._call("PUT", key, content)

    def _call(self, method: str, key: str, content: bytes) -> bytes:
        path = f"{self._path}/{key}"  # the system's keys need no percent-encoding
        kept = self._connection.sock is not None
        try:
            return self._exchange(method, path, content)
        except (OSError, HTTPException) as error:
            self._connection.close()
            if not kept or isinstance(error, TimeoutError):
                raise _unreachable(error) from error
        try:  # a kept connection may have been closed by the other side meanwhile
            return self._exchange(method, path, content)
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise _unreachable(error) from error

    def _exchange(self, method: str, path: str, content: bytes) -> bytes:
        self._connection.request(method, path, content or None, self._headers(method, path, content))
        response = self._connection.getresponse()
        if response.status == 200:
            size = response.length or 0
            answer = b"" if size > CLAIM_BYTES_MAX else response.read(CLAIM_BYTES_MAX + 1)
            if max(size, len(answer)) > CLAIM_BYTES_MAX:
                self._connection.close()  # rather than read what nobody wants
                raise too_large(max(size, len(answer)))
            if len(answer) < size:  # http.client does not report it where a size is asked for
                raise IncompleteRead(answer, size - len(answer))
            return answer
        answer = response.read(_ERROR_BYTES_MAX)
        self._connection.close()  # the rest of the answer may be unread
        found = _find_code(answer)
        code = found[1].decode() if found else f"HTTP {response.status}"
        if code == "NoSuchKey":
            raise gone()
        is_transient = response.status >= 500 or response.status in TRANSIENT
        raise OrderUnavailable(f"S3 refuses the call for {self.name}: {code}", code, transient=is_transient)

    def _headers(self, method: str, path: str, content: bytes) -> dict[str, str]:
        digest = hashlib.sha256(content).hexdigest()
        headers = {"host": self._host, "x-amz-content-sha256": digest, "x-amz-date": show_moment(self._clock.now_ms())}
        if self._owner is not None:
            headers["x-amz-expected-bucket-owner"] = self._owner
        if self._token is not None:
            headers["x-amz-security-token"] = self._token
        headers["authorization"] = self._key.authorize(method, path, headers, digest)
        return headers


def connect_bucket(environment: Mapping[str, str], bucket: str, clock: Clock) -> ClaimsBucket:
    """The bucket as the function's environment says: region, credentials, the address if one is set.

    AWS has an address for each bucket; an address that is set has all buckets below it.
    """
    region = environment["AWS_REGION"]
    endpoint = find_endpoint(environment, S3)
    url = endpoint or f"https://{bucket}.{S3}.{region}.{domain_of(region)}"
    path = "" if endpoint is None else f"{urlsplit(endpoint).path.rstrip('/')}/{bucket}"
    return ClaimsBucket(url, path, region, find_credentials(environment), bucket, clock)


def _unreachable(error: Exception) -> OrderUnavailable:
    return OrderUnavailable(f"S3 cannot be reached: {error or type(error).__name__}", type(error).__name__)
