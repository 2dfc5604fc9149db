"""Goal: a paging token returns what it was made of; every other text is the service's own error."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.errors import AwsError
from onebox.services.paging import TOKEN_CHARACTERS_MAX, make_token, read_token

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


class InvalidToken(AwsError):
    """The service's error for a token."""


@given(TEXT, st.integers(-(2**63), 2**63 - 1), st.dictionaries(TEXT, TEXT))
def test_a_token_returns_its_place(name: str, number: int, key: dict[str, str]) -> None:
    assert read_token(make_token(name), InvalidToken, str) == (name,)
    assert read_token(make_token(name, number), InvalidToken, str, int) == (name, number)
    assert read_token(make_token(number, key, True), InvalidToken, int, dict, bool) == (number, key, True)


@given(TEXT)
def test_a_token_needs_no_escape_in_a_url(name: str) -> None:
    assert set(make_token(name)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("token", [None, ""])
def test_the_first_page_has_no_token(token: str | None) -> None:
    assert read_token(token, InvalidToken, str) is None


@given(st.text(min_size=1))
def test_a_foreign_token_is_the_services_error(token: str) -> None:
    with pytest.raises(InvalidToken):
        read_token(token, InvalidToken, str, int)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "é",
        "9" * 5_000,
        "400",
        "A" * (TOKEN_CHARACTERS_MAX + 4),
        make_token("text"),
        make_token(1, 2),
        make_token(True),
        _encode(b"[9223372036854775808]"),
        _encode(b"[1e3]"),
        _encode(b"[" * 40_000),
        _encode(b'{"0": 1}'),
        _encode(b"\xff"),
        make_token(1) + "=",
        make_token(1) + "\n",
    ],
    ids=lambda token: token[:16],
)
def test_what_is_no_number_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        read_token(token, InvalidToken, int)
