"""Form trees (see ``form.py``) into service dicts, one specialised function per shape: the input side of the query
protocol. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onebox.gateway.protocols.compile import Compiled, MissingFlags, Transform, member_wire_name
from onebox.gateway.protocols.dialects import Dialect
from onebox.gateway.protocols.scalars import scalar_parser
from onebox.gateway.specs.loader import ServiceModel, Shape


class QueryDecoders:
    """Functions from a tree's nodes to service values."""

    def __init__(self, model: ServiceModel, dialect: Dialect, flags: MissingFlags) -> None:
        self._model = model
        self._wrong = dialect.wrong_type
        self._flags = flags
        self._compiled = Compiled()

    def decoder(self, shape_name: str, *, flattened: bool = False) -> Transform:
        """The function for a shape; ``flattened`` as a member says it of its list or map."""
        made: Transform = self._compiled.once(
            (shape_name, flattened), lambda: self._make(self._model.load_shape(shape_name), flattened)
        )
        return made

    def _make(self, shape: Shape, flattened: bool) -> Transform:
        kind = shape["type"]
        flat = flattened or bool(shape.get("flattened"))
        if kind == "structure":
            return self._structure(shape)
        if kind == "list":
            return self._list(shape, flat)
        if kind == "map":
            return self._map(shape, flat)
        parse = scalar_parser(kind, shape.get("timestampFormat"))
        wrong = self._wrong

        def decode(value: Any) -> Any:
            if type(value) is not str:
                raise wrong(value, kind)
            try:
                return parse(value)
            except ValueError:
                raise wrong(value, kind) from None

        return decode

    def _structure(self, shape: Shape) -> Transform:
        members = {
            self._wire_name(name, member): (
                name,
                self.decoder(member["shape"], flattened="flattened" in member),
            )
            for name, member in shape["members"].items()
        }
        required = tuple(shape.get("required", ()))
        find, wrong, flags = members.get, self._wrong, self._flags

        def decode(value: Any) -> Any:
            if type(value) is not dict:
                if value != "":
                    raise wrong(value, "structure")
                value = {}
            out = {}
            for key, item in value.items():
                entry = find(key)
                if entry is not None:
                    out[entry[0]] = entry[1](item)
            for name in required:
                if name not in out:
                    flags.raised = True
            return out

        return decode

    def _wire_name(self, name: str, member: Shape) -> str:
        """A flattened list travels under the name of its elements, if they have one."""
        shape = self._model.load_shape(member["shape"])
        if shape["type"] == "list" and (shape.get("flattened") or member.get("flattened")):
            element_name: str | None = shape["member"].get("locationName")
            if element_name:
                return element_name
        return member_wire_name(name, member)

    def _list(self, shape: Shape, flat: bool) -> Transform:
        decode_member = self.decoder(shape["member"]["shape"])
        element_name = None if flat else shape["member"].get("locationName", "member")
        elements = self._numbered(element_name, "list")
        return lambda value: [decode_member(item) for item in elements(value)]

    def _map(self, shape: Shape, flat: bool) -> Transform:
        decode_value = self.decoder(shape["value"]["shape"])
        key_name = shape["key"].get("locationName", "key")
        value_name = shape["value"].get("locationName", "value")
        entries = self._numbered(None if flat else "entry", "map")
        wrong = self._wrong

        def decode(value: Any) -> Any:
            out = {}
            for entry in entries(value):
                if type(entry) is not dict or type(entry.get(key_name)) is not str or value_name not in entry:
                    raise wrong(entry, "map")
                out[entry[key_name]] = decode_value(entry[value_name])
            return out

        return decode

    def _numbered(self, element_name: str | None, kind: str) -> Callable[[Any], list[Any]]:
        """The elements under ``1``, ``2``, … in the order of their numbers; an empty value is an empty list."""
        wrong = self._wrong

        def elements(value: Any) -> list[Any]:
            if type(value) is dict and element_name is not None and value:
                value = value.get(element_name, value)
            if type(value) is not dict:
                if value == "":
                    return []
                raise wrong(value, kind)
            try:
                return [value[number] for number in sorted(value, key=_element_number)]
            except ValueError:
                raise wrong(value, kind) from None

        return elements


def _element_number(text: str) -> int:
    if len(text) > 9 or not text.isascii() or not text.isdigit():
        raise ValueError("not the number of an element")
    return int(text)
