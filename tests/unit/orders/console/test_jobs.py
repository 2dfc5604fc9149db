"""Goal: a job's progress and end are told, it stops when asked to, and two of a kind never run side by side."""

from __future__ import annotations

import threading

import pytest

from orders.console.jobs import JOBS_MAX, Job, Jobs
from orders.errors import OperatorError
from tests.polling import PATIENCE_S
from tests.unit.orders.console.test_live import HandClock


def end(job: Job) -> Job:
    """Wait for a job's end, which a signal tells."""
    assert job.ended.wait(PATIENCE_S)
    return job


def test_progress_and_outcome_are_told() -> None:
    reached, go_on = threading.Event(), threading.Event()

    def work(job: Job) -> str:
        job.advance(3, 10)
        reached.set()
        go_on.wait(PATIENCE_S)
        return "10 sent"

    jobs = Jobs(HandClock())
    job = jobs.start("redrive", "Send 10 back", work)
    assert reached.wait(PATIENCE_S)
    assert (job.done, job.total, job.is_running) == (3, 10, True)
    with pytest.raises(OperatorError, match="still running"):
        jobs.start("redrive", "Another", work)
    go_on.set()
    assert end(job).outcome == "10 sent"
    assert jobs.find(job.number) is job
    assert jobs.running("redrive") is None


def test_a_job_that_is_asked_to_stop_does_at_its_next_step() -> None:
    asked = threading.Event()

    def work(job: Job) -> str:
        asked.wait(PATIENCE_S)
        job.advance(4)
        return "never"

    job = Jobs(HandClock()).start("redrive", "Send back", work)
    job.cancel()
    asked.set()
    assert end(job).outcome == "stopped after 4"
    assert not job.failed


def test_a_failure_is_told_in_words(caplog: pytest.LogCaptureFixture) -> None:
    def fail(job: Job) -> str:
        raise OperatorError("the queue is gone", "Deploy it.")

    def break_(job: Job) -> str:
        raise ValueError("a bug")

    jobs = Jobs(HandClock())
    failed = end(jobs.start("a", "A", fail))
    assert (failed.failed, failed.outcome) == (True, "the queue is gone. Deploy it.")
    broken = end(jobs.start("b", "B", break_))
    assert (broken.failed, broken.outcome) == (True, "The console failed; see its log.")
    assert "a bug" in caplog.text


def test_only_the_newest_jobs_are_kept() -> None:
    jobs = Jobs(HandClock())
    for _ in range(JOBS_MAX + 5):
        end(jobs.start("quick", "Quick", _do_nothing))
    assert [job.number for job in jobs.all()] == list(range(JOBS_MAX + 5, 5, -1))


def _do_nothing(_job: Job) -> str:
    return ""
