"""Goal: a long payload is judged as its reader would judge it."""

from __future__ import annotations

import pytest

from onebox.text.json_validity import is_json


@pytest.mark.parametrize("text", ["{}", ' {"a": [1, 2.5e3, null, true, "\u00e9\\u00e9"]} ', '"x"', "0"])
def test_values_of_json_are_valid(text: str) -> None:
    assert is_json(text.encode())


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[1,]", b"01", b"NaN", b"{'a': 1}", b'"\x01"', b'"\xff"', b"{} {}", b"[" * 100_000, b"/**/1"]
)
def test_anything_else_is_not(raw: bytes) -> None:
    assert not is_json(raw)
