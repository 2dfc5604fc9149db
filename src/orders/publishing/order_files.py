"""Files of orders, read one order at a time: a JSON document, an array of them, JSON Lines, or CSV, plain or
gzipped.

Promises: every order keeps its own text, byte for byte, so no digit and no name changes on its way; each
knows the line it stands on; what cannot be read as JSON is handed on as it stands, for its line to be named, and
what is not UTF-8 with that reason, since a character would change on its way.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from io import BufferedReader, BytesIO, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import IO, NamedTuple, cast

from orders.errors import OperatorError
from orders.publishing.csv_orders import Column, read_csv

GZIP_MAGIC = b"\x1f\x8b"
LINES_SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
CSV_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
STDIN = "-"
FINGERPRINT_BYTES = 65_536


class Entry(NamedTuple):
    """One order's text, with its place: ``number`` counts the orders of a file from 1, ``line`` its lines.

    ``problem`` is why it makes no order, where that shows before it is read as JSON.
    """

    source: str
    number: int
    line: int
    text: str
    problem: str | None = None

    @property
    def place(self) -> str:
        return f"{self.source}:{self.line}"


def check_is_file(source: str) -> None:
    """Raises OperatorError for what is neither a file nor standard input."""
    path = Path(source)
    if source == STDIN or path.is_file():
        return
    if path.is_dir():
        raise OperatorError(f"{source} is a folder", f"Give the files in it: {path / '*.jsonl'}")
    if path.exists():
        raise OperatorError(f"{source} is not a regular file", "Pipe it to standard input and give - as the file.")
    raise OperatorError(f"there is no file {source}")


def read_entries(source: str, columns: Sequence[Column] = ()) -> Iterator[Entry]:
    """The orders of a file, or of standard input for ``-``. With ``columns``, or where the name ends so, it is CSV.

    Raises OSError, and OperatorError where the file lacks a column, or, after the orders before, where gzip is damaged.
    """
    try:
        if source == STDIN:
            yield from _read_stream(source, BufferedReader(cast(RawIOBase, sys.stdin.buffer)), columns)
            return
        with Path(source).open("rb") as stream:
            yield from _read_stream(source, stream, columns)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OperatorError(
            f"{source} is damaged: its gzip data ends early or is corrupt: {error}",
            "Get a new copy and publish all of it: an order published twice is stored once.",
        ) from error


def read_content(source: str, content: bytes) -> Iterator[Entry]:
    """The orders of a file that was handed over by its name and content. Raises OSError for a broken gzip file, and
    OperatorError where a CSV file lacks a column.
    """
    yield from _read_stream(source, BufferedReader(cast(RawIOBase, BytesIO(content))), ())


def count_bytes(source: str) -> int | None:
    """How many bytes of orders a file holds, unpacked; None for standard input. For progress only.

    A gzip file says at its end how long its last member is, modulo 4 GiB: usually there is one.
    """
    if source == STDIN:
        return None
    with Path(source).open("rb") as stream:
        is_gzip = stream.read(2) == GZIP_MAGIC
        size = stream.seek(0, os.SEEK_END)
        if not is_gzip or size < 18:
            return size
        stream.seek(-4, os.SEEK_END)
        return int.from_bytes(stream.read(4), "little")


def fingerprint(source: str) -> str:
    """What tells a file from another or from a changed one: its length, beginning and end."""
    path = Path(source)
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as stream:
        digest.update(stream.read(FINGERPRINT_BYTES))
        stream.seek(max(0, size - FINGERPRINT_BYTES))
        digest.update(stream.read())
    return digest.hexdigest()


def _read_stream(source: str, stream: BufferedReader, columns: Sequence[Column]) -> Iterator[Entry]:
    lines: IO[bytes] = stream
    if stream.peek(2)[:2] == GZIP_MAGIC:
        lines = cast(IO[bytes], gzip.GzipFile(fileobj=stream))
    if columns or source.lower().endswith(CSV_SUFFIXES):
        with TextIOWrapper(lines, encoding="utf-8-sig", errors="surrogateescape", newline="") as text_lines:
            for number, (line_number, text, problem) in enumerate(read_csv(text_lines, source, columns), 1):
                yield _make_entry(source, number, line_number, text, problem)
        return
    first = _first_content(lines)
    if first is None:
        return
    line_number, line = first
    if source.endswith(LINES_SUFFIXES) or _is_json(line):
        yield from _read_lines(source, lines, line_number, line)
        return
    content = line + lines.read()
    if _has_lines(content):
        rest = BytesIO(content[len(line) :])
        yield from _read_lines(source, rest, line_number, line)
    else:
        yield from _read_document(source, line_number, content)


def _first_content(lines: IO[bytes]) -> tuple[int, bytes] | None:
    for number, line in enumerate(lines, 1):
        if line.strip():
            return number, line
    return None


def _is_json(line: bytes) -> bool:
    """Whether a line is a whole order: then its file is taken as JSON Lines."""
    try:
        return isinstance(json.loads(line), (dict, str))
    except ValueError:
        return False


def _has_lines(content: bytes) -> bool:
    """Whether a text whose first line is no order is nevertheless JSON Lines, that line being a broken one: it does not
    begin with a whole document, and another of its lines is an order.
    """
    text = content.decode("utf-8-sig", "replace").lstrip()
    if text.startswith("["):
        return False
    try:
        json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return any(line.startswith(b'{"') and _is_json(line) for line in content.split(b"\n"))
    return False


def _read_lines(source: str, lines: IO[bytes], first_line: int, first: bytes) -> Iterator[Entry]:
    yield _make_entry(source, 1, first_line, _text(first))
    number = 1
    for line_number, line in enumerate(lines, first_line + 1):
        if line.strip():
            number += 1
            yield _make_entry(source, number, line_number, _text(line))


def _text(line: bytes) -> str:
    return line.strip().decode("utf-8-sig", "surrogateescape")


def _make_entry(source: str, number: int, line: int, text: str, problem: str | None = None) -> Entry:
    """Bytes that are no UTF-8 were read as lone surrogates, which no valid text holds."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        byte = ord(text[error.start]) - 0xDC00
        problem = f"not UTF-8: byte 0x{byte:02x} at character {error.start + 1}"
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return Entry(source, number, line, text, problem)


def _read_document(source: str, line_number: int, content: bytes) -> Iterator[Entry]:
    """The elements of an array, or documents one after another, each as its own slice of the text."""
    text = content.decode("utf-8-sig", "surrogateescape")
    scan = json.JSONDecoder().raw_decode
    in_array = text.lstrip().startswith("[")
    position = text.index("[") + 1 if in_array else 0
    number = 0
    counted = 0
    while True:
        position = _skip(text, position, " \t\r\n," if in_array else " \t\r\n")
        if position >= len(text) or (in_array and text[position] == "]"):
            return
        number += 1
        line_number += text.count("\n", counted, position)
        counted = position
        try:
            _, end = scan(text, position)
        except (ValueError, RecursionError):
            # Where this one ends cannot be known, so nor where the next begins.
            yield _make_entry(source, number, line_number, text[position:].strip())
            return
        yield _make_entry(source, number, line_number, text[position:end])
        position = end


def _skip(text: str, position: int, characters: str) -> int:
    while position < len(text) and text[position] in characters:
        position += 1
    return position
