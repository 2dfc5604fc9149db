"""Finds the first JSON value of a request that has another type than the model's, for services that say which.

Runs only after a decoder stumbled, so it costs good requests nothing.
"""

from __future__ import annotations

from typing import Any

from onebox.gateway.specs.loader import ServiceModel
from onebox.services.json_types import java_name, list_fault, map_fault, scalar_fault, structure_fault


def find_type_fault(model: ServiceModel, shape_name: str, value: Any, *, nested: bool = False) -> str | None:
    """The words for the first value of another type, in the order of the text; None if there is none."""
    if value is None:
        return None
    shape = model.load_shape(shape_name)
    kind = shape["type"]
    if kind == "structure":
        fault = structure_fault(value, shape_name, nested=nested)
        return fault or _first(
            find_type_fault(model, shape["members"][name]["shape"], member)
            for name, member in value.items()
            if name in shape["members"]
        )
    if kind == "list":
        element = shape["member"]["shape"]
        return list_fault(value, nested=nested) or _first(
            find_type_fault(model, element, member, nested=True) for member in value
        )
    if kind == "map":
        element = shape["value"]["shape"]
        return map_fault(value, _java_name(model, element), nested=nested) or _first(
            find_type_fault(model, element, member, nested=True) for member in value.values()
        )
    return None if kind == "untouched" else scalar_fault(value, kind)


def _java_name(model: ServiceModel, shape_name: str) -> str:
    shape = model.load_shape(shape_name)
    element = _java_name(model, shape["member"]["shape"]) if shape["type"] == "list" else ""
    return java_name(shape_name, shape["type"], element)


def _first(faults: Any) -> str | None:
    return next((fault for fault in faults if fault is not None), None)
