"""Uploads by HTML forms: the fields of a multipart/form-data body, and where its file is. Pure.

RFC 7578, and what S3 makes of it: the file is the last field that counts, and the fields before it are few and small.
The file is a view of the body and is never copied. https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FIELDS_BYTES_MAX = 20 * 1024
"""All that comes before the file's bytes."""
_BOUNDARY_CHARACTERS_MAX = 200
_SEARCHED_BYTES = 4 * 1024 * 1024
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,200})"|([^\s;,"]{1,200}))', re.ASCII)
_PARAMETER = re.compile(r';[ \t]*([^\s;="]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))')
"""A parameter of a header, its value quoted or not. Some clients (.NET's) quote no value."""
_FILE = "file"


class MalformedForm(ValueError):
    """The body is not a form, or is cut short."""


class FieldsTooLarge(ValueError):
    """The fields before the file are larger than S3 takes."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a form holds: the fields before its file, and the file."""

    fields: dict[str, str]
    """By lower-case name, without the file."""
    file: memoryview | None
    """The bytes of the file; None if there is none."""
    file_name: str | None
    """The name behind the last slash or backslash, perhaps empty; None if the file has no name."""


def parse_form(content_type: str, body: bytes | bytearray) -> Form:
    """The form in a body. Raises MalformedForm or FieldsTooLarge; the work is linear in the body."""
    found = _BOUNDARY.search(content_type[: 4 * _BOUNDARY_CHARACTERS_MAX])
    if found is None:
        raise MalformedForm("no boundary")
    delimiter = b"--" + (found[1] or found[2]).encode("latin-1", "replace")
    fields: dict[str, str] = {}
    position = body.find(delimiter, 0, FIELDS_BYTES_MAX)
    if position < 0:
        raise MalformedForm("no field")
    position += len(delimiter)
    while body[position : position + 2] != b"--":
        head, start = _read_head(body, position)
        name, file_name = head.get("name"), head.get("filename")
        if name is None:
            raise MalformedForm("a field without a name")
        end = _find_end(body, b"\r\n" + delimiter, start, is_file=name.lower() == _FILE)
        if name.lower() == _FILE:
            last = None if file_name is None else re.split(r"[/\\]", file_name)[-1]
            return Form(fields, memoryview(body)[start:end], last)
        fields.setdefault(name.lower(), bytes(body[start:end]).decode("utf-8", "replace"))
        position = end + 2 + len(delimiter)
    return Form(fields, None, None)


def _read_head(body: bytes | bytearray, position: int) -> tuple[dict[str, str], int]:
    """The parameters of a part's Content-Disposition, and where its content begins."""
    start = body.find(b"\r\n\r\n", position, FIELDS_BYTES_MAX)
    if start < 0:
        raise _too_large_or_malformed(body)
    for line in bytes(body[position:start]).decode("utf-8", "replace").split("\r\n"):
        header, _, value = line.partition(":")
        if header.strip().lower() == "content-disposition":
            return {key.lower(): quoted or plain for key, quoted, plain in _PARAMETER.findall(value)}, start + 4
    return {}, start + 4


def _find_end(body: bytes | bytearray, delimiter: bytes, start: int, *, is_file: bool) -> int:
    """Where a part's content ends. Searched a few megabytes at a time, so that other threads run in between."""
    limit = len(body) if is_file else min(len(body), FIELDS_BYTES_MAX)
    while start < limit:
        end = body.find(delimiter, start, min(limit, start + _SEARCHED_BYTES + len(delimiter)))
        if end >= 0:
            return end
        start += _SEARCHED_BYTES
    if is_file:
        raise MalformedForm("the body is cut short")
    raise _too_large_or_malformed(body)


def _too_large_or_malformed(body: bytes | bytearray) -> ValueError:
    if len(body) > FIELDS_BYTES_MAX:
        return FieldsTooLarge("the fields before the file are too large")
    return MalformedForm("the body is cut short")
