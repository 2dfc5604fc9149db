"""Goal: JSON with long texts means what it would mean to any parser, and no text of megabytes is moved as a whole."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.gateway.protocols import long_texts
from onebox.gateway.protocols.long_texts import LONG_TEXT_BYTES, REST_BYTES_MAX, LongText, load_json
from onebox.services.pieces import PIECE_BYTES

ARCHIVE = random.Random(1).randbytes(3 * PIECE_BYTES + 7)
TEXT = base64.b64encode(ARCHIVE).decode()


def body(**members: Any) -> bytes:
    return json.dumps(members).encode()


def decoded(text: str) -> bytes | None:
    value = load_json(b'{"z":"%b"}' % text.encode())["z"]
    assert type(value) is LongText
    pieces = value.from_base64()
    return None if pieces is None else bytes(pieces)


def test_load_json_long_text_is_found_at_any_depth() -> None:
    value = load_json(body(FunctionName='a"\\', Code={"ZipFile": TEXT}, Layers=[{"x": TEXT}, "b"]))
    assert value["FunctionName"] == 'a"\\'
    assert bytes(value["Code"]["ZipFile"].from_base64()) == ARCHIVE
    assert bytes(value["Layers"][0]["x"].from_base64()) == ARCHIVE
    assert value["Layers"][1] == "b"


@pytest.mark.parametrize("cut", range(4))
def test_from_base64_of_any_length(cut: int) -> None:
    data = ARCHIVE[cut:]
    assert decoded(base64.b64encode(data).decode()) == data


@pytest.mark.parametrize("escape", ["\\/", "\\u002f", "\\u002F"])
def test_from_base64_escaped_characters_count_as_themselves(escape: str) -> None:
    """Some JSON writers escape a slash or a plus; an escape may stand across the end of a slice."""
    assert decoded(TEXT.replace("/", escape)) == ARCHIVE
    text = "////" * (LONG_TEXT_BYTES // 4)
    for start in range(7):
        assert decoded("AAAA" * start + text.replace("/", escape)) is not None


@pytest.mark.parametrize(
    "text",
    [
        TEXT[:-1],
        TEXT + "=",
        TEXT[:1000] + "=" + TEXT[1001:],
        TEXT[:1000] + "-" + TEXT[1001:],
        TEXT[:1000] + "\u00e9\u00e9" + TEXT[1004:],
        TEXT[:-4] + "====",
        TEXT + "\\u0020",
        "=" * 2 * LONG_TEXT_BYTES,
    ],
)
def test_from_base64_anything_else_is_refused(text: str) -> None:
    assert decoded(text) is None


@pytest.mark.parametrize(
    "bad",
    [
        b'{"a":"' + b"x" * 2 * LONG_TEXT_BYTES,
        b'{"a":"' + b"x" * 2 * LONG_TEXT_BYTES + b'"',
        b"x" * 2 * LONG_TEXT_BYTES,
        b'{"a":"' + b"x" * 2 * LONG_TEXT_BYTES + b'\\"}',
        b'{"b":"\\u00000","a":"' + b"x" * 2 * LONG_TEXT_BYTES + b'"}',
    ],
)
def test_load_json_what_is_no_json_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        load_json(bad)


@pytest.mark.parametrize(
    "hostile",
    [
        b'{"a":"' + b'\\"' * 2 * LONG_TEXT_BYTES + b'"}',
        b'{"a":"' + b"\\" * 2 * LONG_TEXT_BYTES + b'"}',
        b"[" + b'"",' * LONG_TEXT_BYTES + b'""]',
        b"[" + b"{}," * LONG_TEXT_BYTES + b"{}]",
        b"[" + b'"' + b"x" * (LONG_TEXT_BYTES - 1) + b'",' + (b'"' + b"x" * (LONG_TEXT_BYTES - 1) + b'",') * 4 + b"1]",
        b"1" * (REST_BYTES_MAX + 1),
    ],
    ids=["quotes", "backslashes", "texts", "objects", "many almost long texts", "a number"],
)
def test_load_json_too_much_besides_the_long_texts_is_refused(hostile: bytes) -> None:
    with pytest.raises(OverflowError):
        load_json(hostile)


_CHARACTERS = st.characters(codec="utf-8", min_codepoint=1) | st.sampled_from('\\"')
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(_CHARACTERS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES, st.booleans())
def test_load_json_any_value_is_read_as_json(value: Any, ascii_only: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_texts, "LONG_TEXT_BYTES", 3)
        text = json.dumps(value, ensure_ascii=ascii_only).encode()
        assert _as_json(load_json(text)) == value


def _as_json(value: Any) -> Any:
    if type(value) is LongText:
        return json.loads(b'"%b"' % bytes(value._view))
    if type(value) is list:
        return [_as_json(item) for item in value]
    return {key: _as_json(item) for key, item in value.items()} if type(value) is dict else value
