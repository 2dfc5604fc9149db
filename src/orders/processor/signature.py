"""Signature Version 4, and where and as whom the function calls AWS.

AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
Standard library only: this file travels with the function.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from time import gmtime, strftime
from typing import NamedTuple
from urllib.parse import SplitResult


class Credentials(NamedTuple):
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


class SigningKey:
    """One service, one region, one identity. The derived key is kept for its day."""

    def __init__(self, service: str, region: str, credentials: Credentials) -> None:
        self._service = service
        self._region = region
        self._credentials = credentials
        self._day = ""
        self._key = b""

    def authorize(self, method: str, path: str, headers: Mapping[str, str], content_digest: str) -> str:
        """The Authorization header of a request without a query.

        ``headers`` are those to sign, in the alphabetical order of their names, ``x-amz-date`` among them; ``path`` is
        percent-encoded already.
        """
        moment = headers["x-amz-date"]
        signed = ";".join(headers)
        lines = [f"{name}:{value}" for name, value in headers.items()]
        canonical = "\n".join([method, path, "", *lines, "", signed, content_digest])
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key_of(moment[:8]), to_sign.encode(), "sha256").hex()
        return (
            f"AWS4-HMAC-SHA256 Credential={self._credentials.access_key_id}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}"
        )

    def _key_of(self, day: str) -> bytes:
        if day != self._day:
            key = f"AWS4{self._credentials.secret_access_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day, self._key = day, key
        return self._key


def show_moment(now_ms: int) -> str:
    """A moment as ``x-amz-date`` writes it."""
    return strftime("%Y%m%dT%H%M%SZ", gmtime(now_ms // 1000))


def host_header(address: SplitResult) -> str:
    """The Host header as http.client writes it, and as it must be signed: without the scheme's own port."""
    return address.netloc if address.port != default_port(address) else address.hostname or ""


def default_port(address: SplitResult) -> int:
    return 443 if address.scheme == "https" else 80


def find_credentials(environment: Mapping[str, str]) -> Credentials:
    """Those that Lambda gives the function."""
    return Credentials(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        environment.get("AWS_SESSION_TOKEN") or None,
    )


def find_endpoint(environment: Mapping[str, str], service: str) -> str | None:
    """The address of a service, if one is set."""
    return environment.get(f"AWS_ENDPOINT_URL_{service.upper()}") or environment.get("AWS_ENDPOINT_URL") or None


def domain_of(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
