"""What the DynamoDB tests share: a client that lets bad requests out, a table, and a way to expect a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Any


def make_client(client: Callable[..., Any]) -> Client:
    """A DynamoDB client without checks of its own."""
    return client("dynamodb", parameter_validation=False)


def create_table(
    dynamodb: Client, name: str = "Orders", partition: str = "orderId:S", sort: str | None = None, **more: Any
) -> str:
    """A table on demand; keys are given as ``name:kind``, further attributes as ``attributes=["a:N"]``."""
    keys = [partition] if sort is None else [partition, sort]
    attributes = [key.split(":") for key in (*keys, *more.pop("attributes", []))]
    dynamodb.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": key.split(":")[0], "KeyType": kind}
            for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": kind} for attribute, kind in attributes],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )
    return name


def index(name: str, partition: str, sort: str | None = None, projection: Any = "ALL") -> dict[str, Any]:
    """A global index for CreateTable; ``projection`` is ALL, KEYS_ONLY or a list of attributes."""
    schema = [{"AttributeName": partition, "KeyType": "HASH"}]
    if sort is not None:
        schema.append({"AttributeName": sort, "KeyType": "RANGE"})
    if isinstance(projection, list):
        wire = {"ProjectionType": "INCLUDE", "NonKeyAttributes": projection}
    else:
        wire = {"ProjectionType": projection}
    return {"IndexName": name, "KeySchema": schema, "Projection": wire}


def refused(call: Callable[..., Any], code: str = "ValidationException", **request: Any) -> Any:
    """Make the call, which must fail with ``code``; the error's answer, its message under ``["Error"]["Message"]``."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer["Error"]
    return answer


def message(call: Callable[..., Any], code: str = "ValidationException", **request: Any) -> str:
    """The message of a refusal."""
    return str(refused(call, code, **request)["Error"]["Message"])


def all_pages(call: Callable[..., Any], **request: Any) -> list[dict[str, Any]]:
    """The items of all pages."""
    items: list[dict[str, Any]] = []
    while True:
        page = call(**request)
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            return items
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
