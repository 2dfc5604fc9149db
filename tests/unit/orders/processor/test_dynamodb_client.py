"""Goal: every answer of DynamoDB becomes the right kind of error."""

from __future__ import annotations

from typing import Any

import pytest

from orders.errors import OrderUnavailable
from orders.processor.aws_json_client import connect
from orders.processor.dynamodb_client import DYNAMODB, DynamoDbEndpoint, DynamoDbRefusal, read_refusal


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


def test_call_where_nobody_listens_is_unavailable() -> None:
    environment = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    endpoint = DynamoDbEndpoint(connect({**environment, "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"}, DYNAMODB))
    with pytest.raises(OrderUnavailable, match="cannot be reached"):
        endpoint.call("PutItem", b"{}", 0)
