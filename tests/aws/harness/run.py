"""One run on an endpoint: ask, rehearse, confirm, test, clean up. Whatever ends the tests, the clean-up follows.

The tests run in a process of their own, so that a crash or kill -9 of it leaves the clean-up alive.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import pytest

from orders.capacity.plan import load_prices
from tests.aws.harness.cleaning import clean, find_leftovers, show_cleaning
from tests.aws.harness.counting import Calls, read_counts
from tests.aws.harness.estimate import check_region, make_estimate, show_estimate
from tests.aws.harness.names import begin_of, make_run, prefix_of
from tests.aws.harness.places import Place, Refused, find_caller, write_place

ROOT = Path(__file__).parents[3]
COUNT_VARIABLE = "TESTS_AWS_COUNT"
CLEANING_PATIENCE_S = 600.0
QUIET_S = 90.0
"""On AWS nothing more may be found for so long: lists are late, and Lambda writes logs after the function is gone."""
EMULATOR_PATIENCE_S = 20.0
ENDING_PATIENCE_S = 60.0
FAILED, LEFT_BEHIND, INTERRUPTED = 1, 3, 128 + signal.SIGINT
FOLDERS = ("tests", "aws")
NO_TEST = "ONLY={} matches no test. It is an expression of names, such as ONLY='sqs or sns'."
Say = Callable[[str], None]
Confirm = Callable[[str], bool]


def run_tests(place: Place, only: str | None, say: Say, confirm: Confirm) -> int:
    """Run the tests; the exit code of pytest, or LEFT_BEHIND if something could not be deleted. Raises Refused."""
    check_choice(only)
    caller = find_caller(place)
    where = "AWS" if place.endpoint_url is None else place.endpoint_url
    say(f"Target   {where}, account {caller.account} ({caller.arn}), region {place.region}")
    if place.costs_money:
        prices = load_prices()
        check_region(place.region, prices)
        say("Counting the calls in a rehearsal on onebox, which takes some minutes ...")
        for line in show_estimate(make_estimate(rehearse(only), place.region, prices)):
            say(line)
        if not confirm(f"Create and delete these resources in account {caller.account}?"):
            raise Refused("Not confirmed; nothing was created.")
    else:
        say("Cost     none: the endpoint is on this machine")
    run = make_run()
    say(f"Run      {run}: all names begin with {prefix_of(run)}")
    with _interruptible():
        try:
            code = _test(only, {**os.environ, **write_place(place, run)})
        except KeyboardInterrupt:
            code = INTERRUPTED
            say("Interrupted; cleaning up")
        if code == pytest.ExitCode.NO_TESTS_COLLECTED:
            say(NO_TEST.format(only))
        return _clean(place, lambda one: one == run, say) or code


def check_choice(only: str | None) -> None:
    """Raises Refused for a word that pytest finds in the folders' names: it would choose all tests, or none."""
    for word in re.findall(r"[^\s()]+", only or ""):
        if word not in ("and", "or", "not") and any(word.lower() in folder for folder in FOLDERS):
            raise Refused(
                f"ONLY={only}: all tests stand in tests/aws, so {word!r} matches each. Name a file: test_{word}_"
            )


def rehearse(only: str | None) -> Mapping[str, Calls]:
    """The calls of the chosen tests, counted on onebox. Raises Refused if they fail there."""
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "counts.json"
        # Nothing of the account, and no place: the rehearsal must not reach AWS.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TESTS_AWS_"))}
        done = subprocess.run(
            [*_command(only), "--exitfirst"],
            cwd=ROOT,
            env={**environment, COUNT_VARIABLE: str(counts)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED:
            raise Refused(NO_TEST.format(only))
        if done.returncode:
            raise Refused(f"The tests fail on onebox itself:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
        return read_counts(counts)


def clean_earlier(place: Place, say: Say, confirm: Confirm) -> int:
    """Delete what earlier runs left, after showing it. Raises Refused."""
    caller = find_caller(place)
    say(f"Target   account {caller.account}, region {place.region}")
    search = find_leftovers(_connect(place))
    for kind, reason in sorted(search.unseen.items()):
        say(f"UNSEEN   {kind}: {reason}")
    runs = sorted({one.run for one in search.found})
    for run in runs:
        of_run = [one for one in search.found if one.run == run]
        say(f"Run      {run} of {begin_of(run):%Y-%m-%d %H:%M} UTC left {len(of_run)} resources")
        for one in of_run:
            say(f"           {one.kind.name} {one.name}")
    if not runs:
        say("Nothing is left of earlier runs.")
        return 0
    if place.costs_money and not confirm("Delete them? A run that is still going on would fail."):
        raise Refused("Not confirmed; nothing was deleted.")
    return _clean(place, lambda one: one in runs, say)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Whoever ends this process or its terminal interrupts the tests, as Ctrl-C does."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _test(only: str | None, environment: Mapping[str, str]) -> int:
    process = subprocess.Popen(_command(only), cwd=ROOT, env=dict(environment), stdin=subprocess.DEVNULL)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)  # again if the terminal sent it already: pytest ends at once
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(ENDING_PATIENCE_S)
        if process.poll() is None:  # it hangs, or Ctrl-C came once more
            process.kill()
            process.wait()
        raise


def _command(only: str | None) -> list[str]:
    chosen = [] if only is None else ["-k", only]
    return [sys.executable, "-m", "pytest", "tests/aws", "-rfExX", "--tb=short", *chosen]


def _clean(place: Place, wanted: Callable[[str], bool], say: Say) -> int:
    patience_s, quiet_s = (CLEANING_PATIENCE_S, QUIET_S) if place.costs_money else (EMULATOR_PATIENCE_S, 0.0)
    if place.costs_money:
        say(f"Cleaning up, until nothing is found for {QUIET_S:.0f} s; Ctrl-C leaves the rest to CLEAN=1 ...")
    try:
        done = clean(_connect(place), wanted, patience_s=patience_s, quiet_s=quiet_s)
    except KeyboardInterrupt:
        say(f"Interrupted while cleaning up. {_advice(place)}")
        return LEFT_BEHIND
    for line in show_cleaning(done):
        say(line)
    # An emulator that does not offer a service cannot list its resources, and has none.
    if not done.left and not (done.unseen and place.costs_money):
        return 0
    say(_advice(place))
    return LEFT_BEHIND


def _advice(place: Place) -> str:
    """How to go on where something may be left."""
    if place.endpoint_url is not None:
        return f"Delete what is left: `make test-aws TARGET={place.endpoint_url} CLEAN=1`"
    return (
        "Delete what is left, after logging in again if the credentials have expired: "
        f"`AWS_DEFAULT_REGION={place.region} make test-aws TARGET=aws CLEAN=1`"
    )


def _connect(place: Place) -> Callable[[str], object]:
    return lru_cache(None)(place.client)
