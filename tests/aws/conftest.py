"""Fixtures of the tests of AWS's behaviour: clients of the place where they run, and names that the clean-up finds.

Without a place they run on the engine of the tests' own process, in one account for all of them.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.functions import Functions, make_role
from tests.aws.harness.counting import Counter
from tests.aws.harness.differences import NotListed, expect_differences, read_differences
from tests.aws.harness.names import make_run, prefix_of
from tests.aws.harness.places import EMULATOR_REGION, PLAIN_KEY, Place, read_place
from tests.aws.harness.run import COUNT_VARIABLE
from tests.aws.topics import Topics
from tests.polling import until as wait_until

AWS_PATIENCE_S = 300.0
EMULATOR_PATIENCE_S = 10.0
ONEBOX_PATIENCE_S = 180.0

_numbers = itertools.count(1)
_counter = Counter()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    read = read_place(os.environ)
    differences = read_differences()
    for item in items:
        if not item.nodeid.startswith("tests/aws/"):
            if read is not None:
                raise pytest.UsageError(f"{item.nodeid} is not one of tests/aws: it runs on onebox only")
            continue
        try:
            expect_differences(item, read and read[0], differences)
        except NotListed as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from error


def pytest_sessionfinish() -> None:
    if COUNT_VARIABLE in os.environ:
        _counter.write(Path(os.environ[COUNT_VARIABLE]))


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest) -> Place:
    """Where the tests run."""
    read = read_place(os.environ)
    if read is not None:
        return read[0]
    engine = request.getfixturevalue("onebox_engine")
    return Place(engine.endpoint_url, EMULATOR_REGION, costs_money=False, key=PLAIN_KEY, secret=PLAIN_KEY)


@pytest.fixture(scope="session")
def run_prefix() -> str:
    """What all names of this run begin with."""
    read = read_place(os.environ)
    return prefix_of(read[1] if read is not None else make_run())


@pytest.fixture(scope="session")
def client(place: Place) -> Iterator[Callable[..., Any]]:
    """Gives boto3 clients: ``client("sqs")``, ``client("s3", "eu-west-1")``, ``client("sns", read_timeout=9)``.

    The same request gives the same client. A test that changes one takes ``own_client``.
    """
    made: dict[Any, Any] = {}

    def give(service: str, region: str | None = None, **config: Any) -> Any:
        key = (service, region, *sorted(config.items()))
        if key not in made:
            made[key] = _counter.watch(place.client(service, region=region, **config))
        return made[key]

    yield give
    for one in made.values():
        one.close()


@pytest.fixture(scope="session")
def own_client(place: Place) -> Callable[..., Any]:
    """Makes a client for a test or a file that changes it."""
    return lambda service, **config: _counter.watch(place.client(service, **config))


@pytest.fixture(scope="session")
def session_client(place: Place) -> Callable[..., Any]:
    """Makes a client with the credentials of a session or with a user's access key."""

    def make(service: str, credentials: dict[str, Any]) -> Any:
        key, secret = credentials["AccessKeyId"], credentials["SecretAccessKey"]
        return replace(place, key=key, secret=secret, token=credentials.get("SessionToken")).client(service)

    return make


@pytest.fixture(scope="session")
def account(client: Callable[..., Any]) -> str:
    """The account's id."""
    return str(client("sts").get_caller_identity()["Account"])


@pytest.fixture(scope="session")
def region(place: Place) -> str:
    """The region in which the tests run."""
    return place.region


@pytest.fixture
def unique(run_prefix: str) -> Callable[[str], str]:
    """Makes the names of the test's resources: the same label gives the same name within the test, and in no other."""
    number = next(_numbers)
    return lambda label: f"{run_prefix}{number}-{label}"


@pytest.fixture(scope="module")
def shared_unique(run_prefix: str) -> Callable[[str], str]:
    """As ``unique``, for resources that the tests of a file share."""
    number = next(_numbers)
    return lambda label: f"{run_prefix}{number}-{label}"


@pytest.fixture(scope="session")
def lambda_role(client: Callable[..., Any], run_prefix: str) -> str:
    """The role of all functions of a run; its ARN."""
    return make_role(client("iam"), f"{run_prefix}functions")


@pytest.fixture
def functions(
    client: Callable[..., Any], until: Any, lambda_role: str, unique: Callable[[str], str]
) -> Iterator[Functions]:
    """Makes and calls functions; the test's own is deleted when it ends, because idle processes cost memory."""
    made = Functions(client("lambda", parameter_validation=False), until, lambda_role, unique)
    yield made
    with contextlib.suppress(ClientError):
        made.api.delete_function(FunctionName=made.name)


@pytest.fixture
def topics(client: Callable[..., Any], account: str, unique: Callable[[str], str]) -> Topics:
    """Makes topics, queues and subscriptions of the test's own, and reads what arrives."""
    return Topics(client, account, unique)


@pytest.fixture
def sns(topics: Topics) -> Any:
    """The client of SNS."""
    return topics.sns


@pytest.fixture(scope="session")
def until(place: Place) -> Callable[..., Any]:
    """Asks until the answer is true, and gives it: ``until(lambda: ..., "what is awaited")``."""
    if place.costs_money:
        return partial(wait_until, patience_s=AWS_PATIENCE_S, pause_s=1.0)
    patience_s = EMULATOR_PATIENCE_S if read_place(os.environ) else ONEBOX_PATIENCE_S
    return partial(wait_until, patience_s=patience_s)
