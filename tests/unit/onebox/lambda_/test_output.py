"""Goal: a function's output becomes the same log events however the pipe cuts it."""

from __future__ import annotations

import os
import time
import timeit

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


def test_split_output_of_many_records_takes_time_in_proportion() -> None:
    def duration_s(records: int) -> float:
        split = timeit.Timer(lambda: split_output(frame("") * records, NOW_MS), timer=time.thread_time)
        return min(split.repeat(number=1, repeat=5))

    assert duration_s(4_000) < 40 * duration_s(400), "one read of the pipe holds 4,096 records at most"


def test_split_output_no_event_is_later_than_the_record_behind_it() -> None:
    data = b"a\n" + frame("x", 1_500) + b"b\n" + frame("y", 1_000) + frame("z", 3_000) + b"c\n"
    events, _ = split_output(data, NOW_MS)
    assert events == [(1_000, "a\n"), (1_000, "x"), (1_000, "b\n"), (1_000, "y"), (NOW_MS, "z"), (NOW_MS, "c\n")]


def test_reader_shows_paths_in_lines_records_and_what_has_no_line_end() -> None:
    source, sink = os.pipe()
    try:
        reader = OutputReader(source, lambda text: text.replace("/data/f", "/var/task"))
        os.write(sink, b"/data/f/a\n" + frame("/data/f/b") + b"/data/f/c\n/data/f/d")
        shown = [text for _, text in reader.read(NOW_MS) + reader.close_line(NOW_MS)]
    finally:
        os.close(source)
        os.close(sink)
    assert shown == ["/var/task/a\n", "/var/task/b", "/var/task/c\n", "/var/task/d"]


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
