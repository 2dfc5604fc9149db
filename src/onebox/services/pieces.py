"""Bytes that are too many to be moved at once: a large upload, a function's archive.

A copy of 50 MB keeps every thread of the interpreter waiting for 60 ms on a slow machine, so such bytes are made,
handed on, stored and read in pieces. Knows nothing of services.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

PIECE_BYTES = 1024 * 1024


class Pieces:
    """Bytes in order, in pieces of PIECE_BYTES; the last may be shorter."""

    __slots__ = ("_pieces", "_size_bytes")

    def __init__(self, parts: Iterable[bytes | memoryview]) -> None:
        """``parts`` of any lengths."""
        pieces: list[bytes] = []
        pending = bytearray()
        for part in parts:
            if not pending and len(part) == PIECE_BYTES:
                pieces.append(bytes(part))
                continue
            view = memoryview(part)
            while len(view):
                room = PIECE_BYTES - len(pending)
                pending += view[:room]
                view = view[room:]
                if len(pending) == PIECE_BYTES:
                    pieces.append(bytes(pending))
                    pending.clear()
        if pending:
            pieces.append(bytes(pending))
        self._pieces = pieces
        self._size_bytes = sum(map(len, pieces))

    @classmethod
    def of(cls, data: bytes | Pieces) -> Pieces:
        """The same bytes in pieces."""
        return data if isinstance(data, Pieces) else cls((data,))

    def __len__(self) -> int:
        return self._size_bytes

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pieces) and self._pieces == other._pieces

    __hash__ = None  # type: ignore[assignment]

    def __bytes__(self) -> bytes:
        """All of them in one: for tests and small ones."""
        return b"".join(self._pieces)

    def tail(self, size_bytes: int) -> bytes:
        """The last bytes, 1 to PIECE_BYTES."""
        return b"".join(self._pieces[-2:])[-size_bytes:]

    def open(self) -> BinaryIO:
        """A file to read them from."""
        return cast("BinaryIO", io.BufferedReader(_PiecesFile(self._pieces, self._size_bytes)))


class _PiecesFile(io.RawIOBase):
    def __init__(self, pieces: list[bytes], size_bytes: int) -> None:
        self._pieces = pieces
        self._size_bytes = size_bytes
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("a place before the first byte")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._at >= self._size_bytes:
            return 0
        number, offset = divmod(self._at, PIECE_BYTES)
        part = self._pieces[number][offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)
