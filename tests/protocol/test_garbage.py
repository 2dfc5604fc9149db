"""Goal: whatever bytes arrive, a codec answers with the client's error and never with an exception of another kind."""

from __future__ import annotations

from typing import Any

import cbor2
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onebox.errors import AwsError
from onebox.gateway.message import Request
from onebox.gateway.protocols.codec import OperationCodec
from onebox.gateway.protocols.protocols import find_codec
from tests.protocol.peer import SERVICE_PROTOCOLS, operation_models, our_codec, serialized
from tests.protocol.values import Values

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TARGETS = [
    ("json", "sqs", "SendMessageBatch"),
    ("json", "dynamodb", "TransactWriteItems"),
    ("json", "dynamodb", "UpdateTable"),
    ("json", "logs", "PutLogEvents"),
    ("cbor", "cloudwatch", "PutMetricData"),
    ("rest-json", "lambda", "CreateFunction"),
]


def _codec(service: str, protocol: str, operation: str) -> OperationCodec:
    codec = find_codec(service, protocol, operation)
    assert codec is not None
    return codec


def _answers(codec: OperationCodec, request: Request) -> None:
    try:
        codec.decode(request)
    except AwsError as refusal:
        status = codec.encode_error(refusal, "request-1").status
    else:
        return
    assert 400 <= status < 500


@pytest.mark.parametrize(("protocol", "service", "operation"), TARGETS)
@settings(max_examples=60)
@given(data=st.data())
def test_decode_any_value_in_any_member_is_the_clients_error(
    protocol: str, service: str, operation: str, data: st.DataObject
) -> None:
    codec = _codec(service, protocol, operation)
    model = next(item for item in operation_models(service) if item.name == operation)
    shape = model.input_shape
    assert shape is not None
    _, members = Values(data.draw(st.integers(0, 5))).structure(shape)
    names = sorted(shape.members)
    value: dict[str, Any] = {data.draw(st.sampled_from(names)): data.draw(JSON_VALUES) for _ in range(2)}
    path = "/2015-03-31/functions"
    body = cbor2.dumps(value) if protocol == "cbor" else orjson.dumps(_jsonable(value))
    _answers(codec, Request("POST", path, "", {}, body))
    assert members is not None


def _jsonable(value: Any) -> Any:
    """Without integers beyond 64 bits, which orjson does not write (they are tested as bytes below)."""
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    return value % 2**60 if type(value) is int and abs(value) > 2**60 else value


@pytest.mark.parametrize(("service", "protocol"), SERVICE_PROTOCOLS)
@settings(max_examples=40)
@given(data=st.data())
def test_decode_altered_request_is_the_clients_error(service: str, protocol: str, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(operation_models(service)))
    parameters = (
        Values(data.draw(st.integers(0, 3))).structure(operation.input_shape)[1] if operation.input_shape else {}
    )
    request = serialized(protocol, operation, parameters)
    body = bytearray(request.body)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(body)))
        body[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    request.body = bytes(body)
    request.query += data.draw(st.sampled_from(["", "&max-keys=x", "&partNumber=%ff", "&MaxItems=1.5", "&&=%zz"]))
    _answers(our_codec(service, protocol, operation), request)


@pytest.mark.parametrize(
    ("protocol", "service", "operation", "body"),
    [
        ("json", "dynamodb", "PutItem", b'{"Item":' + b"[" * 100_000),
        ("json", "sqs", "SendMessage", b'{"DelaySeconds":99999999999999999999999999,"QueueUrl":"","MessageBody":""}'),
        ("json", "sqs", "SendMessage", b'{"MessageBody":"\\ud800"}'),
        ("cbor", "cloudwatch", "PutMetricData", b"\x81" * 100_000),
        ("cbor", "cloudwatch", "PutMetricData", b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff"),
        ("cbor", "cloudwatch", "PutMetricData", b"\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00"),
        ("cbor", "cloudwatch", "PutMetricData", b"\xa1\x80\x01"),
        ("query", "sns", "Publish", b"Attributes.entry.99999999999999999999.key=1"),
        ("query", "iam", "CreateRole", b"Tags.member.1.Key.x=1&Tags.member.1=2&Tags.member=3"),
        ("rest-xml", "s3", "DeleteObjects", b"<a>" * 100_000),
        ("rest-xml", "s3", "DeleteObjects", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    ],
)
def test_decode_hostile_body_is_the_clients_error(protocol: str, service: str, operation: str, body: bytes) -> None:
    _answers(_codec(service, protocol, operation), Request("POST", "/bucket", "", {}, body))
