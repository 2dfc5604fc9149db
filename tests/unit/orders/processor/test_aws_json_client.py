"""Goal: requests are signed as botocore signs them, and go to the address that the environment means."""

from __future__ import annotations

import datetime
from unittest.mock import patch

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from orders.processor.aws_json_client import (
    CONTENT_TYPE,
    AwsJsonClient,
    Service,
    Signer,
    Unreachable,
    read_error,
)
from orders.processor.signature import Credentials

HOST = "dynamodb.eu-west-1.amazonaws.com"
tokens = st.none() | st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)


def sign_with_botocore(body: bytes, token: str | None, now_ms: int, target: str, service: str = "dynamodb") -> str:
    moment = datetime.datetime.fromtimestamp(now_ms // 1000, datetime.timezone.utc)
    request = AWSRequest(
        "POST", f"https://{HOST}/", {"Content-Type": CONTENT_TYPE, "Host": HOST, "X-Amz-Target": target}, body
    )
    signer = botocore.auth.SigV4Auth(BotocoreCredentials("AKID", "secret/+", token), service, "eu-west-1")
    with patch.object(botocore.auth, "get_current_datetime", lambda **_: moment.replace(tzinfo=None)):
        signer.add_auth(request)
    return str(request.headers["Authorization"])


@given(st.binary(), tokens, st.integers(0, 4_000_000_000_000), st.sampled_from(["dynamodb", "sqs"]))
def test_headers_are_signed_as_botocore_signs_them(body: bytes, token: str | None, now_ms: int, service: str) -> None:
    target = "DynamoDB_20120810.PutItem"
    signer = Signer(service, "eu-west-1", Credentials("AKID", "secret/+", token), HOST, "/")
    headers = signer.headers(target, body, now_ms)
    assert headers["authorization"] == sign_with_botocore(body, token, now_ms, target, service)


def test_headers_on_the_next_day_use_a_new_key() -> None:
    signer = Signer("dynamodb", "eu-west-1", Credentials("AKID", "secret/+"), HOST, "/")
    for now_ms in (1_700_000_000_000, 1_700_086_400_000, 1_700_000_000_000):
        expected = sign_with_botocore(b"{}", None, now_ms, "T.Op")
        assert signer.headers("T.Op", b"{}", now_ms)["authorization"] == expected


def test_client_of_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="not an endpoint address"):
        AwsJsonClient("127.0.0.1:80", Service("sqs", "AmazonSQS"), "us-east-1", Credentials("a", "b"))


def test_call_where_nobody_listens_is_unreachable_and_names_the_error() -> None:
    client = AwsJsonClient("http://127.0.0.1:1", Service("sqs", "AmazonSQS"), "us-east-1", Credentials("a", "b"))
    with pytest.raises(Unreachable) as caught:
        client.call("SendMessageBatch", b"{}", 0)
    assert caught.value.code == "ConnectionRefusedError"


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"[" * 100_000, b"\xff"])
def test_an_error_of_any_form_has_a_code_and_a_message(answer: bytes) -> None:
    assert read_error(503, answer)[:2] == ("HTTP 503", "the service gave no reason")
