"""Goal: a function's output becomes the same log events however the pipe cuts it."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.lambda_.execution.log_buffer import in_order
from onebox.services.lambda_.execution.output import OutputReader, split_output

NOW_MS = 2_000


def frame(text: str, at_ms: int = 1_000) -> bytes:
    body = text.encode()
    return b"\xa5\x5a\x00\x0f" + len(body).to_bytes(4, "big") + (at_ms * 1000).to_bytes(8, "big") + body


def texts(data: bytes) -> list[str]:
    events, rest = split_output(data, NOW_MS)
    return [text for _, text in events] + ([rest.decode()] if rest else [])


def test_split_output_lines_are_events_and_the_rest_waits() -> None:
    events, rest = split_output(b"one\ntwo\nthr", NOW_MS)
    assert events == [(NOW_MS, "one\n"), (NOW_MS, "two\n")]
    assert rest == b"thr"


def test_split_output_record_stays_whole_and_in_its_place() -> None:
    events, rest = split_output(b"a\n" + frame("x\ny\n") + b"b\n", NOW_MS)
    assert events == [(1_000, "a\n"), (1_000, "x\ny\n"), (NOW_MS, "b\n")]
    assert rest == b""


def test_split_output_record_ends_an_open_line() -> None:
    assert texts(b"open" + frame("x")) == ["open", "x"]


def test_split_output_other_line_separators_do_not_cut() -> None:
    assert texts("a\u2028b\x0bc\rd\n".encode()) == ["a\u2028b\x0bc\rd\n"]


PIECES = st.lists(
    st.text(st.characters(exclude_characters="\n\0", codec="utf-8"), max_size=5).map(lambda t: (t + "\n").encode())
    | st.text(max_size=8).filter(lambda t: "\0" not in t).map(frame),
    max_size=6,
)


@given(PIECES, st.data())
def test_reader_sees_the_same_events_however_the_pipe_cuts_them(pieces: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(pieces)
    expected = [text for _, text in split_output(whole, NOW_MS)[0]]
    source, sink = os.pipe()
    os.set_blocking(source, False)
    try:
        reader = OutputReader(source, str)
        seen: list[str] = []
        position = 0
        while position < len(whole):
            size = data.draw(st.integers(1, len(whole) - position))
            os.write(sink, whole[position : position + size])
            position += size
            seen += [text for _, text in reader.read(NOW_MS)]
        seen += [text for _, text in reader.close_line(NOW_MS)]
    finally:
        os.close(source)
        os.close(sink)
    assert seen == expected


@given(st.binary(max_size=60))
def test_split_output_any_bytes_are_accepted(data: bytes) -> None:
    _, rest = split_output(data, NOW_MS)
    assert data.endswith(rest)


@given(st.lists(st.tuples(st.integers(0, 9), st.text(max_size=2))))
def test_in_order_times_never_go_back(events: list[tuple[int, str]]) -> None:
    ordered = in_order(events)
    assert [text for _, text in ordered] == [text for _, text in events]
    times = [at_ms for at_ms, _ in ordered]
    assert times == sorted(times)
