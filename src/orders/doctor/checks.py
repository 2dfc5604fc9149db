"""Health checks of the order system. Each check reports its finding and what to do next.

Promises: a check that cannot run is reported and stops only the checks that depend on it. The only change is one test
order, which is removed afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orders.aws.names import Names
from orders.clock import Clock
from orders.deployment.cloudformation import GOOD_STATUSES, Stack
from orders.deployment.drift import COMPARED
from orders.deployment.function import DeployedFunction
from orders.deployment.repairs import Repairs
from orders.doctor.inspection import Inspection, NotOffered
from orders.doctor.judgements import (
    REMAKE,
    REMAKE_TABLE,
    judge_alarms,
    judge_changed,
    judge_concurrency,
    judge_dead_letters,
    judge_drift,
    judge_failed_orders,
    judge_function,
    judge_live,
    judge_trigger,
    judge_visibility,
)
from orders.doctor.options import CLAIMS, check_archive, check_claims, check_history, check_intake
from orders.doctor.results import Check, Outcome
from orders.errors import OperatorError

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
        if parameters.get("ClaimCheck") == "Yes":
            yield from _make(CLAIMS, lambda: check_claims(self.inspection, parameters))
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
            yield Check(topic, Outcome.FAILED, f"does not reach {queue}: orders published now are lost", REMAKE)

    def _check_alarms(self) -> Iterator[Check]:
        subscribers = self.inspection.subscribers(self.names.alarm_topic)
        yield from judge_alarms(self.names, self.inspection.alarms(), [one for one in subscribers or [] if one[2]])

    def _check_test_order(self) -> Iterator[Check]:
        # Without a table the test order would wait, be stored once there is one, and stay.
        if not self.inspection.has_table(self.names.table):
            yield Check("test order", Outcome.FAILED, f"not sent: there is no table {self.names.table}", REMAKE_TABLE)
            return
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
                f"`aws dynamodb delete-item --table-name {self.names.table} "
                f'--key \'{{"orderId":{{"S":"{order_id}"}}}}\'`.',
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
    return Check(name, Outcome.FAILED, "is not there", REMAKE)
