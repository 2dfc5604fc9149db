"""Inputs for any operation: mostly what the model asks for, now and then something that nobody should send. Pure."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

_DEPTH_MAX = 6
_DEEP = 3_000
HOSTILE_TEXTS = (
    *(
        "",
        " ",
        "é",
        "日本",
        "\U0001f600",
        "\x00",
        "a\x00b",
        "\ud800",
        "\r\nX: 1",
        "../../etc/passwd",
        "%",
        "%zz",
        "${a",
        "[",
        "{",
    ),
    *(
        "0",
        "-1",
        "1e308",
        "1e999",
        "NaN",
        "Infinity",
        "9" * 30,
        "9" * 5_000,
        "400",
        "2026-13-45",
        "9999-12-31T23:59:59Z",
    ),
    *("true", "null", "[]", "{}", '""', "[1]", '{"a":', "[" * _DEEP, '{"a":' * _DEEP, '{"Statement": 1}'),
    *(
        "a" * 300,
        "a" * 10_000,
        "*",
        "?",
        "*a" * 30,
        "arn:aws",
        "arn:aws:sqs:us-east-1:000000000000:",
        "arn:" + ":" * 50,
    ),
    *(
        "https://[::1",
        "http://",
        "http://127.0.0.1:9/",
        "ftp://x",
        "f/" + "9" * 60 + "/s",
        "AAAA",
        "e30",
        "W10=",
        "____",
    ),
    *('{"Version":"2012-10-17","Statement":[]}', '{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}'),
    *(
        '{"deadLetterTargetArn":1,"maxReceiveCount":"x"}',
        '{"widgets":[' + "{}," * 50 + "{}]}",
        "a.b.c[0][99999999999999]",
    ),
)
_NUMBERS = (0, 1, -1, 2, 10, 100, 1_000, 10_001, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 10**15)
_DOUBLES = (0.0, -1.0, 0.5, 1e308, -1e308, 5e-324, 1e15, float("nan"), float("inf"))
_MOMENTS = (0, 1, 1_767_225_600, 253_402_300_799, -62_135_596_800)


class Inputs:
    """Draws parameters as boto3 would take them. ``known`` are values that exist, by the member that names them."""

    def __init__(self, chance: random.Random, known: Mapping[str, Sequence[Any]]) -> None:
        self._chance = chance
        self._known = {name.lower(): values for name, values in known.items()}

    def parameters(self, operation: OperationModel) -> dict[str, Any]:
        """Parameters of an operation."""
        if operation.input_shape is None:
            return {}
        return self._structure(operation.input_shape, 0)

    def _structure(self, shape: StructureShape, depth: int) -> dict[str, Any]:
        chance = self._chance
        required = set(shape.required_members)
        optional = 0.25 if depth < 2 else 0.1
        made = {}
        for name, member in shape.members.items():
            if (name in required and chance.random() < 0.97) or (chance.random() < optional and depth < _DEPTH_MAX):
                made[name] = self._value(name, member, depth + 1)
        return made

    def _value(self, name: str, shape: Shape, depth: int) -> Any:
        chance = self._chance
        known = self._known.get(name.lower())
        if known and chance.random() < 0.75:
            return chance.choice(known)
        if isinstance(shape, StructureShape):
            return self._attribute_value(depth) if shape.name == "AttributeValue" else self._structure(shape, depth)
        if isinstance(shape, ListShape):
            count = 0 if depth > _DEPTH_MAX else chance.choice((0, 1, 1, 1, 2, 3, 11))
            return [self._value(name.removesuffix("s"), shape.member, depth + 1) for _ in range(count)]
        if isinstance(shape, MapShape):
            count = 0 if depth > _DEPTH_MAX else chance.choice((0, 1, 1, 2))
            return {self._text("", shape.key): self._value(name, shape.value, depth + 1) for _ in range(count)}
        return self._scalar(name, shape)

    def _scalar(self, name: str, shape: Shape) -> Any:
        chance = self._chance
        kind = shape.type_name
        if kind == "boolean":
            return chance.random() < 0.5
        if kind in ("integer", "long"):
            return chance.choice(_NUMBERS)
        if kind in ("double", "float"):
            return chance.choice(_DOUBLES)
        if kind == "timestamp":
            return datetime.fromtimestamp(chance.choice(_MOMENTS), timezone.utc)
        if kind == "blob":
            return chance.choice((b"", b"x", b"{}", b"\xff\x00", b"[" * _DEEP, chance.randbytes(50)))
        return self._text(name, shape)

    def _text(self, name: str, shape: Shape) -> str:
        chance = self._chance
        if isinstance(shape, StringShape) and shape.enum and chance.random() < 0.8:
            return str(chance.choice(shape.enum))
        if chance.random() < 0.4:
            return chance.choice(HOSTILE_TEXTS)
        return f"n{chance.randrange(5)}"

    def _attribute_value(self, depth: int) -> dict[str, Any]:
        chance = self._chance
        kind = chance.choice(("S", "N", "B", "BOOL", "NULL", "SS", "NS", "L", "M", "X"))
        if kind in ("L", "M") and depth < _DEPTH_MAX:
            inner = self._attribute_value(depth + 1)
            return {kind: [inner] if kind == "L" else {chance.choice(HOSTILE_TEXTS[:6]): inner}}
        values: dict[str, Any] = {
            "S": chance.choice(HOSTILE_TEXTS),
            "N": chance.choice(("1", "-0", "1e125", "1e126", "1e-131", "x", "", "9" * 39, "0x1")),
            "B": b"\x00\xff",
            "BOOL": True,
            "NULL": chance.random() < 0.5,
            "SS": chance.choice(([], ["a"], ["a", "a"], ["a", "b"])),
            "NS": chance.choice(([], ["1"], ["1", "1.0"], ["x"])),
        }
        return {kind: values[kind]} if kind in values else {}


def spoil(body: bytes, chance: random.Random) -> bytes:
    """A body with some bytes changed, or values of other types in it."""
    choice = chance.randrange(4)
    if choice == 0:
        with suppress(ValueError, RecursionError):
            return _other_types(body, chance)
    spoilt = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        place = chance.randint(0, len(spoilt))
        spoilt[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
    return bytes(spoilt)


def _other_types(body: bytes, chance: random.Random) -> bytes:
    document = json.loads(body)
    if isinstance(document, dict) and document:
        name = chance.choice(sorted(document))
        document[name] = chance.choice((None, 1, -1.5, "", [], {}, [[]], {"a": {}}, True, 10**30, "9" * 5_000, [None]))
    return json.dumps(document).encode()
