"""Goal: nothing is created without a yes, and whatever ends the tests, the clean-up follows."""

from __future__ import annotations

import signal
import sys

import pytest

from onebox.testing import EngineThread
from tests.aws import __main__ as command
from tests.aws.harness import run as module
from tests.aws.harness.cleaning import Cleaning
from tests.aws.harness.places import VARIABLE, Place, Refused
from tests.aws.harness.run import LEFT_BEHIND, clean_earlier, run_tests

# What the tests' process does: a queue of this run, and an end that nobody expects.
SCRIPT = """
import os, signal, sys
from tests.aws.harness.names import prefix_of
from tests.aws.harness.places import read_place
place, run = read_place(os.environ)
place.client("sqs").create_queue(QueueName=prefix_of(run) + "left")
{end}
"""
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"
INTERRUPTED = """
import threading
os.kill(os.getppid(), signal.SIGINT)
threading.Event().wait(60)
"""


@pytest.fixture
def place(onebox: EngineThread) -> Place:
    return Place(onebox.endpoint_url, "us-east-1", costs_money=False, key="100000000009", secret="test")


def queues(place: Place) -> list[str]:
    return [url.rpartition("/")[2] for url in place.client("sqs").list_queues().get("QueueUrls", [])]


@pytest.mark.parametrize(("end", "code"), [(KILLED, -signal.SIGKILL), (INTERRUPTED, 128 + signal.SIGINT)])
def test_a_run_that_is_killed_or_interrupted_is_cleaned_up(
    place: Place, monkeypatch: pytest.MonkeyPatch, end: str, code: int
) -> None:
    script = SCRIPT.replace("{end}", end)
    monkeypatch.setattr(module, "_command", lambda _only: [sys.executable, "-c", script])
    before = signal.getsignal(signal.SIGTERM)
    told: list[str] = []
    assert run_tests(place, None, told.append, lambda _question: False) == code
    assert told[-1] == "Cleaned  1 queue"
    assert queues(place) == []
    assert signal.getsignal(signal.SIGTERM) is before


def test_nothing_is_created_where_it_costs_money_without_a_yes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "rehearse", lambda _only: {})
    monkeypatch.setattr(module, "_test", lambda *_: pytest.fail("the tests were started"))
    costly = Place(place.endpoint_url, "us-east-1", costs_money=True, key=place.key, secret=place.secret)
    told: list[str] = []
    asked: list[str] = []

    def say_no(question: str) -> bool:
        asked.append(question)
        return False

    with pytest.raises(Refused, match="nothing was created"):
        run_tests(costly, None, told.append, say_no)
    assert asked == ["Create and delete these resources in account 100000000009?"]
    assert "account 100000000009" in told[0]
    assert any(line.startswith("Cost     at most about 0.00 US dollars") for line in told)


def test_a_rehearsal_that_fails_is_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module, "_command", lambda _only: [sys.executable, "-c", "print('1 failed'); raise SystemExit(1)"]
    )
    with pytest.raises(Refused, match="1 failed"):
        module.rehearse(None)


def test_a_region_without_prices_is_refused_before_the_rehearsal(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "rehearse", lambda _only: pytest.fail("the rehearsal was started"))
    costly = Place(place.endpoint_url, "sa-east-1", costs_money=True, key=place.key, secret=place.secret)
    with pytest.raises(Refused, match="set AWS_DEFAULT_REGION to eu-west-1 or us-east-1"):
        run_tests(costly, None, lambda _line: None, lambda _question: True)


def test_a_choice_that_matches_no_test_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_command", lambda _only: [sys.executable, "-c", "raise SystemExit(5)"])
    with pytest.raises(Refused, match="ONLY=sqz matches no test"):
        module.rehearse("sqz")


@pytest.mark.parametrize("only", ["sts", "sqs or (sts)", "AWS", "not test"])
def test_a_choice_that_matches_the_folders_is_refused(place: Place, only: str) -> None:
    """pytest -k sts would run everything, because it stands in `tests`."""
    with pytest.raises(Refused, match="matches each"):
        run_tests(place, only, lambda _line: None, lambda _question: False)


def test_other_choices_are_taken() -> None:
    for only in (None, "sqs or sns", "test_sts_ and not session", "not (s3 or iam)"):
        module.check_choice(only)


def test_a_rehearsal_never_runs_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv(VARIABLE, "{}")
    script = f"import os; raise SystemExit(sum(name in os.environ for name in ('AWS_PROFILE', {VARIABLE!r})) or 5)"
    monkeypatch.setattr(module, "_command", lambda _only: [sys.executable, "-c", script])
    with pytest.raises(Refused, match="matches no test"):
        module.rehearse("x")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, EOFError])
def test_an_interruption_before_anything_exists_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], interruption: type[BaseException]
) -> None:
    def interrupt(_only: str | None) -> None:
        raise interruption

    costly = Place(place.endpoint_url, "us-east-1", costs_money=True, key=place.key, secret=place.secret)
    monkeypatch.setattr(command, "find_place", lambda *_: costly)
    monkeypatch.setattr(module, "rehearse", interrupt)
    monkeypatch.setattr(sys, "argv", ["make test-aws", "aws"])
    assert command.main() == 130
    assert "Interrupted; nothing was created or deleted." in capsys.readouterr().err


def test_what_is_left_is_told_with_the_command_that_deletes_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    left = Cleaning(unseen={"queue": "ExpiredToken: expired"})
    monkeypatch.setattr(module, "clean", lambda *_, **__: left)
    monkeypatch.setattr(module, "rehearse", lambda _only: {})
    monkeypatch.setattr(module, "_test", lambda *_: 0)
    costly = Place(place.endpoint_url, "us-east-1", costs_money=True, key=place.key, secret=place.secret)
    told: list[str] = []
    assert run_tests(costly, None, told.append, lambda _question: True) == LEFT_BEHIND
    assert told[-2:] == [
        "UNSEEN   queue: ExpiredToken: expired",
        f"Delete what is left: `make test-aws TARGET={place.endpoint_url} CLEAN=1`",
    ]


def test_leftovers_of_earlier_runs_are_shown_and_deleted_after_a_yes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = place.client("sqs")
    for name in ("onebox-aws-test-6b0afdf224cf-a", "onebox-aws-test-6b0afdf224cf-b", "orders"):
        sqs.create_queue(QueueName=name)
    costly = Place(place.endpoint_url, "us-east-1", costs_money=True, key=place.key, secret=place.secret)
    told: list[str] = []
    with pytest.raises(Refused, match="nothing was deleted"):
        clean_earlier(costly, told.append, lambda _question: False)
    assert "Run      6b0afdf224cf of 2026-11-28 16:14 UTC left 2 resources" in told
    assert len(queues(place)) == 3
    monkeypatch.setattr(module, "QUIET_S", 0.0)
    assert clean_earlier(costly, told.append, lambda _question: True) == 0
    assert told[-1] == "Cleaned  2 queues"
    assert queues(place) == ["orders"]
    assert clean_earlier(place, told.append, lambda _question: False) == 0
    assert told[-1] == "Nothing is left of earlier runs."
    assert LEFT_BEHIND != 0
