"""Goal: what was appended comes out in order until it is removed, whatever crash lies in between."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.errors import OperatorError
from orders.publishing.spool import FileSpool, MemorySpool, SpooledOrder


def crashed_copy(folder: Path, copy: Path) -> Path:
    """The folder as a process that died this moment leaves it."""
    shutil.copytree(folder, copy)
    return copy


def spooled(*texts: str) -> list[SpooledOrder]:
    return [SpooledOrder(text) for text in texts]


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
some_orders = st.builds(SpooledOrder, st.text(max_size=40), st.sampled_from([None, TRACE]))


@given(st.lists(st.one_of(st.lists(some_orders, min_size=1, max_size=4), st.integers(0, 6)), max_size=25))
@settings(max_examples=60, deadline=None)
def test_spool_after_any_sequence_and_a_crash_holds_exactly_what_was_not_removed(
    steps: list[list[SpooledOrder] | int],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        spool = FileSpool(Path(name) / "spool", segment_bytes=100)
        memory = MemorySpool()
        for step in steps:
            if isinstance(step, list):
                spool.append(step)
                memory.append(step)
            else:
                assert spool.peek(step) == memory.peek(step)
                count = min(step, memory.waiting)
                spool.remove(count)
                memory.remove(count)
            assert spool.waiting == memory.waiting
        again = FileSpool(crashed_copy(Path(name) / "spool", Path(name) / "copy"))
        assert again.orders(1000) == again.peek(1000) == memory.orders(1000)
        assert (again.waiting, again.waiting_bytes) == (memory.waiting, spool.waiting_bytes)
        again.close()
        spool.close()


def test_append_torn_by_a_crash_loses_nothing_before_or_after_it(tmp_path: Path) -> None:
    spool = FileSpool(tmp_path / "a")
    spool.append(spooled("one", "two"))
    copy = crashed_copy(tmp_path / "a", tmp_path / "b")
    with segments(copy)[-1].open("ab") as stream:
        stream.write(b'0badc0de "thr')
    again = FileSpool(copy)
    again.append(spooled("four"))
    assert again.peek(9) == spooled("one", "two", "four")
    assert (copy / "damaged").read_bytes() == b'0badc0de "thr\n'


def test_position_lost_in_a_crash_repeats_and_forgets_nothing(tmp_path: Path) -> None:
    spool = FileSpool(tmp_path / "a", segment_bytes=1)
    for text in ("one", "two", "three"):
        spool.append(spooled(text))
    spool.peek(2)
    spool.remove(1)
    copy = crashed_copy(tmp_path / "a", tmp_path / "b")
    (copy / "accepted").write_bytes(b"\0" * 20)
    again = FileSpool(copy)
    assert again.peek(9)[-2:] == spooled("two", "three")


def test_segment_accepted_whole_is_removed_and_its_number_not_used_again(tmp_path: Path) -> None:
    spool = FileSpool(tmp_path, segment_bytes=1)
    spool.append(spooled("one"))
    spool.append(spooled("two"))
    _, second = segments(tmp_path)
    spool.peek(2)
    spool.remove(2)
    assert segments(tmp_path) == [second]
    spool.close()
    assert segments(tmp_path) == []
    again = FileSpool(tmp_path)
    again.append(spooled("three"))
    assert segments(tmp_path)[0] > second
    assert again.peek(9) == spooled("three")


def test_spool_held_by_another_is_refused_until_it_lets_go(tmp_path: Path) -> None:
    spool = FileSpool(tmp_path)
    with pytest.raises(OperatorError, match="another publisher uses the spool"):
        FileSpool(tmp_path)
    spool.close()
    FileSpool(tmp_path).close()


def test_append_by_many_threads_keeps_each_ones_order(tmp_path: Path) -> None:
    spool = FileSpool(tmp_path, segment_bytes=500)

    def append(name: int) -> None:
        for number in range(20):
            spool.append(spooled(f"{name} {number}"))

    threads = [threading.Thread(target=append, args=(name,)) for name in range(5)]
    for thread in threads:
        thread.start()
    taken: list[str] = []
    while len(taken) < 100:
        some = spool.peek(7)
        spool.remove(len(some))
        taken += [order.text for order in some]
    for thread in threads:
        thread.join()
    for name in range(5):
        assert [text for text in taken if text.startswith(f"{name} ")] == [f"{name} {n}" for n in range(20)]
    assert spool.waiting == spool.waiting_bytes == 0


def test_append_the_disk_refuses_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = FileSpool(tmp_path)
    spool.append(spooled("one"))
    assert spool._writer is not None
    real = spool._writer

    class Full:
        def write(self, content: memoryview) -> int:
            real.write(content[:5])
            raise OSError(28, "No space left on device")

        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

    monkeypatch.setattr(spool, "_writer", Full())
    with pytest.raises(OSError, match="No space"):
        spool.append(spooled("two"))
    monkeypatch.setattr(spool, "_writer", real)
    spool.append(spooled("three"))
    assert spool.peek(9) == spooled("one", "three")
    assert FileSpool(crashed_copy(tmp_path, tmp_path.parent / f"{tmp_path.name}-copy")).peek(9) == spooled(
        "one", "three"
    )
