"""Values for any shape of any service: the same one as the service sees it, and as botocore does.

A value is drawn from a seeded generator, so that a failing case names all that is needed to repeat it.
"""

from __future__ import annotations

import base64
import random
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from onebox.gateway.protocols.timestamps import write_http_date

_TEXT = "aZ09 _-./:&<>\"'%+=?#{}[]\\,;@é€日\U0001f600\n\t"
_SAFE = "abcxyzABC019-_."
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DEPTH_MAX = 5


class Values:
    """Pairs ``(service value, botocore value)`` for shapes."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def structure(self, shape: StructureShape, depth: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
        """A structure with all its required and some of its other members."""
        ours: dict[str, Any] = {}
        theirs: dict[str, Any] = {}
        required = set(shape.required_members)
        names = list(shape.members)
        if getattr(shape, "is_tagged_union", False):
            names = [self._random.choice(names)]
        # A structure with nothing in it cannot be written in the query protocol.
        chosen = self._random.choice(names) if names else None
        for name in names:
            member = shape.members[name]
            is_needed = name in required or name == chosen or shape.serialization.get("payload") == name
            if member.serialization.get("eventstream"):
                continue
            if is_needed or (self._random.random() < 0.7 and depth < _DEPTH_MAX):
                ours[name], theirs[name] = self.value(member, depth + 1)
        return ours, theirs

    def value(self, shape: Shape, depth: int = 0) -> tuple[Any, Any]:
        """A value of any shape."""
        if shape.name == "AttributeValue" and "SS" in getattr(shape, "members", {}):
            return self._attribute_value()
        if isinstance(shape, StructureShape):
            return self.structure(shape, depth)
        if isinstance(shape, ListShape):
            pairs = [self.value(shape.member, depth + 1) for _ in range(self._random.randint(1, 3))]
            return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]
        if isinstance(shape, MapShape):
            in_headers = shape.serialization.get("location") == "headers"
            entries = {
                self._key(shape): self._header_pair() if in_headers else self.value(shape.value, depth + 1)
                for _ in range(self._random.randint(1, 3))
            }
            return {key: pair[0] for key, pair in entries.items()}, {key: pair[1] for key, pair in entries.items()}
        return self._scalar(shape)

    def _key(self, shape: MapShape) -> str:
        if shape.serialization.get("location") == "headers":
            return self._text("abcxyz019-", 1)
        return self._text(_TEXT if isinstance(shape.key, StringShape) and not shape.key.enum else _SAFE, 1)

    def _header_pair(self) -> tuple[str, str]:
        text = self._text(_SAFE, 1)
        return text, text

    def _scalar(self, shape: Shape) -> tuple[Any, Any]:
        place = shape.serialization.get("location")
        kind = shape.type_name
        if isinstance(shape, StringShape):
            alphabet = _SAFE if place in ("header", "headers") or shape.enum else _TEXT
            if shape.serialization.get("hostLabel"):  # becomes part of the host name
                alphabet = "abcxyz019"
            text = self._text(alphabet, 1)
            return text, text
        if kind == "blob":
            blob = self._random.randbytes(self._random.randint(1, 40))
            return blob, blob
        if kind == "boolean":
            flag = self._random.random() < 0.5
            return flag, flag
        if kind == "timestamp":
            ms = self._random.randint(0, 4_000_000_000) * 1000
            if shape.name == "Expires":
                # botocore alters this shape: S3 keeps the header as the client wrote it.
                return write_http_date(ms), _EPOCH + timedelta(milliseconds=ms)
            return ms, _EPOCH + timedelta(milliseconds=ms)
        if kind in ("double", "float"):
            number = self._random.choice([0.0, 1.5, -2.25, 1e10, 1 / 3, 1e-7])
            return number, number
        bound = 2**31 - 1 if kind == "integer" else 2**53
        whole = self._random.choice([0, 1, 7, bound, -bound])
        return whole, whole

    def _attribute_value(self) -> tuple[Any, Any]:
        """Untouched on our side, so blobs stand there as base64."""
        choice = self._random.randint(0, 3)
        if choice == 0:
            text = self._text(_TEXT, 0)
            return {"S": text}, {"S": text}
        if choice == 1:
            return {"N": "12.50"}, {"N": "12.50"}
        if choice == 2:
            blob = self._random.randbytes(7)
            return {"B": base64.b64encode(blob).decode()}, {"B": blob}
        ours, theirs = self._attribute_value()
        return {
            "M": {"k": ours},
        }, {"M": {"k": theirs}}

    def _text(self, alphabet: str, least: int) -> str:
        return "".join(self._random.choices(alphabet, k=self._random.randint(least, 12)))
