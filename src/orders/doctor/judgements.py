"""What doctor decides of settings that were read: good, a warning or a failure, and the advice. Pure.

Queues and functions are compared with AWS's advice for queues that invoke functions.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orders.aws.names import Names
from orders.capacity.plan import VISIBILITY_TIMES
from orders.deployment.drift import PROCESSOR, TRIGGER, Difference
from orders.deployment.versions import ALIAS, LATEST, Live, Version, describe
from orders.doctor.inspection import Drifted, FunctionSettings, QueueSettings, TriggerSettings
from orders.doctor.results import Check, Outcome

# With fewer receives, one throttled call dead-letters an order. AWS recommends five; the seed uses three.
RECEIVES_MIN = 2
CONCURRENCY_LOW = 100
# The most differences shown for a drifted resource.
DIFFERENCES_SHOWN = 3
CHANGES_SHOWN = 20
TABLE_TYPE = "AWS::DynamoDB::Table"
REMAKE = (
    "Run `orders destroy` (it keeps the table) and `orders deploy`. Orders that wait in a queue are lost with it: "
    "`orders status` counts them."
)
# AWS keeps a backup of a deleted table that had point-in-time recovery for 35 days.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
REMAKE_TABLE = (
    "Restore it from a backup under the same name, or create it with the key and the indexes of template.yaml: orders "
    "that wait are then stored. `orders destroy` would lose them."
)


def judge_concurrency(limit: int, free: int) -> Check:
    """A warning below CONCURRENCY_LOW free concurrent calls of the account.

    AWS: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    message = f"{limit:,} concurrent function calls, {free:,} free for OrderProcessor"
    if free >= CONCURRENCY_LOW:
        return Check("quotas", Outcome.GOOD, message)
    advice = "Request an increase in Service Quotas, lambda, L-B99A9384, before a peak."
    return Check("quotas", Outcome.WARNING, message, advice)


def judge_changed(differences: Sequence[Difference]) -> Iterator[Check]:
    """What `orders deploy` would change back."""
    for one in differences[:CHANGES_SHOWN]:
        advice = "It was changed outside the stack: `orders deploy` shows it and changes it back."
        outcome = Outcome.FAILED if one.resource in (PROCESSOR, TRIGGER) else Outcome.WARNING
        yield Check("drift", outcome, one.describe(), advice)
    if len(differences) > CHANGES_SHOWN:
        yield Check("drift", Outcome.FAILED, f"and {len(differences) - CHANGES_SHOWN} more differences")


def judge_live(live: Live, versions: Sequence[Version], code_sha256: str | None) -> Check:
    """Whether the alias calls what the last deployment published."""
    name = f"alias {ALIAS}"
    newest = max((version.number for version in versions), default=None)
    if live.rolled_back_from is not None:
        advice = "Run `orders deploy` with corrected code, or `orders deploy --again` to use the version again."
        return Check(name, Outcome.WARNING, f"version {live.version} processes orders: {live.note}", advice)
    if live.canary is not None:
        return Check(name, Outcome.GOOD, f"{describe(live)}; `orders deploy` gives it all, `orders rollback` nothing")
    if live.version == LATEST or newest is None:
        return Check(name, Outcome.WARNING, "calls the function itself, no published version", "Run `orders deploy`.")
    code = next((version.code_sha256 for version in versions if str(version.number) == live.version), None)
    if code_sha256 is not None and code != code_sha256:
        message = f"version {live.version} processes orders; its code is not that of the last deployment"
        return Check(name, Outcome.FAILED, message, "Run `orders deploy`: it makes the deployed code live.")
    if live.version != str(newest):
        message = f"version {live.version} processes orders, the newest is version {newest}"
        return Check(name, Outcome.WARNING, message, "Run `orders deploy`: it makes the deployed code live.")
    return Check(name, Outcome.GOOD, f"version {live.version} processes orders")


def judge_drift(drifted: list[Drifted], *, is_rest: bool = False) -> Iterator[Check]:
    """The resources that `orders deploy` does not change back."""
    if not drifted and not is_rest:
        yield Check("drift", Outcome.GOOD, "no resource has drifted from the template")
    for one in drifted:
        shown = "; ".join(one.differences[:DIFFERENCES_SHOWN]) or one.status
        more = len(one.differences) - DIFFERENCES_SHOWN
        message = f"{one.logical_id} ({one.resource_type}): {shown}{f'; and {more} more' if more > 0 else ''}"
        if one.status == "DELETED":
            advice = REMAKE_TABLE if one.resource_type == TABLE_TYPE else REMAKE
            yield Check("drift", Outcome.FAILED, message, f"It was deleted outside the stack. {advice}")
        else:
            advice = "It was changed outside the stack: change it back there; `orders deploy` does not touch it."
            yield Check("drift", Outcome.WARNING, message, advice)


def judge_function(names: Names, function: FunctionSettings) -> Check:
    """Whether OrderProcessor can be called: Active and not stopped by a reserved concurrency of 0."""
    if function.reserved == 0:
        advice = f"`aws lambda delete-function-concurrency --function-name {names.function}` enables it again."
        return Check(names.function, Outcome.FAILED, "is stopped: its reserved concurrency is 0", advice)
    if function.state != "Active":
        return Check(names.function, Outcome.FAILED, f"is {function.state}", "See `orders logs` and `orders deploy`.")
    return Check(names.function, Outcome.GOOD, f"is Active, timeout {function.timeout_s} s")


