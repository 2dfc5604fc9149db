"""Turning shapes into functions, each shape once, at the first use of an operation.

A compiler keeps what it built by key; a shape that contains itself gets, while it is being built, a function that
calls through a cell. What the functions do with a value is a protocol's business; this module knows only shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from onebox.gateway.protocols.dialects import Path
from onebox.gateway.specs.loader import ServiceModel, Shape

Transform = Callable[[Any], Any]


class Compiled:
    """Functions by key. ``once`` builds one at most once and ties recursive knots."""

    def __init__(self) -> None:
        self._built: dict[Hashable, Any] = {}
        self._cells: dict[Hashable, list[Any]] = {}

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The function for ``key``; while it is being made, one that calls it later."""
        if key in self._built:
            return self._built[key]
        if key in self._cells:
            cell = self._cells[key]
            return lambda *arguments: cell[0](*arguments)
        cell = self._cells[key] = []
        made = make()
        cell.append(made)
        del self._cells[key]
        self._built[key] = made
        return made


class MissingFlags:
    """Set by a structure's decoder that misses a required member; the places are searched only then."""

    __slots__ = ("raised",)

    def __init__(self) -> None:
        self.raised = False


def find_missing(model: ServiceModel, shape_name: str, value: Any, path: Path = ()) -> list[Path]:
    """The places of all absent required members in a decoded value, in the model's order."""
    shape = model.load_shape(shape_name)
    kind = shape["type"]
    found: list[Path] = []
    if kind == "structure":
        required = set(shape.get("required", ()))
        for name, member in shape["members"].items():
            if name in value:
                found += find_missing(model, member["shape"], value[name], (*path, name))
            elif name in required:
                found.append((*path, name))
    elif kind == "list" and _holds_structures(model, shape["member"]["shape"]):
        for number, item in enumerate(value, 1):
            found += find_missing(model, shape["member"]["shape"], item, (*path, number))
    elif kind == "map" and _holds_structures(model, shape["value"]["shape"]):
        for key, item in value.items():
            found += find_missing(model, shape["value"]["shape"], item, (*path, key, "member"))
    return found


def _holds_structures(model: ServiceModel, shape_name: str) -> bool:
    return model.load_shape(shape_name)["type"] in ("structure", "list", "map")


def member_wire_name(name: str, member: Shape) -> str:
    """The name under which a structure's member travels."""
    wire_name: str = member.get("locationName", name)
    return wire_name
