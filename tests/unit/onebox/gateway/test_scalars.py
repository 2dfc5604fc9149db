"""Goal: timestamps and other scalars survive their text forms, and no text fails otherwise than with ValueError."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.gateway.protocols.base64_text import decode_base64
from onebox.gateway.protocols.scalars import scalar_parser, scalar_writer
from onebox.gateway.protocols.timestamps import parse_timestamp_text, write_http_date, write_iso

MOMENTS = st.integers(-62_135_596_800_000, 253_402_300_799_999)
KINDS = ["string", "integer", "long", "boolean", "double", "blob", "timestamp"]


@given(MOMENTS)
def test_write_iso_then_parse_gives_the_same_millisecond(ms: int) -> None:
    assert parse_timestamp_text(write_iso(ms)) == ms


# A year of three digits is not a date in HTTP.
@given(st.integers(0, 253_402_300_799_999))
def test_write_http_date_then_parse_gives_the_same_second(ms: int) -> None:
    assert parse_timestamp_text(write_http_date(ms)) == ms // 1000 * 1000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-01-02T03:04:05Z", 1_767_323_045_000),
        ("2026-01-02T03:04:05.678901Z", 1_767_323_045_678),
        ("2026-01-02T04:04:05+01:00", 1_767_323_045_000),
        ("2026-01-02T02:04:05-0100", 1_767_323_045_000),
        ("20260102T030405Z", 1_767_323_045_000),
        ("2026-01-02", 1_767_312_000_000),
        ("1767323045", 1_767_323_045_000),
        ("1767323045.5", 1_767_323_045_500),
        ("Fri, 02 Jan 2026 03:04:05 GMT", 1_767_323_045_000),
    ],
)
def test_parse_timestamp_text_every_usual_form_is_read(text: str, ms: int) -> None:
    assert parse_timestamp_text(text) == ms


@given(st.sampled_from(KINDS), st.text(alphabet=st.one_of(st.characters(), st.sampled_from("0123456789-:TZ.+eE, "))))
def test_scalar_parser_any_text_gives_a_value_or_value_error(kind: str, text: str) -> None:
    try:
        value = scalar_parser(kind)(text)
    except ValueError:
        return
    scalar_writer(kind, "iso8601")(value)


@given(st.binary())
def test_decode_base64_what_was_encoded_comes_back(data: bytes) -> None:
    assert decode_base64(base64.b64encode(data).decode()) == data


@pytest.mark.parametrize("text", ["=+/=", "23456", "QUJ*", "QQ==QUJD", "QUI=QUJD", " QUJD", "é"])
def test_decode_base64_anything_else_is_refused(text: str) -> None:
    assert decode_base64(text) is None
