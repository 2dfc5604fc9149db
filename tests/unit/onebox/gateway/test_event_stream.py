"""Goal: any SDK reads the frames of event streams: botocore's own parser gives back what was written."""

from __future__ import annotations

from typing import Any

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from onebox.gateway.protocols.event_stream import encode_frame

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
HEADERS = st.dictionaries(NAMES, st.text(max_size=200), max_size=5)


@given(frames=st.lists(st.tuples(HEADERS, st.binary(max_size=2000)), max_size=4))
def test_frames_are_read_back(frames: list[tuple[dict[str, str], bytes]]) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(encode_frame(headers, payload) for headers, payload in frames))
    read: list[Any] = [(message.headers, message.payload) for message in buffer]
    assert read == frames
