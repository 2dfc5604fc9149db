"""Ids, handed in: no other module draws randomness."""

from __future__ import annotations

import random
import uuid
from typing import Protocol

_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Ids(Protocol):
    def uuid(self) -> str:
        """A new UUID4 in its usual form of 36 characters."""

    def token(self, characters: int) -> str:
        """Unguessable capitals and digits (A-Z, 2-7), as AWS uses in access keys and ids."""

    def hex(self, characters: int) -> str:
        """Unguessable lower-case hexadecimal digits."""


class RandomIds:
    """Ids from the operating system's randomness, or from a seed that makes them repeatable in tests."""

    def __init__(self, seed: int | None = None) -> None:
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def token(self, characters: int) -> str:
        return "".join(self._random.choices(_ALPHANUMERIC, k=characters))

    def hex(self, characters: int) -> str:
        return f"{self._random.getrandbits(4 * characters):0{characters}x}"
