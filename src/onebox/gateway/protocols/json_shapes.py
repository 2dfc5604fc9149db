"""JSON values to and from service dicts, one specialised function per shape.

Decoders raise the dialect's error for a value of another type; encoders return None where a value can go to
``orjson.dumps`` as it is (strings, numbers, untouched values and containers of these). An ``orjson.Fragment`` in a
result passes through. Used by the JSON protocols, and by rest-json for its bodies.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
from orjson import Fragment

from onebox.errors import InternalFault, ValidationException
from onebox.gateway.protocols.base64_text import decode_base64
from onebox.gateway.protocols.compile import Compiled, MissingFlags, Transform, member_wire_name
from onebox.gateway.protocols.dialects import Dialect
from onebox.gateway.protocols.json_bounds import TOO_MANY_VALUES
from onebox.gateway.protocols.long_texts import LongText
from onebox.gateway.protocols.timestamps import parse_epoch_seconds, write_epoch_seconds
from onebox.gateway.specs.loader import ServiceModel, Shape

_INTEGER_BOUNDS = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_ELEMENTS_MAX = 20_000
"""Elements of a list that the model describes; no service takes more than 10,000 (PutLogEvents)."""
_NOT_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class JsonDecoders:
    """Functions from parsed JSON to service values."""

    def __init__(self, model: ServiceModel, dialect: Dialect, flags: MissingFlags) -> None:
        self._model = model
        self._wrong = dialect.wrong_type
        self._flags = flags
        self._compiled = Compiled()

    def decoder(self, shape_name: str) -> Transform:
        """The function for a shape."""
        made: Transform = self._compiled.once(shape_name, lambda: self._make(self._model.load_shape(shape_name)))
        return made

    def structure(self, shape: Shape, members: dict[str, Shape]) -> Transform:
        """A structure's function, for some of its members (rest-json has others in headers and path)."""
        entries = {
            member_wire_name(name, member): (name, self.decoder(member["shape"])) for name, member in members.items()
        }
        required = tuple(name for name in shape.get("required", ()) if name in members)
        find, wrong, flags = entries.get, self._wrong, self._flags

        def decode(value: Any) -> Any:
            if type(value) is not dict:
                raise wrong(value, "structure")
            out = {}
            for key, item in value.items():
                entry = find(key)
                if entry is not None and item is not None:
                    out[entry[0]] = entry[1](item)
            for name in required:
                if name not in out:
                    flags.raised = True
            return out

        return decode

    def _make(self, shape: Shape) -> Transform:
        kind = shape["type"]
        if kind == "structure":
            return self.structure(shape, shape["members"])
        if kind == "list":
            return self._list(self.decoder(shape["member"]["shape"]))
        if kind == "map":
            return self._map(self.decoder(shape["value"]["shape"]))
        if kind in _INTEGER_BOUNDS:
            return self._integer(kind)
        makers: dict[str, Callable[[], Transform]] = {
            "untouched": lambda: _same,
            "string": self._string,
            "boolean": self._boolean,
            "double": self._double,
            "float": self._double,
            "timestamp": self._timestamp,
            "blob": self._blob,
        }
        return makers[kind]()

    def _list(self, decode_member: Transform) -> Transform:
        wrong = self._wrong

        def decode(value: Any) -> Any:
            if type(value) is not list:
                raise wrong(value, "list")
            if len(value) > _ELEMENTS_MAX:
                raise ValidationException(TOO_MANY_VALUES)
            return value if decode_member is _same else [decode_member(item) for item in value]

        return decode

    def _map(self, decode_value: Transform) -> Transform:
        wrong = self._wrong

        def decode(value: Any) -> Any:
            if type(value) is not dict:
                raise wrong(value, "map")
            return {key: decode_value(item) for key, item in value.items() if item is not None}

        return decode

    def _string(self) -> Transform:
        wrong = self._wrong

        def decode(value: Any) -> Any:
            if type(value) is not str:
                raise wrong(value, "string")
            return value

        return decode

    def _boolean(self) -> Transform:
        wrong = self._wrong

        def decode(value: Any) -> Any:
            if type(value) is not bool:
                raise wrong(value, "boolean")
            return value

        return decode

    def _integer(self, kind: str) -> Transform:
        wrong = self._wrong
        least, most = _INTEGER_BOUNDS[kind]

        def decode(value: Any) -> Any:
            if type(value) is not int:
                # Beyond 64 bits the parser gives a float; services then name the bound that is broken.
                if type(value) is not float or not value.is_integer():
                    raise wrong(value, kind)
                value = int(value)
            return value if least <= value <= most else (least if value < least else most)

        return decode

    def _double(self) -> Transform:
        wrong = self._wrong

        def decode(value: Any) -> Any:
            if type(value) is float:
                return value
            if type(value) is int:
                return float(value)
            if type(value) is str and value in _NOT_NUMBERS:
                return _NOT_NUMBERS[value]
            raise wrong(value, "double")

        return decode

    def _timestamp(self) -> Transform:
        wrong = self._wrong

        def decode(value: Any) -> Any:
            if type(value) is not int and type(value) is not float:
                raise wrong(value, "timestamp")
            return parse_epoch_seconds(value)

        return decode

    def _blob(self) -> Transform:
        wrong = self._wrong

        def decode(value: Any) -> Any:
            if type(value) is LongText:
                decoded: Any = value.from_base64()
            elif type(value) is str:
                decoded = decode_base64(value)
            else:
                raise wrong(value, "blob")
            if decoded is None:
                raise wrong(value, "blob")
            return decoded

        return decode


