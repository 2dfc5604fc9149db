"""Goal: each judgement of doctor tells well from ill at its limits, and says what to do."""

from __future__ import annotations

import pytest

from orders.aws.measures import AGE, PUBLISHED
from orders.aws.names import SEED_NAMES
from orders.cli.top import bars
from orders.doctor.inspection import (
    Drifted,
    FunctionSettings,
    QueueSettings,
    RequestCounts,
    TriggerSettings,
    UrlSettings,
)
from orders.doctor.judgements import (
    judge_alarms,
    judge_concurrency,
    judge_dead_letters,
    judge_drift,
    judge_failed_orders,
    judge_function,
    judge_trigger,
    judge_visibility,
)
from orders.doctor.options import URL_ACTIONS, judge_requests, judge_url
from orders.doctor.results import Outcome
from orders.monitoring.status import Status

QUEUE = QueueSettings(
    arn="arn:queue", visibility_s=180, retention_s=345_600, dead_letter_arn="arn:dlq", max_receives=3, messages=0
)
DEAD_LETTERS = QueueSettings(
    arn="arn:dlq", visibility_s=30, retention_s=1_209_600, dead_letter_arn=None, max_receives=0, messages=0
)
FUNCTION = FunctionSettings("Active", 30, None)
TRIGGER = TriggerSettings("Enabled", 0, True, None)


@pytest.mark.parametrize(
    ("visibility_s", "window_s", "outcome"),
    [
        (180, 0, Outcome.GOOD),
        (179, 0, Outcome.WARNING),
        (180, 1, Outcome.WARNING),
        (181, 1, Outcome.GOOD),
        (29, 0, Outcome.FAILED),
    ],
)
def test_visibility_is_held_to_six_times_the_time_out_and_the_window(
    visibility_s: int, window_s: int, outcome: Outcome
) -> None:
    trigger = TRIGGER._replace(batching_window_s=window_s)
    check = judge_visibility(SEED_NAMES, QUEUE._replace(visibility_s=visibility_s), FUNCTION, trigger, 0)
    assert check.outcome is outcome
    assert bool(check.advice) is (outcome is not Outcome.GOOD)


def test_visibility_changed_by_hand_is_not_mended_by_a_deployment() -> None:
    short = QUEUE._replace(visibility_s=20)
    assert "orders deploy -p VisibilityTimeout=180" in judge_visibility(SEED_NAMES, short, FUNCTION, TRIGGER, 20).advice
    assert (
        "`orders deploy` sets VisibilityTimeout back to 180"
        in judge_visibility(SEED_NAMES, short, FUNCTION, TRIGGER, 180).advice
    )


def test_dead_letters_fit_only_where_orders_reach_them_and_stay_longer() -> None:
    assert judge_dead_letters(SEED_NAMES, QUEUE, DEAD_LETTERS).outcome is Outcome.GOOD
    assert judge_dead_letters(SEED_NAMES, QUEUE._replace(dead_letter_arn=None), DEAD_LETTERS).outcome is Outcome.FAILED
    assert (
        judge_dead_letters(SEED_NAMES, QUEUE._replace(dead_letter_arn="arn:other"), DEAD_LETTERS).outcome
        is Outcome.FAILED
    )
    assert judge_dead_letters(SEED_NAMES, QUEUE._replace(max_receives=1), DEAD_LETTERS).outcome is Outcome.WARNING
    assert judge_dead_letters(SEED_NAMES, QUEUE, DEAD_LETTERS._replace(retention_s=345_600)).outcome is Outcome.WARNING
    assert judge_failed_orders(SEED_NAMES, DEAD_LETTERS).outcome is Outcome.GOOD
    assert "2 in OrderDLQ" in judge_failed_orders(SEED_NAMES, DEAD_LETTERS._replace(messages=2)).message


def test_function_and_trigger_that_do_not_run_are_reported() -> None:
    assert judge_function(SEED_NAMES, FUNCTION).outcome is Outcome.GOOD
    assert judge_function(SEED_NAMES, FUNCTION._replace(reserved=0)).outcome is Outcome.FAILED
    assert judge_function(SEED_NAMES, FUNCTION._replace(state="Failed")).outcome is Outcome.FAILED
    assert judge_trigger(SEED_NAMES, TRIGGER).outcome is Outcome.GOOD
    for broken in (None, TRIGGER._replace(state="Disabled"), TRIGGER._replace(reports_items=False)):
        assert judge_trigger(SEED_NAMES, broken).outcome is Outcome.FAILED


