"""Goal: calls leave log lines behind, and nothing else that grows. ``make long-life`` runs 200,000 of them."""

from __future__ import annotations

from pathlib import Path

from tests.long_life.__main__ import run
from tests.long_life.growth import count_rows, open_files, server_bytes_a_call
from tests.neighbours.box import running_box

CALLS = 4_000
CALLS_MAX = 500
"""For each process of the function, so that processes are replaced too."""
BYTES_A_CALL_MAX = 1_000
"""The first thousands of calls still fill caches; a leak of one response a call would be more."""


def test_calls_leave_log_lines_and_nothing_else(tmp_path: Path) -> None:
    with running_box(tmp_path / "data", CALLS_MAX) as box:
        before = count_rows(box.database)
        samples, _ = run(box, CALLS)
        after = count_rows(box.database)
        grown = {name for name in after if after[name] - before.get(name, 0) > CALLS / 10}
        processes = {pid for sample in samples for pid in sample.workers}
        files = open_files(box.pid)
    assert grown == {"logs_event"}
    assert len(processes) > max(len(sample.workers) for sample in samples), "no process was replaced"
    assert server_bytes_a_call(samples) < BYTES_A_CALL_MAX
    # Two pipes and a socket for each process of the function, and a connection that is just being closed.
    assert files <= samples[0].server_files + 4 * max(len(sample.workers) for sample in samples) + 4
