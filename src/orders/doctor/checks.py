"""Health checks of the order system. Each check reports its finding and what to do next.

Promises: a check that cannot run is reported and stops only the checks that depend on it. The only change is one test
order, which is removed afterwards. Settings are compared with AWS's advice for queues that invoke functions.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from orders.aws.names import Names
from orders.capacity.plan import VISIBILITY_TIMES
from orders.clock import Clock
from orders.deployment.cloudformation import GOOD_STATUSES, Stack
from orders.deployment.drift import COMPARED, PROCESSOR, TRIGGER, Difference
from orders.deployment.function import DeployedFunction
from orders.deployment.repairs import Repairs
from orders.deployment.versions import ALIAS, LATEST, Live, Version, describe
from orders.doctor.inspection import (
    Drifted,
    FunctionSettings,
    Inspection,
    NotOffered,
    QueueSettings,
    TriggerSettings,
)
from orders.doctor.options import check_archive, check_history, check_intake
from orders.doctor.results import Check, Outcome
from orders.errors import OperatorError

# With fewer receives, one throttled call dead-letters an order. AWS recommends five; the seed uses three.
RECEIVES_MIN = 2
CONCURRENCY_LOW = 100
# The most differences shown for a drifted resource.
DIFFERENCES_SHOWN = 3
CHANGES_SHOWN = 20
ALIAS_TYPE = "AWS::Lambda::Alias"
POLL_MS = 50.0
POLL_LAST_MS = 1_000.0
TEST_ORDER_PREFIX = "orders-doctor-"


@dataclass(slots=True)
class Doctor:
    """Runs the checks on one system. ``wait_s`` is how long to wait for the test order; 0 sends none."""

    inspection: Inspection
    stack: Stack
    function: DeployedFunction
    repairs: Repairs
    template: str
    clock: Clock
    wait_s: float

    @property
    def names(self) -> Names:
        """The names of the system that is examined."""
        return self.inspection.names

    def examine(self) -> Iterator[Check]:
        """The checks, in order of dependency. Stops early if the remaining checks cannot run."""
        credentials = _make("credentials", self._check_identity)
        yield from credentials
        if credentials[0].outcome is Outcome.FAILED:
            return
        yield from _make("quotas", self._check_quotas)
        stack = _make("stack", self._check_stack)
        yield from stack
        if stack[0].outcome is Outcome.FAILED:
            return
        yield from _make("template", self._check_template)
        yield from _make("drift", self._check_drift)
        yield from _make(self.names.queue, self._check_settings)
        yield from _make(self.names.topic, self._check_subscribers)
        parameters = self.stack.parameters()
        if parameters.get("History") == "Yes":
            yield from _make(self.names.history_function, lambda: check_history(self.inspection))
        if parameters.get("Archive") == "Yes":
            yield from _make(self.names.archive_function, lambda: check_archive(self.inspection))
        intake = parameters.get("Intake", "No")
        if intake != "No":
            yield from _make(self.names.intake_function, lambda: check_intake(self.inspection, intake))
        yield from _make("alarms", self._check_alarms)
        if self.wait_s:
            yield from _make("test order", self._check_test_order)
        else:
            yield Check("test order", Outcome.SKIPPED, "not sent", "Omit --no-test-order to send one.")

    def _check_identity(self) -> Iterator[Check]:
        identity = self.inspection.identity()
        yield Check("credentials", Outcome.GOOD, f"{identity.arn}, account {identity.account}")
        yield Check("region", Outcome.GOOD, f"{identity.region}; {identity.place}")

    def _check_quotas(self) -> Iterator[Check]:
        yield judge_concurrency(*self.inspection.concurrency())
        try:
            quota = self.inspection.concurrency_quota()
        except OperatorError as error:
            advice = "Quotas can be raised on AWS only; `orders plan` shows the lowest limit."
            yield Check("Service Quotas", Outcome.SKIPPED, f"not available: {error.reason}", advice)
        else:
            yield Check("Service Quotas", Outcome.GOOD, f"answers: {quota:,.0f} concurrent calls can be had")

    def _check_stack(self) -> Iterator[Check]:
        status = self.stack.find_status()
        if status is None:
            yield Check("stack", Outcome.FAILED, f"there is no stack {self.stack.name}", "Run `orders deploy`.")
        elif status in GOOD_STATUSES:
            yield Check("stack", Outcome.GOOD, f"{self.stack.name} is in {status}")
        elif status.endswith("_IN_PROGRESS"):
            yield Check(
                "stack", Outcome.FAILED, f"{self.stack.name} is in {status}", "Try again when the operation has ended."
            )
        else:
            advice = "Run `orders deploy` again; it shows which resource fails, and why."
            outcome = Outcome.WARNING if status == "UPDATE_ROLLBACK_COMPLETE" else Outcome.FAILED
            yield Check("stack", outcome, f"{self.stack.name} is in {status}", advice)

    def _check_template(self) -> Iterator[Check]:
        if self.inspection.template_of(self.stack.name).strip() == self.template.strip():
            yield Check("template", Outcome.GOOD, "the stack was created from this version's template")
        else:
            advice = "`orders deploy` shows the difference and asks before it changes anything."
            yield Check("template", Outcome.WARNING, "the stack was created from a different template", advice)

    def _check_drift(self) -> Iterator[Check]:
        changed = self.repairs.find()
        yield from judge_changed(changed)
        # The alias is not the template's business: deployments and rollbacks move it.
        drifted = [
            one
            for one in self.inspection.drift(self.stack.name)
            if one.resource_type != ALIAS_TYPE and (one.status == "DELETED" or one.logical_id not in COMPARED)
        ]
        yield from judge_drift(drifted, is_rest=bool(changed))

    def _check_settings(self) -> Iterator[Check]:
        names = self.names
        queue = self.inspection.find_queue(names.queue)
        dead_letters = self.inspection.find_queue(names.dead_letter_queue)
        function = self.inspection.find_function()
        trigger = self.inspection.find_trigger(queue.arn) if queue and function else None
        for name, part in ((names.queue, queue), (names.dead_letter_queue, dead_letters), (names.function, function)):
            if part is None:
                yield _missing(name)
        if function:
            yield judge_function(names, function)
            live = self.function.find_live()
            if live is not None:
                yield judge_live(live, self.function.versions(), self.repairs.find_code_sha256())
        if queue and function:
            yield judge_trigger(names, trigger)
            made_s = int(self.stack.parameters().get("VisibilityTimeout", 0))
            yield judge_visibility(names, queue, function, trigger, made_s)
        if queue and dead_letters:
            yield judge_dead_letters(names, queue, dead_letters)
            yield judge_failed_orders(names, dead_letters)

    def _check_subscribers(self) -> Iterator[Check]:
        topic, queue = self.names.topic, self.names.queue
        subscribers = self.inspection.subscribers(topic)
        if subscribers is None:
            yield _missing(topic)
            return
        reaches_queue = any(
            protocol == "sqs" and endpoint.endswith(f":{queue}") and confirmed
            for protocol, endpoint, confirmed in subscribers
        )
        if reaches_queue:
            yield Check(topic, Outcome.GOOD, f"reaches {queue}")
        else:
            advice = "Run `orders destroy` (it keeps the table) and `orders deploy`."
            yield Check(topic, Outcome.FAILED, f"does not reach {queue}: orders published now are lost", advice)

    def _check_alarms(self) -> Iterator[Check]:
        subscribers = self.inspection.subscribers(self.names.alarm_topic)
        yield from judge_alarms(self.names, self.inspection.alarms(), [one for one in subscribers or [] if one[2]])

    def _check_test_order(self) -> Iterator[Check]:
        order_id = f"{TEST_ORDER_PREFIX}{self.clock.now_ms()}-{self.clock.jitter_ms(1_000_000):.0f}"
        began_ms = self.clock.monotonic_ms()
        # Without user, status and timestamp the test order is in no index, so no list shows it.
        self.inspection.publish(json.dumps({"orderId": order_id, "note": "a test order of `orders doctor`"}))
        try:
            is_stored = self._wait_until_stored(order_id, began_ms)
        finally:
            self.inspection.remove(order_id)
        took_ms = self.clock.monotonic_ms() - began_ms
        if not is_stored:
            yield Check(
                "test order",
                Outcome.FAILED,
                f"{order_id} was published and is not in the table after {self.wait_s:g} s",
                f"`orders dlq list` and `orders logs` show why. Once it is stored, delete it yourself: "
                f'`aws dynamodb delete-item --table-name Orders --key \'{{"orderId":{{"S":"{order_id}"}}}}\'`.',
            )
        elif self.inspection.is_stored(order_id):
            yield Check("test order", Outcome.WARNING, f"{order_id} is still in the table", "Delete it yourself.")
        else:
            yield Check("test order", Outcome.GOOD, f"was stored in {took_ms:,.0f} ms and removed")

    def _wait_until_stored(self, order_id: str, began_ms: float) -> bool:
        wait_ms = POLL_MS
        while not self.inspection.is_stored(order_id):
            if self.clock.monotonic_ms() - began_ms >= self.wait_s * 1000:
                return False
            self.clock.wait_ms(wait_ms)
            wait_ms = min(POLL_LAST_MS, wait_ms * 1.5)
        return True


def _make(name: str, check: Callable[[], Iterator[Check]]) -> list[Check]:
    """The results of a check, or one result that says why it could not run."""
    found: list[Check] = []
    try:
        found.extend(check())
    except NotOffered as error:
        found.append(Check(name, Outcome.SKIPPED, error.reason, "AWS and onebox support it; this endpoint does not."))
    except OperatorError as error:
        found.append(Check(name, Outcome.FAILED, error.reason, error.advice))
    return found


def _missing(name: str) -> Check:
    return Check(name, Outcome.FAILED, "is not there", "Run `orders destroy` (it keeps the table) and `orders deploy`.")


# --- Evaluation -------------------------------------------------------------------------------------------------------


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
            advice = "It was deleted outside the stack: run `orders destroy` (it keeps the table) and `orders deploy`."
            yield Check("drift", Outcome.FAILED, message, advice)
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
        advice = "Run `orders destroy` (it keeps the table) and `orders deploy`."
        return Check("trigger", Outcome.FAILED, f"nothing delivers {names.queue}'s orders to {names.function}", advice)
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
    if not dead_letters.waiting:
        return Check("failed orders", Outcome.GOOD, "none")
    advice = "`orders dlq list` shows why, `orders dlq redrive` sends them back."
    return Check("failed orders", Outcome.WARNING, f"{dead_letters.waiting:,} in {names.dead_letter_queue}", advice)


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
