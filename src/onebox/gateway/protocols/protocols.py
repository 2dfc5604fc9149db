"""The codec of an operation in a protocol, built at its first use and kept.

Knows which protocols there are, and nothing of requests.
"""

from __future__ import annotations

from functools import cache

from onebox.gateway.protocols.cbor import CBOR, CBOR_QUERY_MODE
from onebox.gateway.protocols.codec import ErrorWriter, OperationCodec, WireProtocol, build_codec
from onebox.gateway.protocols.json_rpc import JSON, JSON_QUERY_MODE
from onebox.gateway.protocols.query import QUERY
from onebox.gateway.protocols.rest_json import REST_JSON
from onebox.gateway.protocols.rest_xml import REST_XML
from onebox.gateway.protocols.sqs_query import SQS_QUERY, SQS_QUERY_JSON
from onebox.gateway.specs.loader import ServiceModel, load_model

PROTOCOLS = {protocol.name: protocol for protocol in (JSON, QUERY, CBOR, REST_JSON, REST_XML)} | {
    "json-query-mode": JSON_QUERY_MODE,
    "cbor-query-mode": CBOR_QUERY_MODE,
}
_SQS_PROTOCOLS = PROTOCOLS | {"query": SQS_QUERY, "query-json": SQS_QUERY_JSON}


def find_codec(service: str, protocol: str, operation: str) -> OperationCodec | None:
    """The codec, or None for an operation that the service's model does not know."""
    if not _model(service, protocol).has_operation(operation):
        return None
    return _build(service, protocol, operation)


@cache
def _build(service: str, protocol: str, operation: str) -> OperationCodec:
    return build_codec(_protocol(service, protocol), _model(service, protocol), operation)


@cache
def find_error_encoder(service: str, protocol: str) -> ErrorWriter:
    """What writes a service's errors where no operation is known."""
    return _protocol(service, protocol).build_error_writer(_model(service, protocol))


def _protocol(service: str, protocol: str) -> WireProtocol:
    return _SQS_PROTOCOLS[protocol] if service == "sqs" else PROTOCOLS[protocol]


def _model(service: str, protocol: str) -> ServiceModel:
    return load_model("sqs-query" if service == "sqs" and protocol.startswith("query") else service)
