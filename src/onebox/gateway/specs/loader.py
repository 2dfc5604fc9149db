"""AWS's service models, read as data from botocore's folder.

Promises: botocore is never imported; documentation is dropped while reading; a model in memory is a few hundred
kilobytes of JSON text, of which only the shapes that a compiled operation needs are ever parsed. Corrections to the
models are in ``patches.json``, each with its evidence, and the older form of SQS in ``sqs-query.json``.
Knows nothing of HTTP, protocols or services.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from array import array
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import orjson

Shape = dict[str, Any]

_DROPPED_KEYS = frozenset({"documentation", "documentationUrl", "examples", "deprecatedMessage", "pattern"})


class ServiceModelMissing(Exception):
    """botocore, or the model of one of our services in it, is not installed."""


@dataclass(slots=True)
class ErrorShape:
    """An error as the model lists it; ``status`` 0 where the model gives none."""

    name: str
    code: str
    status: int
    receiver_fault: bool
    message_member: str | None


class _Texts:
    """JSON texts by name, in one block of memory: a model's thousands of small objects would scatter over the heap
    and hold ten times the room of the text."""

    def __init__(self, names: list[str], ends: array[int], block: bytes) -> None:
        self.names = names
        self._positions = {name: position for position, name in enumerate(names)}
        self._ends = ends
        self._block = block

    def __contains__(self, name: str) -> bool:
        return name in self._positions

    def text(self, name: str) -> bytes:
        position = self._positions[name]
        return self._block[self._ends[position] : self._ends[position + 1]]


class ServiceModel:
    """One service's operations and shapes. Shapes are parsed when asked for, because few of them ever are."""

    def __init__(self, service: str, metadata: dict[str, Any], operations: _Texts, shapes: _Texts) -> None:
        self.service = service
        self.metadata = metadata
        self._operations = operations
        self._shapes = shapes
        self._errors: dict[str, ErrorShape] | None = None

    def operation_names(self) -> list[str]:
        """Every operation of the model."""
        return list(self._operations.names)

    def has_operation(self, name: str) -> bool:
        """Whether the model knows the operation."""
        return name in self._operations

    def load_operation(self, name: str) -> dict[str, Any]:
        """An operation of the model. Raises KeyError."""
        operation: dict[str, Any] = orjson.loads(self._operations.text(name))
        return operation

    def load_shape(self, name: str) -> Shape:
        """A shape of the model. Raises KeyError."""
        shape: Shape = orjson.loads(self._shapes.text(name))
        return shape

    def find_error(self, name: str) -> ErrorShape | None:
        """The error shape with this name or, failing that, this wire code."""
        if self._errors is None:
            self._errors = self._index_errors()
        return self._errors.get(name)

    def _index_errors(self) -> dict[str, ErrorShape]:
        by_name: dict[str, ErrorShape] = {}
        by_code: dict[str, ErrorShape] = {}
        for name in self._shapes.names:
            text = self._shapes.text(name)
            if b'"exception":true' not in text:
                continue
            shape = orjson.loads(text)
            error = _read_error(name, shape)
            by_name[name] = error
            by_code.setdefault(error.code, error)
        return by_code | by_name


def _read_error(name: str, shape: Shape) -> ErrorShape:
    traits = shape.get("error", {})
    message_member = next((member for member in shape["members"] if member.lower() == "message"), None)
    receiver_fault = bool(shape.get("fault")) or traits.get("httpStatusCode", 400) >= 500
    status = traits.get("httpStatusCode", 500 if receiver_fault else 0)
    return ErrorShape(name, traits.get("code", name), status, receiver_fault, message_member)


@cache
def load_model(service: str) -> ServiceModel:
    """The model of a service by its folder in botocore's data (``sqs``, ``lambda``, …), patched. Raises
    :class:`ServiceModelMissing`. ``sqs-query`` is SQS as its older query protocol has it."""
    folder = service.removesuffix("-query")
    metadata, operations, shapes = _read_texts(folder, service)
    return ServiceModel(folder, orjson.loads(metadata), _Texts(*_unpacked(operations)), _Texts(*_unpacked(shapes)))


Packed = tuple[str, bytes, bytes]
"""Names joined by spaces, the end of each text as 32-bit numbers, the texts."""


def _read_texts(folder: str, service: str) -> tuple[bytes, Packed, Packed]:
    """A model as a handful of large objects; all the small ones are gone when this returns."""
    document = _read_document(folder)
    _merge(document, _read_own("patches.json").get(folder, {}))
    if service == "sqs-query":
        _merge(document, _read_own("sqs-query.json")[service])
    return orjson.dumps(document["metadata"]), _packed(document["operations"]), _packed(document["shapes"])


def _packed(values: dict[str, Any]) -> Packed:
    ends = array("I", [0])
    texts = bytearray()
    for value in values.values():
        texts += orjson.dumps(value)
        ends.append(len(texts))
    return " ".join(values), ends.tobytes(), bytes(texts)


def _unpacked(packed: Packed) -> tuple[list[str], array[int], bytes]:
    ends = array("I")
    ends.frombytes(packed[1])
    return packed[0].split(" "), ends, packed[2]


def _read_document(service: str) -> dict[str, Any]:
    folder = _data_folder() / service
    versions = sorted((path for path in folder.glob("*") if path.is_dir()), reverse=True)
    for version in versions:
        for name in ("service-2.json.gz", "service-2.json"):
            path = version / name
            if path.is_file():
                raw = path.read_bytes()
                # Not orjson: it keeps a cache of keys, each of which would hold on to a page of the document.
                document: dict[str, Any] = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
                _strip(document)
                return document
    raise ServiceModelMissing(f"botocore has no model of {service} in {folder}")


@lru_cache(maxsize=1)
def _data_folder() -> Path:
    spec = importlib.util.find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise ServiceModelMissing("botocore is not installed; its service models are needed")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def _read_own(name: str) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads((Path(__file__).parent / name).read_bytes())
    return document


def _strip(value: Any) -> None:
    """Drop prose. A member that happens to be called «documentation» holds a dict and stays."""
    if isinstance(value, dict):
        for key in [key for key in value if key in _DROPPED_KEYS and not isinstance(value[key], dict)]:
            del value[key]
        for item in value.values():
            _strip(item)
    elif isinstance(value, list):
        for item in value:
            _strip(item)


def _merge(document: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(document.get(key), dict):
            _merge(document[key], value)
        else:
            document[key] = value
