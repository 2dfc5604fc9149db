"""Goal: a form's fields and file come out as they went in, whatever bytes the file has; nothing but a form's own errors
is raised for anything else."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.gateway.protocols.form_data import FIELDS_BYTES_MAX, FieldsTooLarge, MalformedForm, parse_form

TYPE = "multipart/form-data; boundary=B"
_values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(lambda text: "--B" not in text)
_names = st.text("abcXYZ-", min_size=1, max_size=8).filter(lambda name: name.lower() != "file")


def body_of(fields: list[tuple[str, str]], file: bytes, end: str = "--B--\r\n") -> bytes:
    parts = [f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields]
    head = '--B\r\nContent-Type: x/y\r\ncontent-disposition: form-data; filename="f"; name="FILE"\r\n\r\n'
    return "".join((*parts, head)).encode() + file + f"\r\n{end}".encode()


@given(
    st.lists(st.tuples(_names, _values), max_size=5),
    st.lists(st.sampled_from([b"\r\n", b"--", b"-", b"B", b"\r\n-", b"\0x"]), max_size=12).map(b"".join),
)
def test_fields_and_file_come_out_as_they_went_in(fields: list[tuple[str, str]], file: bytes) -> None:
    if b"\r\n--B" in file:
        return
    form = parse_form(TYPE, body_of(fields, file))

    expected: dict[str, str] = {}
    for name, value in fields:
        expected.setdefault(name.lower(), value)
    assert form.fields == expected
    assert form.file is not None
    assert bytes(form.file) == file
    assert form.file_name == "f"


@given(st.lists(st.sampled_from([b"--B", b"\r\n", b"--", b'Content-Disposition: form-data; name="', b'"', b"x"])))
def test_anything_else_raises_a_forms_own_errors(parts: list[bytes]) -> None:
    with contextlib.suppress(MalformedForm, FieldsTooLarge):
        parse_form(TYPE, b"".join(parts))


@pytest.mark.parametrize(
    ("parameters", "fields", "file_name"),
    [
        ("name=a", {"a": "v"}, None),
        ("NAME = a", {"a": "v"}, None),
        ('other="; name=b"; name=a', {"a": "v"}, None),
        ('name=""', {"": "v"}, None),
        ("name=", {"": "v"}, None),
        ("name=file; filename=f", {}, "f"),
        ("filename=d/f; name=file; filename*=utf-8''g", {}, "f"),
        ('name="file"; filename=""', {}, ""),
        ('name="file"', {}, None),
    ],
)
def test_parameters_are_quoted_or_not(parameters: str, fields: dict[str, str], file_name: str | None) -> None:
    form = parse_form(TYPE, f"--B\r\nContent-Disposition: form-data; {parameters}\r\n\r\nv\r\n--B--".encode())

    assert (form.fields, form.file_name) == (fields, file_name)


def test_head_of_many_parameters_is_read_in_linear_time() -> None:
    head = "Content-Disposition: form-data" + "; a " * 2_400 + ";" * 4_000 + "; name=a" + ' ;b="' * 200
    body = f"--B\r\n{head}\r\n\r\nv\r\n--B--".encode()
    began_s = time.process_time()

    assert parse_form(TYPE, body).fields == {"a": "v"}
    assert time.process_time() - began_s < 0.1


def test_file_is_a_view_of_the_body() -> None:
    body = bytearray(body_of([], b"x" * 10_000_000))

    file = parse_form(TYPE, body).file

    assert file is not None
    assert file.obj is body


@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        ("multipart/form-data", body_of([], b"x"), MalformedForm),
        (TYPE, b"", MalformedForm),
        (TYPE, body_of([], b"x", end="--C--"), MalformedForm),
        (TYPE, body_of([("a", "b" * FIELDS_BYTES_MAX)], b"x"), FieldsTooLarge),
        (TYPE, body_of([("a", "b")] * 500, b"x"), FieldsTooLarge),
        (TYPE, b"--B\r\n" + b"x: y\r\n" * 10_000, FieldsTooLarge),
    ],
)
def test_bad_forms(kind: str, body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_form(kind, body)
