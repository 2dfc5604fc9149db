"""Goal: event ids sort as events do, and tokens mean the place they were made from and nothing else."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.logs.errors import InvalidParameterException
from onebox.services.logs.model import Position
from onebox.services.logs.tokens import (
    backward_token,
    event_id,
    forward_token,
    parse_stream_token,
)

# The 56 digits of an id hold times up to the year 2111.
POSITION = st.builds(Position, st.integers(0, (10**56 >> 144) - 1), st.integers(0, 1 << 61))


@given(POSITION, POSITION)
def test_event_ids_sort_by_time_then_arrival(one: Position, other: Position) -> None:
    assert (event_id(one) < event_id(other)) == ((one.at_ms, one.id) < (other.at_ms, other.id))


@given(POSITION, st.booleans())
def test_tokens_mean_the_place_they_were_made_from(place: Position, forward: bool) -> None:
    token = forward_token(place) if forward else backward_token(place)
    assert parse_stream_token(token) == (forward, place)


@given(st.text(max_size=70) | st.from_regex(r"[fb]/\d{1,60}/s", fullmatch=True))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidParameterException):
        parse_stream_token(text)


@pytest.mark.parametrize(
    "token", ["", "f/12", "f/x/s", "g/12/s", "f/" + "9" * 90 + "/s", "f/²/s", "f/" + "9" * 5000 + "/s"]
)
def test_a_wrong_stream_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidParameterException):
        parse_stream_token(token)
