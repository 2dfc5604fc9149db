"""The rest-xml protocol: S3, with its own form of errors and its chunked uploads.

https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. Knows nothing of buckets.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from onebox.errors import AwsError, InternalFault
from onebox.gateway.message import Request, Response, StreamedResponse
from onebox.gateway.protocols.aws_chunked import unchunked
from onebox.gateway.protocols.codec import ErrorWriter, OperationSpec, RequestReader, ResultWriter, WireProtocol
from onebox.gateway.protocols.compile import MissingFlags
from onebox.gateway.protocols.dialects import Dialect
from onebox.gateway.protocols.error_forms import find_error_form
from onebox.gateway.protocols.rest import (
    body_members,
    build_binders,
    build_header_writers,
    not_in_headers,
)
from onebox.gateway.protocols.xml_shapes import XmlDecoders, XmlEncoders, namespace_attribute
from onebox.gateway.protocols.xml_text import escape, escape_message, parse_xml
from onebox.gateway.specs.loader import ServiceModel, Shape
from onebox.services.context import Wire

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_CONTENT_TYPE = ("Content-Type", "application/xml")


def _build_reader(operation: OperationSpec, input_name: str, dialect: Dialect, flags: MissingFlags) -> RequestReader:
    model = operation.model
    shape = model.load_shape(input_name)
    binders = build_binders(model, operation.definition, shape, dialect)
    decode_body = _body_decoder(model, shape, dialect, flags)
    required = frozenset(shape.get("required", ()))

    def read(request: Request) -> Wire:
        try:
            request = unchunked(request)
        except ValueError:
            raise dialect.incomplete_body() from None
        wire: Wire = {}
        for bind in binders:
            bind(request, wire)
        wire.update(decode_body(request.body))
        if not required.issubset(wire):
            flags.raised = True
        return wire

    return read


def _body_decoder(model: ServiceModel, shape: Shape, dialect: Dialect, flags: MissingFlags) -> Callable[[bytes], Wire]:
    payload = shape.get("payload")
    if payload is None:
        return lambda _: {}
    member_name = shape["members"][payload]["shape"]
    kind = model.load_shape(member_name)["type"]
    if kind == "blob":
        return lambda body: {payload: body}
    if kind == "string":
        return lambda body: {payload: _text(body, dialect)} if body else {}
    decode_payload = XmlDecoders(model, dialect, flags).decoder(member_name)

    def decode(body: bytes) -> Wire:
        if not body.strip():
            return {}
        try:
            root = parse_xml(body)
        except ValueError:
            raise dialect.malformed() from None
        return {payload: decode_payload(root)}

    return decode


def _text(body: bytes, dialect: Dialect) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise dialect.malformed() from None


def _build_writer(operation: OperationSpec) -> ResultWriter:
    status = operation.definition["http"].get("responseCode", 200)
    output_name = operation.output_name
    if output_name is None:
        return lambda _, request_id: Response(status, b"", [("x-amz-request-id", request_id)])
    shape = operation.load_output()
    header_writers = build_header_writers(operation.model, shape)
    encode_body = _body_encoder(operation.model, output_name, shape)
    partial = "ContentRange" in shape["members"]

    def write(result: Wire, request_id: str) -> Response:
        headers = [("x-amz-request-id", request_id)]
        rest = not_in_headers(result, header_writers, headers)
        own_status = 206 if partial and result.get("ContentRange") else status
        if isinstance(rest.get("Body"), AsyncIterator):  # its length stands in the header Content-Length
            return StreamedResponse(own_status, b"", headers, chunks=rest["Body"])
        return Response(own_status, encode_body(rest, headers), headers)

    return write


BodyEncoder = Callable[[Wire, list[tuple[str, str]]], bytes]


def _body_encoder(model: ServiceModel, output_name: str, shape: Shape) -> BodyEncoder:
    payload = shape.get("payload")
    if payload is not None:
        return _payload_encoder(model, output_name, payload, shape["members"][payload])
    root = shape.get("locationName", output_name)
    opening = f'{_XML}<{root} xmlns="{model.metadata["xmlNamespace"]}">'
    text_member = shape.get("oneboxTextMember")
    if text_member is not None:
        return lambda rest, headers: _with_type(
            headers, f"{opening}{escape(rest.get(text_member) or '')}</{root}>".encode()
        )
    members = body_members(shape)
    write_content = XmlEncoders(model).content(output_name, members)

    def encode(rest: Wire, headers: list[tuple[str, str]]) -> bytes:
        if not members:
            if rest:
                raise InternalFault(f"{output_name} has no member {next(iter(rest))}")
            return b""
        out = [opening]
        write_content(rest, out)
        out.append(f"</{root}>")
        return _with_type(headers, "".join(out).encode())

    return encode


def _payload_encoder(model: ServiceModel, output_name: str, payload: str, member: Shape) -> BodyEncoder:
    target = model.load_shape(member["shape"])
    write_root = None
    if target["type"] == "structure":
        attributes = "" if namespace_attribute(member) else f' xmlns="{model.metadata["xmlNamespace"]}"'
        tag = str(member.get("locationName") or target.get("locationName") or member["shape"])
        attributes += namespace_attribute(member)
        write_root = XmlEncoders(model).element(member["shape"], tag, attributes=attributes)

    def encode(rest: Wire, headers: list[tuple[str, str]]) -> bytes:
        value = rest.pop(payload, None)
        if rest:
            raise InternalFault(f"{output_name} has no member {next(iter(rest))}")
        if value is None:
            return b""
        if write_root is None:
            return value.encode() if isinstance(value, str) else bytes(value)
        out = [_XML]
        write_root(value, out)
        return _with_type(headers, "".join(out).encode())

    return encode


def _with_type(headers: list[tuple[str, str]], body: bytes) -> bytes:
    headers.append(_CONTENT_TYPE)
    return body


def _build_error_writer(model: ServiceModel) -> ErrorWriter:

    def write_error(error: AwsError, request_id: str) -> Response:
        form = find_error_form(model, error)
        headers = [("x-amz-request-id", request_id)]
        if form.status == 304:
            return Response(form.status, b"", headers)
        out = [f"{_XML}<Error><Code>{escape(form.code)}</Code><Message>{escape_message(form.message)}</Message>"]
        out += (f"<{name}>{escape(str(value))}</{name}>" for name, value in form.members.items() if value is not None)
        out.append(f"<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId></Error>")
        return Response(form.status, _with_type(headers, "".join(out).encode()), headers)

    return write_error


REST_XML = WireProtocol("rest-xml", _build_reader, _build_writer, _build_error_writer)
