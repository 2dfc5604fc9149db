"""Goal: a prefix that no service would refuse, and no name of one system that begins as another's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.aws.names import PREFIX_MAX, SEED_NAMES, Names
from orders.aws.settings import find_names
from orders.errors import OperatorError

PARTS = [
    name
    for name in dir(Names)
    if isinstance(getattr(SEED_NAMES, name), str) and name not in ("prefix", "__doc__", "__module__")
]
ACCOUNT, LONGEST_REGION = "1" * 12, "ap-southeast-1"
prefixes = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8})?-", fullmatch=True).filter(
    lambda text: not text.startswith(("aws", "ssm", "sthree-", "amzn-"))
)


@pytest.mark.parametrize(
    "prefix",
    ["staging", "Staging-", "-", "1st-", "a--b-", "a_b-", "a-\n", "é-", "a" * 20 + "-", "aws-", "ssm-x-", "amzn-"],
)
def test_prefix_that_some_service_would_refuse_is_refused(prefix: str) -> None:
    with pytest.raises(OperatorError, match=r"prefix|reserves") as refused:
        Names(prefix)
    assert refused.value.advice


@given(prefixes, prefixes)
def test_no_name_of_one_system_begins_as_a_name_of_another(one: str, other: str) -> None:
    if one == other:
        return
    for first, second in ((Names(one), Names(other)), (SEED_NAMES, Names(one))):
        for part in PARTS:
            assert not getattr(first, part).startswith(getattr(second, part))
            assert not getattr(second, part).startswith(getattr(first, part))


def test_longest_prefix_fits_into_every_service_s_limit() -> None:
    names = Names("a" * (PREFIX_MAX - 1) + "-")
    assert len(names.archive_bucket(ACCOUNT, LONGEST_REGION)) <= 63
    assert len(names.of("LambdaOrderProcessorRole")) <= 64
    assert max(len(names.of(part)) for part in ("OrderCanaryGuard", "OrderProcessor", "OrderArchiveQueue")) <= 64
    assert len(names.stack) <= 128


def test_option_takes_precedence_over_the_variable() -> None:
    environment = {"ORDERS_PREFIX": "staging-"}
    assert find_names(environment).topic == "staging-OrderTopic"
    assert find_names(environment, "test-").audit_log_group == "/test-orders/audit"
    assert find_names(environment, "") == SEED_NAMES == find_names({})


@given(prefixes)
def test_part_of_a_name_is_what_the_name_was_made_of(prefix: str) -> None:
    names = Names(prefix)
    assert names.part_of(names.queue) == "OrderQueue"
    assert names.of("OrderQueue") == names.queue
