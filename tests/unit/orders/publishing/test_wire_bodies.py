"""Goal: the request bodies that are written by hand for speed are what botocore would send, and pass its validation.

Everything else goes through boto3 with its validation on, which the last test holds.
"""

from __future__ import annotations

import ast
import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.model import OperationModel
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.aws.clients import Aws
from orders.aws.settings import Settings
from orders.domain.order import Order
from orders.processor.dynamodb_client import DynamoDbEndpoint, DynamoDbRefusal
from orders.processor.dynamodb_store import DynamoDbOrders
from orders.publishing.message import Message, make_message
from orders.publishing.topic import OrderTopic
from tests.unit.orders.fakes import FakeClock

SOURCES = Path(__file__).parents[4] / "src" / "orders"
TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:OrderTopic"

# What DynamoDB takes of JSON: texts that are UTF-8, numbers of 38 digits.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.decimals(min_value=-(10**12), max_value=10**12, places=3, allow_nan=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
fields = st.dictionaries(texts.filter(bool), values, max_size=5)
order_fields = st.builds(lambda order_id, rest: {**rest, "orderId": order_id}, texts.filter(bool), fields)
batches = st.lists(
    st.builds(
        lambda text, fields, group: make_message(text, fields)._replace(group=group),
        texts.filter(bool),
        st.fixed_dictionaries({}, optional={"status": texts, "currency": texts, "country": texts, "total": numbers}),
        st.none() | st.text("aZ09+/%&=!~", min_size=1, max_size=128),
    ),
    min_size=1,
    max_size=10,
)


@cache
def operation(service: str, name: str) -> OperationModel:
    return botocore.session.get_session().get_service_model(service).operation_model(name)


def validated(model: OperationModel, parameters: dict[str, Any]) -> dict[str, Any]:
    """What botocore sends for these parameters, which must pass its validation."""
    assert model.input_shape is not None
    report = ParamValidator().validate(parameters, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    protocol = model.service_model.resolved_protocol
    serializer = create_serializer(protocol, include_validation=False)
    request: dict[str, Any] = serializer.serialize_to_request(parameters, model)
    return request


# --- PublishBatch -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sent() -> list[bytes]:
    return []


@pytest.fixture(scope="module")
def topic(sent: list[bytes]) -> OrderTopic:
    """OrderTopic on a boto3 client whose requests are kept and answered here, without a network."""
    aws = Aws(Settings("http://127.0.0.1:1", "eu-west-1", None, ("key", "secret")))
    aws.__dict__["_caller"] = {"Account": "123456789012"}
    topic = OrderTopic(aws)

    def answer(request: Any, **_: object) -> AWSResponse:
        sent.append(request.body)
        response = AWSResponse(request.url, 200, HTTPHeaders(), None)
        # The stub leaves the attribute out.
        response._content = b"<PublishBatchResponse><PublishBatchResult/></PublishBatchResponse>"  # type: ignore[attr-defined]
        return response

    aws.client("sns", retries=1, checked=False).meta.events.register("before-send.sns", answer)
    return topic


@settings(deadline=None)  # the first example loads botocore's models
@given(batch=batches)
def test_publish_batch_is_what_botocore_would_send(batch: list[Message], topic: OrderTopic, sent: list[bytes]) -> None:
    entries = [
        {
            "Id": str(index),
            "Message": message.text,
            "MessageAttributes": {
                one.name: {"DataType": one.kind, "StringValue": one.value} for one in message.attributes
            },
            **({} if message.group is None else {"MessageGroupId": message.group}),
        }
        for index, message in enumerate(batch)
    ]
    theirs = validated(
        operation("sns", "PublishBatch"), {"TopicArn": TOPIC_ARN, "PublishBatchRequestEntries": entries}
    )["body"]
    topic.publish(batch)
    ours = parse_qsl(sent[-1].decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert sorted(ours) == sorted((name, str(value)) for name, value in theirs.items())


# --- DynamoDB ---------------------------------------------------------------------------------------------------------


class Refusing:
    """Keeps each body; refuses the batch and finds every order there, so that each operation is called."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []

    def call(self, operation: str, body: bytes, now_ms: int) -> bytes:
        self.bodies.append((operation, body))
        if operation == "BatchExecuteStatement":
            raise DynamoDbRefusal("ValidationException", "one of them is wrong", {})
        if operation == "PutItem":
            raise DynamoDbRefusal("ConditionalCheckFailedException", "it is there", {})
        return b'{"Item":{"orderId":{"S":"there"}}}'


@settings(deadline=None)  # the first example loads botocore's models
@given(orders=st.lists(order_fields, min_size=1, max_size=3), seen=order_fields, moment=st.none() | texts)
def test_dynamodb_bodies_are_what_botocore_would_send(
    orders: list[dict[str, Any]], seen: dict[str, Any], moment: str | None
) -> None:
    endpoint = Refusing()
    store = DynamoDbOrders(cast("DynamoDbEndpoint", endpoint), "Orders", FakeClock())
    store.insert([Order(one["orderId"], one, None) for one in orders])
    before = {**seen, "timestamp": moment} if moment is not None else seen
    store.replace(Order(orders[0]["orderId"], orders[0], None), Order(seen["orderId"], before, None))
    assert {name for name, _ in endpoint.bodies} == {"BatchExecuteStatement", "PutItem", "GetItem"}
    for name, body in endpoint.bodies:
        parameters = json.loads(body, parse_float=Decimal)
        assert json.loads(validated(operation("dynamodb", name), parameters)["body"]) == json.loads(body)


# --- Everything else --------------------------------------------------------------------------------------------------


def test_validation_is_off_for_the_body_of_publish_batch_alone() -> None:
    switched_off = []
    for path in sorted(set(SOURCES.rglob("*.py")) - {SOURCES / "aws" / "clients.py"}):  # where the switch is
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                for keyword in node.keywords:
                    is_true = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
                    if keyword.arg in ("checked", "parameter_validation") and not is_true:
                        switched_off.append(f"{path.relative_to(SOURCES).as_posix()}: {ast.unparse(keyword)}")
    assert switched_off == ["publishing/topic.py: checked=False"]
    aws = Aws(Settings("http://127.0.0.1:1", "eu-west-1", None, ("key", "secret")))
    assert aws.client("sqs").meta.config.parameter_validation is True, "the switch is on where nobody says otherwise"
