"""Goal: bytes in pieces are the same bytes, and read as a file they read like one."""

from __future__ import annotations

import io
import random

import pytest

from onebox.services.pieces import PIECE_BYTES, Pieces

DATA = random.Random(2).randbytes(2 * PIECE_BYTES + 5)


@pytest.mark.parametrize("size", [1, 1000, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_pieces_of_parts_of_any_length(size: int) -> None:
    pieces = Pieces(DATA[start : start + size] for start in range(0, len(DATA), size))
    assert [len(piece) for piece in pieces] == [PIECE_BYTES, PIECE_BYTES, 5]
    assert (bytes(pieces), len(pieces)) == (DATA, len(DATA))
    assert pieces == Pieces.of(DATA)


def test_pieces_of_nothing() -> None:
    empty = Pieces.of(b"")
    assert (len(empty), list(empty), empty.open().read()) == (0, [], b"")


@pytest.mark.parametrize("size", [1, 5, 6, 66_000, PIECE_BYTES])
def test_tail_reaches_over_the_last_piece(size: int) -> None:
    assert Pieces.of(DATA).tail(size) == DATA[-size:]


def test_open_reads_like_a_file_in_memory() -> None:
    ours, theirs = Pieces.of(DATA).open(), io.BytesIO(DATA)
    chance = random.Random(3)
    for _ in range(300):
        whence = chance.choice([io.SEEK_SET, io.SEEK_END])
        offset = chance.randrange(len(DATA) + 10) * (1 if whence == io.SEEK_SET else -1)
        if len(DATA) + offset >= 0:
            assert ours.seek(offset, whence) == theirs.seek(offset, whence)
        size = chance.choice([0, 1, 46, 9_000, PIECE_BYTES + 3])
        assert ours.read(size) == theirs.read(size)
        assert ours.tell() == theirs.tell()
    with pytest.raises(ValueError, match="before the first byte"):
        ours.seek(-1)
