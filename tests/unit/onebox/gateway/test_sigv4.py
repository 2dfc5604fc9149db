"""Goal: a signature that botocore made is accepted, and no longer after a byte of what it covers has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from onebox.gateway.message import Request
from onebox.gateway.sigv4 import Credential, find_credential, verify

SECRET = "secret/+=example"
CREDENTIALS = Credentials("AKIDEXAMPLE", SECRET, "token-1")


def _as_received(prepared: AWSRequest, body: bytes) -> Request:
    parts = urlsplit(str(prepared.url))
    headers = {name.lower(): value for name, value in prepared.headers.items()}
    headers["host"] = parts.netloc
    return Request(str(prepared.method), parts.path or "/", parts.query, headers, body)


def _signed(
    auth: type[SigV4Auth] = SigV4Auth,
    service: str = "sqs",
    url: str = "http://localhost:4566/",
    body: bytes = b"{}",
    method: str = "POST",
) -> Request:
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ListQueues", "X-Odd": " a   b "}
    request = AWSRequest(method=method, url=url, data=body, headers=headers)
    auth(CREDENTIALS, service, "eu-west-1").add_auth(request)
    return _as_received(request, body)


def _credential(request: Request) -> Credential:
    credential = find_credential(request)
    assert credential is not None
    return credential


def test_find_credential_in_the_header_gives_every_part() -> None:
    credential = _credential(_signed())

    assert credential.access_key_id == "AKIDEXAMPLE"
    assert (credential.region, credential.service, credential.session_token) == ("eu-west-1", "sqs", "token-1")
    assert len(credential.signature) == 64
    assert credential.date == credential.timestamp[:8]
    assert not credential.presigned


@given(path=st.text(alphabet="aZ0-._~ %/é+&=;:'(*", max_size=12), body=st.binary(max_size=50))
def test_verify_what_botocore_signed_is_accepted(path: str, body: bytes) -> None:
    from urllib.parse import quote

    request = _signed(url="http://localhost:4566/" + quote(path.lstrip("/")) + "?b=2&a=%20x&a=1&empty=", body=body)

    assert verify(request, _credential(request), SECRET)


@given(key=st.text(alphabet="aZ0-._~ %/é+&=;:'(*", min_size=1, max_size=12))
def test_verify_what_botocore_signed_for_s3_is_accepted(key: str) -> None:
    from urllib.parse import quote

    url = "http://localhost:4566/bucket/" + quote(key, safe="/~") + "?partNumber=1"
    request = _signed(S3SigV4Auth, "s3", url, b"content", "PUT")

    assert verify(request, _credential(request), SECRET)


def test_verify_presigned_s3_url_is_accepted() -> None:
    request = AWSRequest(method="GET", url="http://localhost:4566/bucket/a%20key?versionId=3")
    S3SigV4QueryAuth(CREDENTIALS, "s3", "eu-west-1", expires=60).add_auth(request)
    received = _as_received(request, b"")
    credential = _credential(received)

    assert credential.presigned
    assert credential.session_token == "token-1"
    assert verify(received, credential, SECRET)


@given(key=st.text(alphabet="aZ0 /é+&=", min_size=1, max_size=9))
def test_verify_presigned_url_of_version_2_is_accepted_unless_altered(key: str) -> None:
    from urllib.parse import quote

    url = f"http://localhost:4566/bucket/{quote(key, safe='/~')}?versionId=3&response-content-type=a%2Fb"
    request = AWSRequest(method="GET", url=url)
    HmacV1QueryAuth(CREDENTIALS, expires=60).add_auth(request)
    received = _as_received(request, b"")
    credential = _credential(received)

    assert (credential.access_key_id, credential.service) == ("AKIDEXAMPLE", "s3")
    assert verify(received, credential, SECRET)
    assert not verify(replace(received, method="PUT"), credential, SECRET)
    assert not verify(replace(received, path=received.path + "x"), credential, SECRET)
    assert not verify(replace(received, query=received.query.replace("versionId=3", "versionId=4")), credential, SECRET)


@pytest.mark.parametrize(
    "altered",
    [
        lambda request: replace(request, body=request.body + b" "),
        lambda request: replace(request, method="GET"),
        lambda request: replace(request, path="/x"),
        lambda request: replace(request, query="a=1"),
        lambda request: replace(request, headers={**request.headers, "x-amz-target": "AmazonSQS.DeleteQueue"}),
        lambda request: replace(request, headers={**request.headers, "x-amz-security-token": "other"}),
    ],
    ids=["body", "method", "path", "query", "header", "token"],
)
def test_verify_altered_request_is_refused(altered: Callable[[Request], Request]) -> None:
    request = altered(_signed())

    assert not verify(request, _credential(request), SECRET)


def test_verify_other_secret_is_refused() -> None:
    request = _signed()

    assert not verify(request, _credential(request), "another")


def test_verify_declared_hash_of_another_body_is_refused() -> None:
    request = _signed(S3SigV4Auth, "s3", "http://localhost:4566/bucket/key", b"content", "PUT")

    assert not verify(replace(request, body=b"Content"), _credential(request), SECRET)


@given(st.text(max_size=200))
def test_find_credential_any_header_gives_a_credential_or_none(text: str) -> None:
    for authorization in (text, "AWS4-HMAC-SHA256 " + text, "AWS4-HMAC-SHA256 Credential=" + text + ", Signature=1"):
        request = Request(
            "POST",
            "/",
            f"X-Amz-Credential={text}&AWSAccessKeyId={text}&Signature=&Expires=",
            {"authorization": authorization},
            b"",
        )
        credential = find_credential(request)
        if credential is not None:
            assert not verify(request, credential, SECRET)