def test_drift_tells_a_change_from_a_deletion() -> None:
    assert [check.outcome for check in judge_drift([])] == [Outcome.GOOD]
    changed = Drifted("OrderQueue", "AWS::SQS::Queue", "MODIFIED", ("/a is 1, made as 2",) * 5)
    deleted = Drifted("OrderTrigger", "AWS::Lambda::EventSourceMapping", "DELETED", ())
    warned, failed = judge_drift([changed, deleted])
    assert (warned.outcome, failed.outcome) == (Outcome.WARNING, Outcome.FAILED)
    assert "and 2 more" in warned.message


def test_alarms_that_fire_are_silent_or_unheard_are_reported() -> None:
    listener = [("email", "a@example.com", True)]
    assert [one.outcome for one in judge_alarms(SEED_NAMES, [("a", "OK", True)], listener)] == [Outcome.GOOD]
    messages = [one.message for one in judge_alarms(SEED_NAMES, [("a", "ALARM", False)], [])]
    assert messages == ["firing: a", "without action: a", "nobody is subscribed to OrderAlarms"]
    assert [one.outcome for one in judge_alarms(SEED_NAMES, [], [])] == [Outcome.FAILED]


def test_concurrency_that_is_low_is_told() -> None:
    assert judge_concurrency(1_000, 1_000).outcome is Outcome.GOOD
    assert judge_concurrency(1_000, 99).outcome is Outcome.WARNING


def test_bars_show_every_value_that_is_not_zero() -> None:
    assert bars([0, 0]) == "  "
    assert bars([0, 1, 500, 1000]) == " ▁▄█"


def test_status_takes_whole_minutes_and_adds_only_what_adds_up() -> None:
    series = {PUBLISHED: {0: 5.0, 60_000: 7.0, 120_000: 99.0}, AGE: {0: 3.0, 60_000: 9.0}}
    now = Status(
        place="here",
        subscriptions=None,
        queue=None,
        dead_letters=None,
        function=None,
        table=None,
        alarms=[],
        series=series,
        at_ms=121_000,
    )
    assert now.minutes(PUBLISHED, 3) == [0.0, 5.0, 7.0], "the minute that still runs is left out"
    assert (now.over_the_hour(PUBLISHED), now.over_the_hour(AGE)) == (111.0, 9.0)


@pytest.mark.parametrize(
    ("url", "auth", "outcome"),
    [
        (UrlSettings("u", "NONE", URL_ACTIONS), "Token", Outcome.GOOD),
        (UrlSettings("u", "NONE", frozenset({"lambda:InvokeFunctionUrl"})), "Token", Outcome.FAILED),
        (UrlSettings("u", "NONE", URL_ACTIONS), "IAM", Outcome.FAILED),
        (UrlSettings("u", "AWS_IAM", frozenset()), "IAM", Outcome.GOOD),
        (UrlSettings("u", "AWS_IAM", URL_ACTIONS), "Token", Outcome.FAILED),
        (None, "IAM", Outcome.FAILED),
    ],
)
def test_url_admits_those_who_should_be_admitted(url: UrlSettings | None, auth: str, outcome: Outcome) -> None:
    check = judge_url(SEED_NAMES, url, auth)
    assert check.outcome is outcome
    assert bool(check.advice) is (outcome is not Outcome.GOOD)


@pytest.mark.parametrize(
    ("counts", "outcome"),
    [
        (RequestCounts(0, 0, 0, 0), Outcome.GOOD),
        (RequestCounts(3, 40, 39, 0), Outcome.GOOD),
        (RequestCounts(3, 40, 40, 0), Outcome.WARNING),
        (RequestCounts(3, 40, 0, 1), Outcome.WARNING),
    ],
)
def test_requests_that_failed_or_were_all_refused_are_a_warning(counts: RequestCounts, outcome: Outcome) -> None:
    check = judge_requests(SEED_NAMES, counts)
    assert check.outcome is outcome
    assert bool(check.advice) is (outcome is Outcome.WARNING)
