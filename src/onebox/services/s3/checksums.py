"""The checksums that S3's clients send: CRC32, CRC32C, CRC64NVME, SHA1, SHA256, and Content-MD5.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html. Pure. The two CRCs that
Python lacks are computed on large integers as polynomials over GF(2): a message is halved again and again, which takes
some 15 ms a megabyte; callers run them on a thread.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class _Crc:
    """A reflected CRC with all ones before and after; ``polynomial`` with its highest term, in normal order."""

    bits: int
    polynomial: int

    def of(self, data: bytes | memoryview) -> int:
        """The checksum of ``data``."""
        ones = (1 << self.bits) - 1
        length = len(data) * 8
        # The all-ones start value is the same as its addition to the first bits of the message.
        message = int.from_bytes(bytes(data).translate(_REVERSED), "big") << self.bits
        message ^= ones << length
        return self._reflected(self._reduced(message)) ^ ones

    def combined(self, first: int, second: int, second_bytes: int) -> int:
        """The checksum of two pieces in a row from those of the pieces."""
        shifted = self._product(self._reflected(first), self._power_of_x(second_bytes * 8))
        return self._reflected(shifted) ^ second

    def _reflected(self, value: int) -> int:
        return int(f"{value:0{self.bits}b}"[::-1], 2)

    def _reduced(self, value: int) -> int:
        while (length := value.bit_length()) > self.bits:
            # value = high * x^half + low, and x^half may be replaced by its remainder. Halving until short.
            half = max(length // 2, self.bits)
            high, low = value >> half, value & ((1 << half) - 1)
            value = low ^ _carryless_product(high, self._power_of_x(half))
            if value.bit_length() >= length:
                return self._reduced_slowly(value)
        return value

    def _reduced_slowly(self, value: int) -> int:
        while (length := value.bit_length()) > self.bits:
            value ^= self.polynomial << (length - 1 - self.bits)
        return value

    def _product(self, first: int, second: int) -> int:
        return self._reduced_slowly(_carryless_product(first, second))

    def _power_of_x(self, exponent: int) -> int:
        return _power_of_x(self, exponent)


@lru_cache(maxsize=1024)
def _power_of_x(crc: _Crc, exponent: int) -> int:
    result, square = 1, 2
    while exponent:
        if exponent & 1:
            result = crc._product(result, square)
        square = crc._product(square, square)
        exponent >>= 1
    return result


def _carryless_product(large: int, small: int) -> int:
    product = 0
    shift = 0
    while small:
        if small & 1:
            product ^= large << shift
        small >>= 1
        shift += 1
    return product


_CRC32 = _Crc(32, 0x104C11DB7)
_CRC32C = _Crc(32, 0x11EDC6F41)
_CRC64NVME = _Crc(64, 0x1AD93D23594C93659)
_CRCS = {"CRC32": _CRC32, "CRC32C": _CRC32C, "CRC64NVME": _CRC64NVME}

_DIGESTS: dict[str, Callable[[bytes | memoryview], bytes]] = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "CRC32C": lambda data: _CRC32C.of(data).to_bytes(4, "big"),
    "CRC64NVME": lambda data: _CRC64NVME.of(data).to_bytes(8, "big"),
    "SHA1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}
ALGORITHMS = tuple(_DIGESTS)
SLOW_ALGORITHMS = frozenset({"CRC32C", "CRC64NVME"})


def member_of(algorithm: str) -> str:
    """``ChecksumCRC32`` for ``CRC32``."""
    return f"Checksum{algorithm}"


def checksum_of(algorithm: str, data: bytes | memoryview) -> str:
    """The base64 checksum of ``data``."""
    return b64encode(_DIGESTS[algorithm](data)).decode("ascii")


def composite_checksum(algorithm: str, parts: list[bytes]) -> str:
    """The checksum of the parts' checksums, with their number."""
    return f"{checksum_of(algorithm, b''.join(parts))}-{len(parts)}"


def full_object_checksum(algorithm: str, parts: list[tuple[bytes, int]]) -> str:
    """The checksum of the whole from ``(checksum, size in bytes)`` of its parts; CRCs only."""
    crc = _CRCS[algorithm]
    first, *others = parts
    total = int.from_bytes(first[0], "big")
    for digest, size_bytes in others:
        total = crc.combined(total, int.from_bytes(digest, "big"), size_bytes)
    return b64encode(total.to_bytes(crc.bits // 8, "big")).decode("ascii")


class RunningChecksum:
    """The checksum of bytes that come one part after the other."""

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._sha = None if algorithm in _CRCS else hashlib.new(algorithm, usedforsecurity=False)
        self._parts: list[tuple[bytes, int]] = [(_DIGESTS[algorithm](b""), 0)]

    def add(self, part: bytes) -> None:
        """The next part."""
        if self._sha is not None:
            self._sha.update(part)
        else:
            self._parts.append((_DIGESTS[self._algorithm](part), len(part)))

    def result(self) -> str:
        """The checksum in base64."""
        if self._sha is not None:
            return b64encode(self._sha.digest()).decode("ascii")
        return full_object_checksum(self._algorithm, self._parts)
