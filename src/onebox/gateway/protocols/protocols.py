"""The codec of an operation in a protocol, built at its first use and kept.

Knows which builder serves which protocol, and nothing of requests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from onebox.errors import AwsError
from onebox.gateway.message import Response
from onebox.gateway.protocols.cbor import build_cbor_codec, cbor_error_encoder
from onebox.gateway.protocols.codec import OperationCodec
from onebox.gateway.protocols.json_rpc import build_json_codec, json_content_type, json_error_encoder
from onebox.gateway.protocols.query import build_query_codec, query_error_encoder
from onebox.gateway.protocols.rest_json import build_rest_json_codec, rest_json_error_encoder
from onebox.gateway.protocols.rest_xml import build_rest_xml_codec, rest_xml_error_encoder
from onebox.gateway.specs.loader import ServiceModel, load_model

ErrorEncoder = Callable[[AwsError, str], Response]

_CODEC_BUILDERS: dict[str, Callable[[ServiceModel, str], OperationCodec]] = {
    "json": build_json_codec,
    "query": build_query_codec,
    "cbor": build_cbor_codec,
    "rest-json": build_rest_json_codec,
    "rest-xml": build_rest_xml_codec,
}
_ERROR_ENCODERS: dict[str, Callable[[ServiceModel], ErrorEncoder]] = {
    "json": lambda model: json_error_encoder(model, json_content_type(model)),
    "query": query_error_encoder,
    "cbor": cbor_error_encoder,
    "rest-json": rest_json_error_encoder,
    "rest-xml": rest_xml_error_encoder,
}


def find_codec(service: str, protocol: str, operation: str) -> OperationCodec | None:
    """The codec, or None for an operation that the service's model does not know."""
    if not _model(service, protocol).has_operation(operation):
        return None
    return _build(service, protocol, operation)


@cache
def _build(service: str, protocol: str, operation: str) -> OperationCodec:
    return _CODEC_BUILDERS[protocol](_model(service, protocol), operation)


@cache
def find_error_encoder(service: str, protocol: str) -> ErrorEncoder:
    """What writes a service's errors where no operation is known."""
    return _ERROR_ENCODERS[protocol](_model(service, protocol))


def _model(service: str, protocol: str) -> ServiceModel:
    return load_model("sqs-query" if service == "sqs" and protocol == "query" else service)
