"""Goal: no input gets a 500, ends the process or stays in its memory. ``make fuzz`` sends a hundred times as many."""

from __future__ import annotations

from tests.fuzz.__main__ import show
from tests.fuzz.fuzzer import Fuzzer, fuzzed_box

REQUESTS = 4_000
SEED = 11


def test_no_request_gets_a_500() -> None:
    with fuzzed_box() as (box, log):
        report = Fuzzer(box, SEED).run(REQUESTS)
        show(report, SEED)
        assert not report.finds, log.read_text(errors="replace")[-3_000:]
    assert report.requests > REQUESTS * 0.8
    assert len(report.operations) > 200
    assert report.statuses[200] > REQUESTS / 20, "many requests get past the checks"
