"""Goal: retries follow the phases of a delivery policy, and policies AWS refuses are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.sns.delivery_policy import (
    DEFAULT_RETRIES,
    check_delivery_policy,
    effective_subscription_policy,
    effective_topic_policy,
    retry_delay_s,
)
from onebox.services.sns.errors import InvalidParameterException


def delays(**retries: Any) -> list[float]:
    policy = {**DEFAULT_RETRIES, **retries}
    found: list[float] = []
    while (delay := retry_delay_s(policy, len(found) + 1)) is not None:
        found.append(delay)
    return found


def test_retry_delay_default_policy_is_three_times_twenty_seconds() -> None:
    assert delays() == [20, 20, 20]


def test_retry_delay_phases_follow_each_other() -> None:
    found = delays(
        numRetries=7,
        numNoDelayRetries=2,
        numMinDelayRetries=1,
        numMaxDelayRetries=1,
        minDelayTarget=5,
        maxDelayTarget=25,
    )
    assert found == [0, 0, 5, 5, 15, 25, 25]


@given(
    backoff=st.sampled_from(["linear", "arithmetic", "exponential", "geometric"]),
    retries=st.integers(1, 100),
    least=st.integers(1, 100),
    spread=st.integers(0, 3_500),
)
def test_retry_delay_any_backoff_grows_from_least_to_most(backoff: Any, retries: Any, least: Any, spread: Any) -> None:
    found = delays(numRetries=retries, minDelayTarget=least, maxDelayTarget=least + spread, backoffFunction=backoff)
    assert len(found) == retries
    assert found == sorted(found)
    assert found[0] == pytest.approx(least)
    if retries > 1:
        assert found[-1] == pytest.approx(least + spread)


@pytest.mark.parametrize(
    "retries",
    [
        {"numRetries": 101},
        {"minDelayTarget": 0},
        {"minDelayTarget": 30, "maxDelayTarget": 20},
        {"backoffFunction": "wild"},
        {"numRetries": 1, "numNoDelayRetries": 2},
        {"unknown": 1},
    ],
)
def test_check_delivery_policy_out_of_range_is_refused(retries: Any) -> None:
    with pytest.raises(InvalidParameterException):
        check_delivery_policy(json.dumps({"healthyRetryPolicy": retries}))


def test_effective_policy_topic_may_forbid_overrides() -> None:
    own = json.dumps({"healthyRetryPolicy": {"numRetries": 5}})
    assert effective_subscription_policy(None, own)["healthyRetryPolicy"]["numRetries"] == 5
    topic = json.dumps({"http": {"disableSubscriptionOverrides": True}})
    assert effective_subscription_policy(topic, own)["healthyRetryPolicy"] == DEFAULT_RETRIES
    assert effective_topic_policy(topic)["http"]["disableSubscriptionOverrides"] is True
