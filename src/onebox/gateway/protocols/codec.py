"""One operation in one protocol, compiled: the skeleton that every protocol shares.

A protocol gives three functions (:class:`WireProtocol`); :func:`build_codec` joins them with what is the same in all:
the check for required members, and the answer for an operation that onebox does not offer. Knows nothing of HTTP
servers, services or a particular protocol's syntax.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from onebox.errors import AwsError
from onebox.gateway.message import Request, Response
from onebox.gateway.protocols.compile import MissingFlags, find_missing
from onebox.gateway.protocols.dialects import Dialect, dialect_of, not_offered
from onebox.gateway.specs.loader import ServiceModel, Shape
from onebox.services.context import IncompleteWire, Wire

RequestReader: TypeAlias = Callable[[Request], Wire]
"""The operation's input. Raises AwsError, and nothing else, whatever the client sent."""
ResultWriter: TypeAlias = Callable[[Wire, str], Response]
"""``(result, request id)`` as the answer. Raises InternalFault where the result does not fit the model."""
ErrorWriter: TypeAlias = Callable[[AwsError, str], Response]
"""``(error, request id)`` as the answer, with the error shape's code, status and members."""


@dataclass(frozen=True, slots=True)
class OperationCodec:
    """One operation in one protocol."""

    decode: RequestReader
    decode_beside: RequestReader
    """The same for one other thread: decoders note what is missing, each in a place of its own."""
    encode: ResultWriter
    encode_error: ErrorWriter
    not_offered: Callable[[str], Response]
    """``(request id)``: the answer of a service that does not offer the operation."""


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """One operation of a service's model."""

    model: ServiceModel
    name: str
    definition: dict[str, Any]

    @property
    def input_name(self) -> str | None:
        """The name of the input's shape."""
        return self.definition["input"]["shape"] if "input" in self.definition else None

    @property
    def output_name(self) -> str | None:
        """The name of the output's shape."""
        return self.definition["output"]["shape"] if "output" in self.definition else None

    def load_output(self) -> Shape:
        """The output's shape; one without members for an operation that answers nothing."""
        return self.model.load_shape(self.output_name) if self.output_name is not None else {"members": {}}


@dataclass(frozen=True, slots=True)
class WireProtocol:
    """What tells one protocol from another."""

    name: str
    build_reader: Callable[[OperationSpec, str, Dialect, MissingFlags], RequestReader]
    """``(operation, name of its input's shape, dialect, flags)``: reads requests, and raises the flags for required
    members that are absent. Not called for an operation without input."""
    build_writer: Callable[[OperationSpec], ResultWriter]
    build_error_writer: Callable[[ServiceModel], ErrorWriter]


def build_codec(protocol: WireProtocol, model: ServiceModel, operation_name: str) -> OperationCodec:
    """The codec of one operation. Raises KeyError for an operation that the model does not know."""
    operation = OperationSpec(model, operation_name, model.load_operation(operation_name))
    dialect = dialect_of(model.service, protocol.name)
    encode_error = protocol.build_error_writer(model)
    refusal = not_offered(dialect.unknown_operation(operation_name), model.service, operation_name)
    return OperationCodec(
        decode=_build_decoder(protocol, operation, dialect),
        decode_beside=_build_at_first_use(lambda: _build_decoder(protocol, operation, dialect)),
        encode=protocol.build_writer(operation),
        encode_error=encode_error,
        not_offered=lambda request_id: encode_error(refusal, request_id),
    )


def _build_at_first_use(build: Callable[[], RequestReader]) -> RequestReader:
    built: list[RequestReader] = []

    def decode(request: Request) -> Wire:
        if not built:
            built.append(build())
        return built[0](request)

    return decode


def _build_decoder(protocol: WireProtocol, operation: OperationSpec, dialect: Dialect) -> RequestReader:
    input_name = operation.input_name
    if input_name is None:
        return lambda _: {}
    flags = MissingFlags()
    read = protocol.build_reader(operation, input_name, dialect, flags)
    model = operation.model

    def decode(request: Request) -> Wire:
        flags.raised = False
        wire = read(request)
        if flags.raised:
            if dialect.checks_missing:
                return IncompleteWire(wire)
            raise dialect.missing(find_missing(model, input_name, wire))
        return wire

    return decode
