"""Goal: processes that wait for something else than the processor are told from those that compute."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from onebox.services.lambda_.execution.processor_use import ProcessorUse

pytestmark = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only Linux tells")
LONG_MS = 1e9


@pytest.fixture
def waiting_pid() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


def compute() -> None:
    end_s = time.thread_time() + 0.01
    while time.thread_time() < end_s:
        pass


def test_processes_that_wait_use_little(waiting_pid: int) -> None:
    use = ProcessorUse()
    use.begin(0, [waiting_pid])
    assert use.is_low(LONG_MS, disk_is_slow=False)
    assert not use.is_low(LONG_MS, disk_is_slow=False), "nothing was looked at since"


def test_a_busy_loop_or_a_busy_process_is_no_waiting(waiting_pid: int) -> None:
    use = ProcessorUse()
    use.begin(0, [waiting_pid])
    compute()  # this thread is the loop's
    assert not use.is_low(10, disk_is_slow=False)
    use.begin(0, [os.getpid()])
    compute()
    assert not use.is_low(10, disk_is_slow=False)


def used_ms() -> float:
    """How long this thread has had a processor or wanted one."""
    had_ns, wanted_ns, _ = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text().split()
    return (int(had_ns) + int(wanted_ns)) / 1e6


@pytest.mark.parametrize("disk_is_slow", [False, True])
def test_a_slow_disk_leaves_a_busy_loop_to_more_processes(waiting_pid: int, disk_is_slow: bool) -> None:
    use = ProcessorUse()
    before_ms = used_ms()
    use.begin(0, [waiting_pid])
    for _ in range(10):
        compute()
    busy_four_fifths_ms = (used_ms() - before_ms) / 0.8
    assert use.is_low(busy_four_fifths_ms, disk_is_slow=disk_is_slow) is disk_is_slow


def test_a_process_that_has_ended_counts_no_more(waiting_pid: int) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    use = ProcessorUse()
    use.begin(0, [gone.pid])
    assert not use.is_low(LONG_MS, disk_is_slow=False), "of no process anything is known"
    use.begin(0, [gone.pid, waiting_pid])
    assert use.is_low(LONG_MS, disk_is_slow=False)