def _same(value: Any) -> Any:
    return value


class JsonEncoders:
    """Functions from service values to what ``orjson`` writes; None for values that go through as they are."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._compiled = Compiled()

    def encoder(self, shape_name: str) -> Transform | None:
        """The function for a shape, or None."""
        made: Transform | None = self._compiled.once(
            shape_name, lambda: self._make(shape_name, self._model.load_shape(shape_name))
        )
        return made

    def structure(self, shape_name: str, members: dict[str, Shape]) -> Transform:
        """A structure's function, for some of its members."""
        entries = {
            name: (member_wire_name(name, member), self.encoder(member["shape"])) for name, member in members.items()
        }

        def encode(value: Any) -> Any:
            if type(value) is Fragment:
                return value
            out = {}
            for key, item in value.items():
                if item is not None:
                    entry = entries.get(key)
                    if entry is None:
                        raise InternalFault(f"{shape_name} has no member {key}")
                    out[entry[0]] = item if entry[1] is None else entry[1](item)
            return out

        return encode

    def _make(self, shape_name: str, shape: Shape) -> Transform | None:
        kind = shape["type"]
        if kind == "structure":
            return self.structure(shape_name, shape["members"])
        if kind == "list":
            encode_member = self.encoder(shape["member"]["shape"])
            return None if encode_member is None else _list_encoder(encode_member)
        if kind == "map":
            encode_value = self.encoder(shape["value"]["shape"])
            return None if encode_value is None else _map_encoder(encode_value)
        if self._model.service == "cloudwatch" and kind in _FLOATS:
            return _FLOATS[kind]
        return {"blob": _encode_blob, "timestamp": _encode_timestamp, "double": _encode_double}.get(kind)


def _list_encoder(encode_member: Transform) -> Transform:
    return lambda value: value if type(value) is Fragment else [encode_member(item) for item in value]


def _map_encoder(encode_value: Transform) -> Transform:
    return lambda value: value if type(value) is Fragment else {key: encode_value(item) for key, item in value.items()}


def _encode_blob(value: Any) -> Any:
    return value if type(value) is Fragment else b64encode(value).decode("ascii")


def _encode_timestamp(value: Any) -> Any:
    return value if type(value) is Fragment else write_epoch_seconds(value)


def _encode_double(value: Any) -> Any:
    if type(value) is float and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value


# CloudWatch writes whole numbers of these types with a fraction: 41.0, 1765977780.0.
_FLOATS: dict[str, Transform] = {
    "timestamp": lambda value: value / 1000,
    "double": lambda value: _encode_double(float(value)),
}


def dump_json(value: Any) -> bytes:
    """JSON text. Raises InternalFault for what JSON cannot hold, which only a service can have put there."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise InternalFault(f"a result does not fit JSON: {error}") from error
