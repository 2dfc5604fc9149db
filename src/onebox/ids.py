"""Ids, handed in: no other module draws randomness."""

from __future__ import annotations

import random
from typing import Protocol

_UUID_SET = 4 << 76 | 2 << 62
_UUID_KEPT = ~(15 << 76 | 3 << 62)
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
        # Every request has a UUID. They must be unique, not secret, so they need no system call each.
        self._unique = random.Random(self._random.getrandbits(256))  # noqa: S311

    def uuid(self) -> str:
        # Version 4 and the variant of RFC 9562, set where uuid.UUID would set them, in a fraction of its time.
        digits = (self._unique.getrandbits(128) & _UUID_KEPT | _UUID_SET).to_bytes(16, "big").hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def token(self, characters: int) -> str:
        return "".join(self._random.choices(_ALPHANUMERIC, k=characters))

    def hex(self, characters: int) -> str:
        return f"{self._random.getrandbits(4 * characters):0{characters}x}"


_LONG_CHARACTERS = 52


def long_request_id(uuid: str) -> str:
    """A request's id as DynamoDB shows it: 52 capitals and digits, the UUID's among them."""
    return uuid.replace("-", "").upper().ljust(_LONG_CHARACTERS, "0")


def uuid_of_request_id(shown: str) -> str:
    """The UUID of a request by what its answer showed, in either form."""
    if len(shown) != _LONG_CHARACTERS:
        return shown
    digits = shown.lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