def judge_trigger(names: Names, trigger: TriggerSettings | None) -> Check:
    """Whether OrderQueue's orders reach OrderProcessor, and whether one bad order fails alone."""
    if trigger is None:
        return Check("trigger", Outcome.FAILED, f"nothing delivers {names.queue}'s orders to {names.function}", REMAKE)
    if trigger.state != "Enabled":
        since = f", paused since {trigger.paused}" if trigger.paused else ""
        return Check(
            "trigger", Outcome.FAILED, f"is {trigger.state}{since}", "Run `orders resume`; orders wait until then."
        )
    if not trigger.reports_items:
        advice = "Set ReportBatchItemFailures, as template.yaml does; otherwise one bad order returns its whole batch."
        return Check("trigger", Outcome.FAILED, "does not report failures of single orders", advice)
    return Check("trigger", Outcome.GOOD, "is Enabled, reports failures of single orders")


def judge_visibility(
    names: Names, queue: QueueSettings, function: FunctionSettings, trigger: TriggerSettings | None, made_s: int
) -> Check:
    """Whether the visibility timeout is at least six times the function's timeout, plus the batching window.

    ``made_s`` is the value in the stack, which a deployment restores.
    """
    window_s = trigger.batching_window_s if trigger else 0
    needed_s = VISIBILITY_TIMES * function.timeout_s + window_s
    message = f"visibility timeout {queue.visibility_s} s, timeout of {names.function} {function.timeout_s} s"
    if queue.visibility_s >= needed_s:
        return Check("visibility", Outcome.GOOD, message)
    if made_s >= needed_s:
        advice = f"It was changed outside the stack: `orders deploy` sets VisibilityTimeout back to {made_s}."
    else:
        advice = f"Run `orders deploy -p VisibilityTimeout={needed_s}`; otherwise slow orders are delivered twice."
    outcome = Outcome.FAILED if queue.visibility_s < function.timeout_s else Outcome.WARNING
    return Check("visibility", outcome, f"{message}: less than {VISIBILITY_TIMES} times the function's", advice)


def judge_dead_letters(names: Names, queue: QueueSettings, dead_letters: QueueSettings) -> Check:
    """Whether OrderDLQ receives failed orders, after enough attempts, and keeps them longer than OrderQueue."""
    if queue.dead_letter_arn != dead_letters.arn:
        advice = "Set its redrive policy as template.yaml does; otherwise a bad order is retried until it expires."
        message = f"{names.queue} moves failed orders to {queue.dead_letter_arn or 'no queue'}"
        return Check(names.dead_letter_queue, Outcome.FAILED, message, advice)
    if queue.max_receives < RECEIVES_MIN:
        advice = "Set maxReceiveCount to 3 or more; otherwise brief throttling dead-letters orders."
        return Check(
            names.dead_letter_queue, Outcome.WARNING, f"orders are attempted {queue.max_receives} time", advice
        )
    if dead_letters.retention_s <= queue.retention_s:
        advice = "Keep them for 14 days, as template.yaml does: the age counts from when the order was first sent."
        return Check(names.dead_letter_queue, Outcome.WARNING, "keeps failed orders no longer than the queue", advice)
    days = dead_letters.retention_s / 86_400
    return Check(
        names.dead_letter_queue,
        Outcome.GOOD,
        f"receives an order after {queue.max_receives} attempts and keeps it for {days:g} days",
    )


def judge_failed_orders(names: Names, dead_letters: QueueSettings) -> Check:
    """A warning while OrderDLQ holds orders."""
    if not dead_letters.messages:
        return Check("failed orders", Outcome.GOOD, "none")
    advice = "`orders dlq list` shows why, `orders dlq redrive` sends them back."
    return Check("failed orders", Outcome.WARNING, f"{dead_letters.messages:,} in {names.dead_letter_queue}", advice)


def judge_alarms(
    names: Names, alarms: list[tuple[str, str, bool]], listeners: list[tuple[str, str, bool]]
) -> Iterator[Check]:
    """Whether alarms exist, fire, have an action and reach somebody.

    ``alarms``: name, state, whether its actions are on. ``listeners``: the confirmed subscribers of OrderAlarms.
    """
    firing = [name for name, state, _ in alarms if state == "ALARM"]
    silent = [name for name, _, reaches in alarms if not reaches]
    if not alarms:
        yield Check("alarms", Outcome.FAILED, "none found", "Run `orders deploy`.")
    elif firing:
        advice = "`orders status` shows why."
        yield Check("alarms", Outcome.WARNING, f"firing: {', '.join(firing)}", advice)
    else:
        yield Check("alarms", Outcome.GOOD, f"{len(alarms)}, none firing")
    if silent:
        advice = f"Run {' and '.join(f'`orders alarms unsilence {name}`' for name in silent)}."
        yield Check("alarms", Outcome.WARNING, f"without action: {', '.join(silent)}", advice)
    if alarms and not listeners:
        advice = "Run `orders deploy -p AlarmEmail=you@example.com` and confirm the mail."
        yield Check("alarms", Outcome.WARNING, f"nobody is subscribed to {names.alarm_topic}", advice)
