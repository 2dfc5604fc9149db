"""The rest-json protocol: Lambda. https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html

Knows nothing of services' behaviour.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onebox.errors import AwsError, InternalFault
from onebox.gateway.message import Request, Response, StreamedResponse
from onebox.gateway.protocols import event_stream
from onebox.gateway.protocols.codec import ErrorWriter, OperationSpec, RequestReader, ResultWriter, WireProtocol
from onebox.gateway.protocols.compile import MissingFlags
from onebox.gateway.protocols.dialects import Dialect, InvalidRequestContentException
from onebox.gateway.protocols.error_forms import find_error_form
from onebox.gateway.protocols.event_stream import build_event_encoder, encode_each, find_event_stream
from onebox.gateway.protocols.json_bounds import TOO_MANY_VALUES
from onebox.gateway.protocols.json_rpc import encode_error_members
from onebox.gateway.protocols.json_shapes import JsonDecoders, JsonEncoders, dump_json
from onebox.gateway.protocols.long_texts import load_json
from onebox.gateway.protocols.rest import (
    HeaderWriter,
    body_members,
    build_binders,
    build_header_writers,
    find_status_member,
    not_in_headers,
)
from onebox.gateway.specs.loader import ServiceModel, Shape
from onebox.services.context import Wire

_CONTENT_TYPE = ("Content-Type", "application/json")


def _build_reader(operation: OperationSpec, input_name: str, dialect: Dialect, flags: MissingFlags) -> RequestReader:
    model = operation.model
    shape = model.load_shape(input_name)
    binders = build_binders(model, operation.definition, shape, dialect)
    decode_body = _body_decoder(model, shape, dialect, flags)
    required = frozenset(shape.get("required", ()))

    def read(request: Request) -> Wire:
        wire = decode_body(request.body)
        for bind in binders:
            bind(request, wire)
        if not required.issubset(wire):
            flags.raised = True
        return wire

    return read


def _body_decoder(model: ServiceModel, shape: Shape, dialect: Dialect, flags: MissingFlags) -> Callable[[bytes], Wire]:
    decoders = JsonDecoders(model, dialect, flags)
    payload = shape.get("payload")
    if payload is not None:
        member = model.load_shape(shape["members"][payload]["shape"])
        if member["type"] == "blob":
            return lambda body: {payload: body} if body else {}
        decode_payload = decoders.decoder(shape["members"][payload]["shape"])
        return lambda body: {payload: decode_payload(_loads(body, dialect))} if body else {}
    members = body_members(shape)
    if not members:
        return lambda _: {}
    decode_members = decoders.structure(shape, members)

    def decode(body: bytes) -> Wire:
        wire: Wire = decode_members(_loads(body, dialect) if body else {})
        return wire

    return decode


def _loads(body: bytes, dialect: Dialect) -> Any:
    try:
        value = load_json(body)
    except OverflowError:
        raise InvalidRequestContentException(TOO_MANY_VALUES) from None
    except ValueError:
        raise dialect.malformed() from None
    if value is None or type(value) is str:
        raise dialect.malformed()
    return value


def _build_writer(operation: OperationSpec) -> ResultWriter:
    status = operation.definition["http"].get("responseCode", 200)
    output_name = operation.output_name
    if output_name is None:
        return lambda _, request_id: Response(status, b"", [("x-amzn-RequestId", request_id), _CONTENT_TYPE])
    shape = operation.load_output()
    header_writers = build_header_writers(operation.model, shape)
    status_member = find_status_member(shape)
    stream = find_event_stream(operation.model, shape)
    if stream is not None:
        return _build_stream_writer(operation, stream, header_writers, status_member)
    encode_body = _body_encoder(operation.model, output_name, shape)

    def write(result: Wire, request_id: str) -> Response:
        headers = [("x-amzn-RequestId", request_id), _CONTENT_TYPE]
        rest = not_in_headers(result, header_writers, headers)
        own_status = rest.pop(status_member, status) if status_member is not None else status
        body = encode_body(rest) if own_status != 204 else b""
        return Response(own_status, body, headers)

    return write


def _build_stream_writer(
    operation: OperationSpec, stream: str, header_writers: dict[str, HeaderWriter], status_member: str | None
) -> ResultWriter:
    """The writer of an operation whose answer is a stream of events, or none (status 204)."""
    encode = build_event_encoder(operation.model, operation.load_output()["members"][stream]["shape"])

    def write(result: Wire, request_id: str) -> Response:
        headers = [("x-amzn-RequestId", request_id), event_stream.CONTENT_TYPE]
        rest = not_in_headers(result, header_writers, headers)
        status = 200 if status_member is None else rest.pop(status_member, 200)
        events = rest.pop(stream, None)
        if events is None:
            return Response(status, b"", headers)
        return StreamedResponse(status, b"", headers, chunks=encode_each(encode, events))

    return write


def _body_encoder(model: ServiceModel, output_name: str, shape: Shape) -> Callable[[Wire], bytes]:
    encoders = JsonEncoders(model)
    payload = shape.get("payload")
    if payload is None:
        members = body_members(shape)
        encode_members = encoders.structure(output_name, members)
        return lambda rest: dump_json(encode_members(rest))
    member_name = shape["members"][payload]["shape"]
    encode_payload = encoders.encoder(member_name)
    is_blob = model.load_shape(member_name)["type"] == "blob"

    def encode(rest: Wire) -> bytes:
        value = rest.pop(payload, None)
        if rest:
            raise InternalFault(f"{output_name} has no member {next(iter(rest))}")
        if value is None:
            return b""
        if is_blob:
            return bytes(value)
        return dump_json(value if encode_payload is None else encode_payload(value))

    return encode


def _build_error_writer(model: ServiceModel) -> ErrorWriter:
    """The code goes in a header, whose fault it is and the message in the body."""
    encoders = JsonEncoders(model)

    def write_error(error: AwsError, request_id: str) -> Response:
        form = find_error_form(model, error)
        content: dict[str, Any] = {}
        says_whose = error.members.get("Type", "") is not None
        if form.modelled and says_whose and "Type" in model.load_shape(form.shape_name)["members"]:
            content["Type"] = "Service" if form.receiver_fault else "User"
        if form.message:
            content[form.message_member] = form.message
        content.update(encode_error_members(model, encoders, form))
        headers = [("x-amzn-RequestId", request_id), ("x-amzn-ErrorType", form.shape_name), _CONTENT_TYPE]
        return Response(form.status, dump_json(content), headers)

    return write_error


REST_JSON = WireProtocol("rest-json", _build_reader, _build_writer, _build_error_writer)
