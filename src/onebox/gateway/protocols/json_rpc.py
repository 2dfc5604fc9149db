"""The awsJson1.0 and awsJson1.1 protocols: DynamoDB, SQS, CloudWatch Logs, and CloudWatch when a client chooses it.

https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html. Services that also had a query protocol name the older
code in ``x-amzn-query-error``. Knows nothing of services' behaviour.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from zlib import crc32

import orjson

from onebox.errors import AwsError, SerializationException, ValidationException
from onebox.gateway.message import Request, Response, StreamedResponse
from onebox.gateway.protocols import event_stream
from onebox.gateway.protocols.codec import ErrorWriter, OperationSpec, RequestReader, ResultWriter, WireProtocol
from onebox.gateway.protocols.compile import MissingFlags
from onebox.gateway.protocols.dialects import Dialect
from onebox.gateway.protocols.error_forms import ErrorForm, find_error_form
from onebox.gateway.protocols.event_stream import build_event_encoder, encode_each, encode_rpc, find_event_stream
from onebox.gateway.protocols.json_bounds import COUNTED_FROM_BYTES, TOO_MANY_VALUES, is_cheap_json
from onebox.gateway.protocols.json_shapes import JsonDecoders, JsonEncoders, dump_json
from onebox.gateway.protocols.type_faults import find_type_fault
from onebox.gateway.specs.loader import ServiceModel
from onebox.ids import long_request_id
from onebox.services.context import Wire

_ERROR_NAMESPACES = {
    "sqs": "com.amazonaws.sqs#",
    "dynamodb": "com.amazonaws.dynamodb.v20120810#",
    "dynamodbstreams": "com.amazonaws.dynamodb.v20120810#",
    "cloudwatch": "com.amazonaws.cloudwatch.v2010_08_01#",
    "logs": "",
    "ssm": "",
    "ecr": "",
}
_CHECKSUMMED = frozenset(("dynamodb", "dynamodbstreams"))
"""Services of one framework: x-amz-crc32 in every answer, constraints that its validator refuses."""
_FRAMEWORK_NAMESPACE = "com.amazon.coral.service#"
_VALIDATION_NAMESPACE = "com.amazon.coral.validate#"
_VALIDATING = _CHECKSUMMED | {"cloudwatch"}
# JSON names these errors of the framework by exception, query by code; services may raise either.
_FRAMEWORK_EXCEPTIONS = {
    "InvalidParameterValue": "InvalidParameterValueException",
    "InvalidParameterCombination": "InvalidParameterCombinationException",
    "MissingParameter": "MissingRequiredParameterException",
    "ValidationError": "ValidationException",
    "InvalidAction": "UnknownOperationException",
    "AccessDenied": "AccessDeniedException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "ExpiredToken": "ExpiredTokenException",
}
_QUERY_CODES = {exception: code for code, exception in _FRAMEWORK_EXCEPTIONS.items()}


def _content_type(model: ServiceModel) -> tuple[str, str]:
    """The header: ``application/x-amz-json-1.0`` or ``…-1.1``."""
    return ("Content-Type", f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}")


def _build_reader(operation: OperationSpec, input_name: str, dialect: Dialect, flags: MissingFlags) -> RequestReader:
    decode_input = JsonDecoders(operation.model, dialect, flags).decoder(input_name)
    loads = orjson.loads

    def read(request: Request) -> Wire:
        body = request.body
        if len(body) >= COUNTED_FROM_BYTES and not is_cheap_json(body):
            raise ValidationException(TOO_MANY_VALUES)
        try:
            value = loads(body)
        except orjson.JSONDecodeError:
            if body:
                raise dialect.malformed() from None
            value = {}
        if value is None or type(value) is str:
            raise dialect.malformed()
        try:
            wire: Wire = decode_input(value)
        except SerializationException:
            if dialect.says_which_type:
                fault = find_type_fault(operation.model, input_name, value)
                raise SerializationException(fault or "") from None
            raise
        return wire

    return read


def _build_writer(operation: OperationSpec) -> ResultWriter:
    stream = find_event_stream(operation.model, operation.load_output())
    if stream is not None:
        return _build_stream_writer(operation, stream)
    output_name = operation.output_name
    encode_output = JsonEncoders(operation.model).encoder(output_name) if output_name is not None else None
    checksummed = operation.model.service in _CHECKSUMMED
    content_header = _content_type(operation.model)

    def write(result: Wire, request_id: str) -> Response:
        body = dump_json(encode_output(result)) if encode_output else b""
        if checksummed:
            headers = [*dynamodb_headers(body, request_id), content_header]
        else:
            headers = [("x-amzn-RequestId", request_id), content_header]
        return Response(200, body, headers)

    return write


def _build_stream_writer(operation: OperationSpec, stream: str) -> ResultWriter:
    """The writer of an operation that answers with a stream of events and nothing besides."""
    encode = build_event_encoder(operation.model, operation.load_output()["members"][stream]["shape"])

    def write(result: Wire, request_id: str) -> Response:
        headers = [("x-amzn-RequestId", request_id), event_stream.CONTENT_TYPE]
        return StreamedResponse(200, b"", headers, chunks=encode_rpc({}, encode_each(encode, result[stream])))

    return write


def dynamodb_headers(body: bytes, request_id: str) -> list[tuple[str, str]]:
    return [
        ("Server", "Server"),
        ("x-amzn-RequestId", long_request_id(request_id)),
        ("x-amz-crc32", str(crc32(body))),
    ]


def _build_error_writer(model: ServiceModel, *, query_mode: bool = False) -> ErrorWriter:
    content_type = _content_type(model)
    encoders = JsonEncoders(model)
    query_compatible = "awsQueryCompatible" in model.metadata

    def write_error(error: AwsError, request_id: str) -> Response:
        form = find_error_form(model, error, _framework_status(model.service, error))
        content: dict[str, Any] = {"__type": error_type(model.service, form)}
        if form.message:
            content[_message_key(form)] = form.message
        content.update(encode_error_members(model, encoders, form))
        body = dump_json(content)
        if model.service in _CHECKSUMMED:
            headers = [*dynamodb_headers(body, request_id), content_type]
        else:
            headers = [("x-amzn-RequestId", request_id), content_type]
        if query_compatible:
            headers.append(query_error_header(form))
        return Response(error_status(model.service, form, query_mode), body, headers)

    return write_error


def _framework_status(service: str, error: AwsError) -> int | None:
    # The framework answers 400 to what is wrong with a JSON request as such; only the REST services say 404 or 403.
    return 500 if error.receiver_fault or error.status >= 500 else 400


def error_status(service: str, form: ErrorForm, query_mode: bool) -> int:
    """CloudWatch's modelled statuses (404, 409) are those of its query protocol; a client that asks for them by
    ``x-amzn-query-mode`` gets them, others 400."""
    if service == "cloudwatch" and form.modelled and not query_mode and form.status < 500:
        return 400
    return form.status


def _message_key(form: ErrorForm) -> str:
    return "Message" if form.code == "SerializationException" else form.message_member


def error_type(service: str, form: ErrorForm) -> str:
    """``__type`` with the namespace that AWS sends."""
    namespace = _ERROR_NAMESPACES.get(service, "")
    name = form.shape_name if form.modelled else _FRAMEWORK_EXCEPTIONS.get(form.shape_name, form.shape_name)
    if service in _VALIDATING and name == "ValidationException":
        return _VALIDATION_NAMESPACE + name
    if form.modelled or not namespace:
        return namespace + name
    return _FRAMEWORK_NAMESPACE + name


def query_error_header(form: ErrorForm) -> tuple[str, str]:
    """The older code and whose fault it is, for clients that knew the query protocol."""
    code = form.code if form.modelled else _QUERY_CODES.get(form.code, form.code)
    return ("x-amzn-query-error", f"{code};{'Receiver' if form.receiver_fault else 'Sender'}")


def encode_error_members(model: ServiceModel, encoders: JsonEncoders, form: ErrorForm) -> dict[str, Any]:
    """The error's further members, in their wire form."""
    if not form.members:
        return {}
    if not form.modelled:
        return {key: value for key, value in form.members.items() if value is not None}
    encode_members = encoders.encoder(form.shape_name)
    assert encode_members is not None, "an error shape is a structure"
    encoded: dict[str, Any] = encode_members(form.members)
    return encoded


JSON = WireProtocol("json", _build_reader, _build_writer, _build_error_writer)
JSON_QUERY_MODE = WireProtocol("json", _build_reader, _build_writer, partial(_build_error_writer, query_mode=True))
"""For clients that knew the query protocol: errors keep its statuses."""
