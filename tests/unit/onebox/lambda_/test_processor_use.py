"""Goal: processes that wait for something else than the processor are told from those that compute."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from onebox.services.lambda_.execution.processor_use import ProcessorUse, Use

pytestmark = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only Linux tells")
LONG_MS = 1e9
NOTHING_COMPUTES = Use(processes_compute=False, loop_computes=False)


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
    assert use.end(LONG_MS) == NOTHING_COMPUTES
    assert use.end(LONG_MS) is None, "nothing was looked at since"


def test_a_busy_loop_or_a_busy_process_is_no_waiting(waiting_pid: int) -> None:
    use = ProcessorUse()
    use.begin(0, [waiting_pid])
    compute()  # this thread is the loop's
    seen = use.end(10)
    assert seen is not None
    assert seen.loop_computes
    use.begin(0, [os.getpid()])
    compute()
    seen = use.end(10)
    assert seen is not None
    assert seen.processes_compute


def test_a_process_that_has_ended_counts_no_more(waiting_pid: int) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    use = ProcessorUse()
    use.begin(0, [gone.pid])
    assert use.end(LONG_MS) is None, "of no process anything is known"
    use.begin(0, [gone.pid, waiting_pid])
    assert use.end(LONG_MS) == NOTHING_COMPUTES
