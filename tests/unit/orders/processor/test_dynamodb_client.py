"""Goal: requests are signed as botocore signs them, and every answer becomes the right kind of error."""

from __future__ import annotations

import datetime
from typing import Any
from unittest.mock import patch

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from orders.errors import OrderUnavailable
from orders.processor.dynamodb_client import (
    CONTENT_TYPE,
    Credentials,
    DynamoDbEndpoint,
    DynamoDbRefusal,
    Signer,
    read_refusal,
)

HOST = "dynamodb.eu-west-1.amazonaws.com"
tokens = st.none() | st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)


def sign_with_botocore(body: bytes, token: str | None, now_ms: int, target: str) -> str:
    moment = datetime.datetime.fromtimestamp(now_ms // 1000, datetime.timezone.utc)
    request = AWSRequest(
        "POST", f"https://{HOST}/", {"Content-Type": CONTENT_TYPE, "Host": HOST, "X-Amz-Target": target}, body
    )
    signer = botocore.auth.SigV4Auth(BotocoreCredentials("AKID", "secret/+", token), "dynamodb", "eu-west-1")
    with patch.object(botocore.auth, "get_current_datetime", lambda **_: moment.replace(tzinfo=None)):
        signer.add_auth(request)
    return str(request.headers["Authorization"])


@given(st.binary(), tokens, st.integers(0, 4_000_000_000_000))
def test_headers_are_signed_as_botocore_signs_them(body: bytes, token: str | None, now_ms: int) -> None:
    target = "DynamoDB_20120810.PutItem"
    headers = Signer("eu-west-1", Credentials("AKID", "secret/+", token), HOST, "/").headers(target, body, now_ms)
    assert headers["authorization"] == sign_with_botocore(body, token, now_ms, target)


def test_headers_on_the_next_day_use_a_new_key() -> None:
    signer = Signer("eu-west-1", Credentials("AKID", "secret/+"), HOST, "/")
    for now_ms in (1_700_000_000_000, 1_700_086_400_000, 1_700_000_000_000):
        expected = sign_with_botocore(b"{}", None, now_ms, "T.Op")
        assert signer.headers("T.Op", b"{}", now_ms)["authorization"] == expected


@pytest.mark.parametrize(
    ("status", "answer", "kind", "code"),
    [
        (500, b"<html>", "transient", "HTTP 500"),
        (503, b'{"__type":"com.amazonaws#ServiceUnavailable"}', "transient", "ServiceUnavailable"),
        (400, b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}', "transient", "ThrottlingException"),
        (400, b'{"__type":"a#ProvisionedThroughputExceededException"}', "transient", "Provisioned"),
        (400, b'{"__type":"a#ResourceNotFoundException","message":"no table"}', "unmended", "ResourceNotFound"),
        (400, b'{"__type":"a#AccessDeniedException","Message":"no"}', "unmended", "AccessDenied"),
        (400, b'{"__type":"a#ValidationException","message":"bad"}', "refusal", "ValidationException"),
        (400, b"[]", "refusal", "HTTP 400"),
    ],
)
def test_read_refusal_tells_what_helps(status: int, answer: bytes, kind: str, code: str) -> None:
    error: Any = read_refusal(status, answer)
    if kind == "refusal":
        assert isinstance(error, DynamoDbRefusal)
    else:
        assert isinstance(error, OrderUnavailable)
        assert error.transient is (kind == "transient")
    assert error.code.startswith(code)


def test_endpoint_of_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="not an endpoint address"):
        DynamoDbEndpoint("127.0.0.1:80", "us-east-1", Credentials("a", "b"))


def test_call_where_nobody_listens_is_unavailable() -> None:
    endpoint = DynamoDbEndpoint("http://127.0.0.1:1", "us-east-1", Credentials("a", "b"))
    with pytest.raises(OrderUnavailable, match="cannot be reached"):
        endpoint.call("PutItem", b"{}", 0)
