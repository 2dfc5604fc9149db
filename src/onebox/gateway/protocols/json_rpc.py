"""The awsJson1.0 and awsJson1.1 protocols: DynamoDB, SQS, CloudWatch Logs, and CloudWatch when a client chooses it.

https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html. Services that also had a query protocol name the older
code in ``x-amzn-query-error``. Knows nothing of services' behaviour.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

import orjson

from onebox.errors import AwsError, InternalFault, ValidationException
from onebox.gateway.message import Request, Response
from onebox.gateway.protocols.codec import OperationCodec
from onebox.gateway.protocols.compile import MissingFlags, Transform, find_missing
from onebox.gateway.protocols.dialects import dialect_of
from onebox.gateway.protocols.error_forms import ErrorForm, find_error_form
from onebox.gateway.protocols.json_bounds import COUNTED_FROM_BYTES, is_cheap_json
from onebox.gateway.protocols.json_shapes import JsonDecoders, JsonEncoders
from onebox.gateway.specs.loader import ServiceModel
from onebox.services.context import Wire

_ERROR_NAMESPACES = {
    "sqs": "com.amazonaws.sqs#",
    "dynamodb": "com.amazonaws.dynamodb.v20120810#",
    "cloudwatch": "com.amazonaws.cloudwatch#",
    "logs": "",
}
_BODY_BYTES_MAX = {"dynamodb": 16 * 1024 * 1024, "dynamodbstreams": 1024 * 1024}
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
_FRAMEWORK_NAMESPACE = "com.amazon.coral.service#"
_VALIDATION_NAMESPACE = "com.amazon.coral.validate#"
# JSON names these errors of the framework by exception, query by code; services may raise either.
_FRAMEWORK_EXCEPTIONS = {
    "InvalidParameterValue": "InvalidParameterValueException",
    "InvalidParameterCombination": "InvalidParameterCombinationException",
    "MissingParameter": "MissingRequiredParameterException",
    "InvalidAction": "UnknownOperationException",
    "AccessDenied": "AccessDeniedException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "ExpiredToken": "ExpiredTokenException",
}
_QUERY_CODES = {exception: code for code, exception in _FRAMEWORK_EXCEPTIONS.items()}


class RequestEntityTooLarge(AwsError):
    """The body is larger than the service takes."""

    status = 413


def build_json_codec(model: ServiceModel, operation_name: str) -> OperationCodec:
    """The codec of one operation. Raises KeyError for an operation that the model does not know."""
    operation = model.load_operation(operation_name)
    content_type = json_content_type(model)
    encode_error = json_error_encoder(model, content_type)
    unknown = dialect_of(model.service, "json").unknown_operation
    return OperationCodec(
        decode=_request_decoder(model, operation),
        encode=_result_encoder(model, operation, content_type),
        encode_error=encode_error,
        unknown_operation=lambda request_id: encode_error(unknown(operation_name), request_id),
    )


def json_content_type(model: ServiceModel) -> str:
    """``application/x-amz-json-1.0`` or ``…-1.1``."""
    return f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}"


def _request_decoder(model: ServiceModel, operation: dict[str, Any]) -> Callable[[Request], Wire]:
    dialect = dialect_of(model.service, "json")
    flags = MissingFlags()
    input_name = operation["input"]["shape"] if "input" in operation else None
    decode_input: Transform = JsonDecoders(model, dialect, flags).decoder(input_name) if input_name else lambda _: {}
    loads = orjson.loads
    most_bytes = _BODY_BYTES_MAX.get(model.service)

    def decode(request: Request) -> Wire:
        flags.raised = False
        body = request.body
        if len(body) >= COUNTED_FROM_BYTES:
            _check_size(body, most_bytes)
        try:
            value = loads(body)
        except orjson.JSONDecodeError:
            if body:
                raise dialect.malformed() from None
            value = {}
        if value is None or type(value) is str:
            raise dialect.malformed()
        wire: Wire = decode_input(value)
        if flags.raised:
            raise dialect.missing(find_missing(model, str(input_name), wire))
        return wire

    return decode


def _check_size(body: bytes, most_bytes: int | None) -> None:
    """Refuse a large body that would hold up everybody else while it is parsed."""
    if most_bytes is not None and len(body) > most_bytes:
        raise RequestEntityTooLarge(f"The request is larger than {most_bytes} bytes.")
    if not is_cheap_json(body):
        raise ValidationException("The request holds more values than onebox takes at once")


def _result_encoder(
    model: ServiceModel, operation: dict[str, Any], content_type: str
) -> Callable[[Wire, str], Response]:
    encode_output = JsonEncoders(model).encoder(operation["output"]["shape"]) if "output" in operation else None
    checksummed = model.service == "dynamodb"
    content_header = ("Content-Type", content_type)

    def encode(result: Wire, request_id: str) -> Response:
        body = dump_json(encode_output(result)) if encode_output else b""
        headers = [("x-amzn-RequestId", request_id), content_header]
        if checksummed:
            headers.append(("x-amz-crc32", str(crc32(body))))
        return Response(200, body, headers)

    return encode


def dump_json(value: Any) -> bytes:
    """JSON text. Raises InternalFault for what JSON cannot hold, which only a service can have put there."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise InternalFault(f"a result does not fit JSON: {error}") from error


def json_error_encoder(model: ServiceModel, content_type: str) -> Callable[[AwsError, str], Response]:
    """The function that writes errors in the JSON protocols."""
    encoders = JsonEncoders(model)
    query_compatible = "awsQueryCompatible" in model.metadata

    def encode_error(error: AwsError, request_id: str) -> Response:
        form = find_error_form(model, error, _framework_status(model.service, error))
        content: dict[str, Any] = {"__type": error_type(model.service, form)}
        if form.message:
            content[_message_key(form)] = form.message
        content.update(encode_error_members(model, encoders, form))
        body = dump_json(content)
        headers = [("x-amzn-RequestId", request_id), ("Content-Type", content_type)]
        if query_compatible:
            headers.append(query_error_header(form))
        if model.service == "dynamodb":
            headers.append(("x-amz-crc32", str(crc32(body))))
        return Response(form.status, body, headers)

    return encode_error


def _framework_status(service: str, error: AwsError) -> int | None:
    # The framework answers 400 to what is wrong with a JSON request as such; only the REST services say 404 or 403.
    if isinstance(error, RequestEntityTooLarge):
        return error.status
    return 500 if error.receiver_fault or error.status >= 500 else 400


def _message_key(form: ErrorForm) -> str:
    return "Message" if form.code == "SerializationException" else form.message_member


def error_type(service: str, form: ErrorForm) -> str:
    """``__type`` with the namespace that AWS sends."""
    namespace = _ERROR_NAMESPACES.get(service, "")
    if form.modelled:
        return namespace + form.shape_name
    name = _FRAMEWORK_EXCEPTIONS.get(form.shape_name, form.shape_name)
    if not namespace:
        return name
    if service == "dynamodb" and name == "ValidationException":
        return _VALIDATION_NAMESPACE + name
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
