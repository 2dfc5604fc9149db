"""The rpc-v2-cbor protocol: CloudWatch with newer SDKs.

https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html. Values are as in JSON except that blobs are byte
strings and timestamps carry tag 1. Knows nothing of services' behaviour.
"""

from __future__ import annotations

import math
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import Any

import cbor2

from onebox.errors import AwsError, InternalFault
from onebox.gateway.message import Request, Response
from onebox.gateway.protocols.codec import ErrorWriter, OperationSpec, RequestReader, ResultWriter, WireProtocol
from onebox.gateway.protocols.compile import Compiled, MissingFlags, Transform
from onebox.gateway.protocols.dialects import Dialect
from onebox.gateway.protocols.error_forms import find_error_form
from onebox.gateway.protocols.json_rpc import error_status, error_type, query_error_header
from onebox.gateway.protocols.json_shapes import JsonDecoders
from onebox.gateway.protocols.timestamps import parse_epoch_seconds, to_ms
from onebox.gateway.specs.loader import ServiceModel, Shape
from onebox.services.context import Wire

_HEADERS = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]


def _build_reader(operation: OperationSpec, input_name: str, dialect: Dialect, flags: MissingFlags) -> RequestReader:
    decode_input = _CborDecoders(operation.model, dialect, flags).decoder(input_name)

    def read(request: Request) -> Wire:
        value = _parse(request.body)
        if value is None:
            raise dialect.malformed()
        wire: Wire = decode_input(value)
        return wire

    return read


def _parse(body: bytes) -> Any:
    """The one value of a body, an empty map for an empty body, None for what is not CBOR."""
    if not body:
        return {}
    stream = BytesIO(body)
    try:
        value = cbor2.CBORDecoder(stream).decode()
    except (cbor2.CBORDecodeError, ValueError, OverflowError, TypeError, RecursionError, MemoryError):
        return None
    return value if stream.tell() == len(body) else None


class _CborDecoders(JsonDecoders):
    """As for JSON, but for blobs and timestamps."""

    def _blob(self) -> Transform:
        wrong = self._wrong

        def decode(value: Any) -> Any:
            if type(value) is not bytes:
                raise wrong(value, "blob")
            return value

        return decode

    def _timestamp(self) -> Transform:
        wrong = self._wrong

        def decode(value: Any) -> Any:
            if isinstance(value, datetime):
                return to_ms(value)
            if (type(value) is not int and type(value) is not float) or not math.isfinite(value):
                raise wrong(value, "timestamp")
            return parse_epoch_seconds(value)

        return decode


class _CborEncoders:
    """Functions from service values to what ``cbor2`` writes."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._compiled = Compiled()

    def encoder(self, shape_name: str) -> Transform:
        """The function for a shape."""
        made: Transform = self._compiled.once(
            shape_name, lambda: self._make(shape_name, self._model.load_shape(shape_name))
        )
        return made

    def _make(self, shape_name: str, shape: Shape) -> Transform:
        kind = shape["type"]
        if kind == "structure":
            return self._structure(shape_name, shape)
        if kind == "list":
            encode_member = self.encoder(shape["member"]["shape"])
            return lambda value: [encode_member(item) for item in value]
        if kind == "map":
            encode_value = self.encoder(shape["value"]["shape"])
            return lambda value: {key: encode_value(item) for key, item in value.items()}
        if kind == "timestamp":
            return lambda value: cbor2.CBORTag(1, value / 1000)
        return float if kind == "double" else _same

    def _structure(self, shape_name: str, shape: Shape) -> Transform:
        encoders = {name: self.encoder(member["shape"]) for name, member in shape["members"].items()}

        def encode(value: Any) -> Any:
            out = {}
            for key, item in value.items():
                if item is not None:
                    if key not in encoders:
                        raise InternalFault(f"{shape_name} has no member {key}")
                    out[key] = encoders[key](item)
            return out

        return encode


def _same(value: Any) -> Any:
    return value


def _dump(value: Any) -> bytes:
    """The value with maps and lists of indefinite length, as AWS writes them."""
    return cbor2.dumps(value, indefinite_containers=True)


def _build_writer(operation: OperationSpec) -> ResultWriter:
    output_name = operation.output_name
    encode_output = _CborEncoders(operation.model).encoder(output_name) if output_name is not None else None

    def write(result: Wire, request_id: str) -> Response:
        body = _dump(encode_output(result) if encode_output is not None else {})
        return Response(200, body, [("x-amzn-RequestId", request_id), *_HEADERS])

    return write


def _build_error_writer(model: ServiceModel, *, query_mode: bool = False) -> ErrorWriter:
    encoders = _CborEncoders(model)

    def write_error(error: AwsError, request_id: str) -> Response:
        form = find_error_form(model, error)
        content: dict[str, Any] = {"__type": error_type(model.service, form)}
        if form.message:
            content[form.message_member] = form.message
        if form.members:
            content.update(encoders.encoder(form.shape_name)(form.members) if form.modelled else form.members)
        headers = [("x-amzn-RequestId", request_id), *_HEADERS, query_error_header(form)]
        return Response(error_status(model.service, form, query_mode), _dump(content), headers)

    return write_error


CBOR = WireProtocol("cbor", _build_reader, _build_writer, _build_error_writer)
CBOR_QUERY_MODE = WireProtocol("cbor", _build_reader, _build_writer, partial(_build_error_writer, query_mode=True))
