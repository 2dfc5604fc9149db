"""botocore as the other end of the wire: its serializers make our requests, its parsers read our answers."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.awsrequest import HeadersDict
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from onebox.gateway.message import Request, Response
from onebox.gateway.protocols.codec import OperationCodec
from onebox.gateway.protocols.protocols import find_codec

PROTOCOLS = {
    "sqs": ("json",),
    "sns": ("query",),
    "dynamodb": ("json",),
    "lambda": ("rest-json",),
    "logs": ("json",),
    "cloudwatch": ("cbor", "json", "query"),
    "iam": ("query",),
    "sts": ("query",),
    "cloudformation": ("query",),
    "s3": ("rest-xml",),
}
_BOTOCORE_NAMES = {"cbor": "smithy-rpc-v2-cbor"}
SERVICE_PROTOCOLS = [(service, protocol) for service, protocols in PROTOCOLS.items() for protocol in protocols]


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's own model."""
    return ServiceModel(_raw_model(service), service)


@cache
def _raw_model(service: str) -> dict[str, Any]:
    model: dict[str, Any] = Loader().load_service_model(service, "service-2")
    return model


def raw_shape(service: str, name: str) -> dict[str, Any]:
    """A shape as botocore's file has it."""
    shape: dict[str, Any] = _raw_model(service)["shapes"][name]
    return shape


def operation_models(service: str) -> list[OperationModel]:
    """Every operation of a service but those that stream events and S3's deprecated ones, whose members clash."""
    model = service_model(service)
    operations = [model.operation_model(name) for name in model.operation_names]
    return [
        item
        for item in operations
        if not item.has_event_stream_input
        and not item.has_event_stream_output
        and not (service == "s3" and item.deprecated)
    ]


def our_codec(service: str, protocol: str, operation: OperationModel) -> OperationCodec:
    """The codec under test."""
    codec = find_codec(service, protocol, operation.name)
    assert codec is not None
    return codec


def serialized(protocol: str, operation: OperationModel, parameters: dict[str, Any]) -> Request:
    """The request that botocore would send."""
    serializer = create_serializer(_BOTOCORE_NAMES.get(protocol, protocol), include_validation=False)
    sent = serializer.serialize_to_request(parameters, operation)
    parts = urlsplit(sent["url_path"])
    body = sent["body"]
    if isinstance(body, dict):
        body = urlencode(body, doseq=True)
    if isinstance(body, str):
        body = body.encode()
    query = "&".join(part for part in (parts.query, urlencode(sent["query_string"] or {}, doseq=True)) if part)
    headers = {name.lower(): str(value) for name, value in sent["headers"].items()}
    headers["host"] = "localhost:4566"
    return Request(sent["method"], parts.path, query, headers, body or b"")


def parsed(protocol: str, operation: OperationModel, response: Response) -> dict[str, Any]:
    """What botocore's caller would see, without the metadata."""
    parser = create_parser(_BOTOCORE_NAMES.get(protocol, protocol))
    headers = HeadersDict(response.headers)
    raw = {"status_code": response.status, "headers": headers, "body": response.body, "context": {}}
    payload = operation.output_shape.serialization.get("payload") if operation.output_shape else None
    if operation.has_streaming_output:
        # botocore hands streams through unread.
        raw["body"] = b""
    # botocore takes None for an operation without an answer; its stub does not say so.
    result: dict[str, Any] = parser.parse(raw, operation.output_shape)  # type: ignore[arg-type]
    if response.status < 300:
        result.pop("ResponseMetadata", None)
    if operation.has_streaming_output and payload is not None:
        result[payload] = response.body
    if result.get("Metadata") == {}:
        del result["Metadata"]
    return result


def parsed_members(protocol: str, error_shape: Shape, response: Response) -> dict[str, Any]:
    """The members of a modelled error as botocore's caller sees them."""
    parser = create_parser(_BOTOCORE_NAMES.get(protocol, protocol))
    raw = {
        "status_code": response.status,
        "headers": HeadersDict(response.headers),
        "body": response.body,
        "context": {},
    }
    members: dict[str, Any] = parser.parse(raw, error_shape)
    return members
