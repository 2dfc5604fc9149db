"""Fixtures: a running onebox for a file's tests, each in an account of its own, and one whose time a test moves."""

from __future__ import annotations

import itertools
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from onebox.steady_clock import SystemClock
from onebox.testing import EngineThread
from orders.clock import SystemClock as OrdersClock
from tests.aws.harness.places import VARIABLE as PLACE_VARIABLE
from tests.polling import limit_connections
from tests.quick_clients import share_what_clients_are_made_of
from tests.quick_python import rest_the_collector, spare_the_collector
from tests.scheduling import FileScheduling, arrange, make_scheduler
from tests.warm_programs import warm_programs

# An example that is slow on a busy machine says nothing of the rule it tries. Each run tries others: the long suites
# (`--hypothesis-profile=deep`) many at once.
for profile, examples in (("steady", 40), ("deep", 400)):
    settings.register_profile(
        profile, deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples
    )
settings.load_profile("steady")

_accounts = itertools.count(100_000_000_000 + os.getpid() * 1_000)

if PLACE_VARIABLE not in os.environ:  # `make test-aws` runs tests/aws with the credentials of whoever started it
    for name in list(os.environ):
        if name.startswith("AWS_") or name == "ORDERS_PREFIX":
            del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
# Programs that are started again and again would compile all that they import each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# A shell starts what runs in the background with Ctrl-C ignored. Children would inherit that, and those that tests
# interrupt would never end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

rest_the_collector()
share_what_clients_are_made_of()
limit_connections()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    return make_scheduler(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    arrange(items)


def pytest_collection_finish() -> None:
    """All tests are there; they stay until the end."""
    spare_the_collector()


@pytest.fixture(scope="module")
def onebox() -> Iterator[EngineThread]:
    """One engine for the tests of a file, on the system's clock; nothing is kept."""
    with EngineThread() as engine:
        yield engine


@pytest.fixture
def account() -> str:
    """A fresh account id: the names a test uses clash with nobody's."""
    return str(next(_accounts))


@pytest.fixture(scope="module")
def file_account() -> str:
    """An account for what tests of a file share: they change nothing of it, or use names of their own."""
    return str(next(_accounts))


@pytest.fixture
def client(onebox: EngineThread, account: str) -> Callable[..., Any]:
    """Makes boto3 clients of the shared engine in the test's own account."""

    def make(service: str, region: str = "us-east-1", **config: Any) -> Any:
        return onebox.client(service, region=region, account=account, **config)

    return make


@pytest.fixture
def timed() -> Iterator[EngineThread]:
    """An engine of the test's own whose clock stands still until ``timed.clock.advance(seconds)``."""
    with EngineThread(manual_clock=True) as engine:
        yield engine


@pytest.fixture
def paced() -> Iterator[EngineThread]:
    """As ``timed``, but standing at the present: for functions, whose processes go by the system's clock."""
    with EngineThread(manual_clock=True, now_ms=SystemClock().now_ms()) as engine:
        yield engine


@pytest.fixture
def aws_environment(onebox: EngineThread, account: str) -> dict[str, str]:
    """The environment for the AWS CLI and other programs against the shared engine, in the test's account."""
    return environment_of(onebox.endpoint_url, account)


@pytest.fixture(scope="session")
def programs() -> Iterator[Path]:
    """A folder for PATH with `orders` and `aws`, which begin without being imported each time."""
    with tempfile.TemporaryDirectory(prefix="programs-") as folder, warm_programs(Path(folder)) as path:
        yield path


@pytest.fixture
def waits_move_time(paced: EngineThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an `orders` command waits for in the test's own process passes on the clock of ``paced``."""
    monkeypatch.setattr(OrdersClock, "wait_ms", lambda _clock, duration_ms: paced.clock.advance(duration_ms / 1000))


def environment_of(endpoint_url: str, account: str = "000000000000") -> dict[str, str]:
    """The environment for programs against what listens there."""
    return {
        **os.environ,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
    }
