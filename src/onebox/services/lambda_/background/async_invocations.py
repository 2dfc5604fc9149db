"""Asynchronous invocations: accepted events are durable, run in the background, and are retried.

Promises: an accepted event is run until the function succeeds, the retries are used up or it is too old; then it goes
to the dead-letter queue or on-failure destination, if there is one. A restart forgets none; one that was running
when onebox was killed runs again. An event that is throttled is not overtaken by later ones of its function. Knows
nothing of HTTP.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import orjson

from onebox.clock import Timer
from onebox.errors import AwsError, StorageFault
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.lambda_.background.destinations import Destinations
from onebox.services.lambda_.errors import ResourceNotFoundException, TooManyRequestsException
from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.invocations import Invoker
from onebox.services.lambda_.limits import EVENT_RETRY_DELAYS_MS, EVENTS_UNDER_WAY_MAX
from onebox.services.lambda_.model import EventInvokeConfig, FunctionKey, FunctionVersion, QueuedEvent
from onebox.services.lambda_.platform_times import iso_milliseconds
from onebox.services.lambda_.store.events import EventStore
from onebox.storage.faults import DatabaseBusy

_THROTTLED_WAIT_MS_MIN = 1_000
_BUSY_WAIT_MS = 50
_THROTTLED_WAIT_MS_MAX = 300_000


@dataclass(frozen=True, slots=True)
class AsyncParts:
    """What asynchronous invocation needs of the rest."""

    deps: Deps
    store: EventStore
    destinations: Destinations
    invoker: Invoker
    resolve: Callable[[FunctionKey, str | None], FunctionVersion]
    find_config: Callable[[FunctionKey, str | None], EventInvokeConfig]


class AsyncInvocations:
    """The queue of accepted events and what becomes of each."""

    def __init__(self, parts: AsyncParts) -> None:
        self._parts = parts
        self._deps = parts.deps
        self._under_way = 0
        self._timer: Timer | None = None
        self._timer_at_ms = 0
        self._running = False
        self._throttled_until_ms: dict[tuple[FunctionKey, str | None], int] = {}
        """When the first throttled event of a function, version or alias is due again; later ones wait behind it."""

    def start(self) -> None:
        """Go on where the last process stopped."""
        self._running = True
        self._deps.storage.run(self._parts.store.release_events)
        self.wake()

    def stop(self) -> None:
        """Begin no further event; what runs and doesn't end in time runs again after the next start."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()

    def accept(self, context: RequestContext, key: FunctionKey, qualifier: str | None, payload: bytes) -> str:
        """Store an event inside the caller's transaction; it starts after the commit. The request id is returned."""
        request_id = self._deps.ids.uuid()
        self._parts.store.insert_event(key, qualifier, request_id, payload, self._deps.clock.steady_ms())
        self._parts.invoker.metrics.event(key, "AsyncEventsReceived", 1, "Count")
        self._deps.storage.after_commit(self.wake)
        return request_id

    def wake(self) -> None:
        """Run what is due, as far as there is room."""
        room = EVENTS_UNDER_WAY_MAX - self._under_way
        if not self._running or room <= 0:
            return
        now_ms = self._deps.clock.steady_ms()
        try:
            events = self._deps.storage.run(lambda: self._parts.store.take_due_events(now_ms, room))
        except DatabaseBusy:
            self._deps.clock.call_at(now_ms + _BUSY_WAIT_MS, self.wake)
            return
        except StorageFault:
            return  # The engine is stopping for it.
        for event in events:
            self._under_way += 1
            # What was accepted with the group that is not on disk yet is invoked when it is.
            self._deps.storage.after_commit(partial(self._run, event))
        self._arm_timer()

    def _arm_timer(self) -> None:
        due_at_ms = self._parts.store.find_next_due_ms()
        if due_at_ms is None or self._under_way >= EVENTS_UNDER_WAY_MAX:
            return
        if self._timer is not None:
            if self._timer_at_ms <= due_at_ms:
                return
            self._timer.cancel()
        self._timer_at_ms = due_at_ms
        self._timer = self._deps.clock.call_at(due_at_ms, self._timer_rang)

    def _timer_rang(self) -> None:
        self._timer = None
        self.wake()

    # One event

    def _run(self, event: QueuedEvent) -> None:
        if not self._running:
            self._under_way -= 1
            return  # It runs after the next start.
        due_at_ms = self._throttled_until_ms.pop((event.key, event.qualifier), 0)
        if due_at_ms > self._deps.clock.steady_ms():
            self._under_way -= 1
            self._throttled_until_ms[event.key, event.qualifier] = due_at_ms
            self._write(lambda: self._parts.store.postpone_event(event.id, event.attempts, due_at_ms))
            return
        try:
            function = self._parts.resolve(event.key, event.qualifier)
            self._parts.invoker.invoke(
                function,
                event.qualifier,
                event.payload,
                lambda outcome: self._ended(event, function, outcome),
                request_id=event.request_id,
                patient=True,
            )
        except ResourceNotFoundException:
            # Deleted in the meantime: AWS drops such events as well.
            self._under_way -= 1
            self._write(lambda: self._parts.store.delete_event(event.id))
        except TooManyRequestsException:
            self._under_way -= 1
            if function.reserved_concurrency == 0:
                self._write(lambda: self._give_up(event, function, 0, "ZeroReservedConcurrency", None))
                return
            now_ms = self._deps.clock.steady_ms()
            # As long again as it has waited: the waits double.
            waited_ms = max(_THROTTLED_WAIT_MS_MIN, now_ms - event.accepted_at_ms)
            due_at_ms = now_ms + min(waited_ms, _THROTTLED_WAIT_MS_MAX)
            self._throttled_until_ms[event.key, event.qualifier] = due_at_ms
            self._postpone_or_give_up(event, function, event.attempts, due_at_ms, "EventAgeExceeded", None)
        else:
            age_ms = self._deps.clock.steady_ms() - event.accepted_at_ms
            self._parts.invoker.metrics.event(event.key, "AsyncEventAge", age_ms, "Milliseconds")

    def _ended(self, event: QueuedEvent, function: FunctionVersion, outcome: Outcome) -> None:
        self._under_way -= 1
        if not self._running:
            return  # onebox is stopping and may have killed the child: the event is kept.
        if outcome.failed:
            attempts = event.attempts + 1
            retries_max = self._parts.find_config(event.key, event.qualifier).retries_max
            if attempts > retries_max:
                self._write(lambda: self._give_up(event, function, attempts, "RetriesExhausted", outcome))
            else:
                due_at_ms = self._deps.clock.steady_ms() + EVENT_RETRY_DELAYS_MS[event.attempts]
                self._postpone_or_give_up(event, function, attempts, due_at_ms, "EventAgeExceeded", outcome)
        else:
            self._write(lambda: self._succeed(event, function, outcome))
        self.wake()

    def _postpone_or_give_up(
        self,
        event: QueuedEvent,
        function: FunctionVersion,
        attempts: int,
        due_at_ms: int,
        condition: str,
        outcome: Outcome | None,
    ) -> None:
        age_s_max = self._parts.find_config(event.key, event.qualifier).age_s_max
        if due_at_ms - event.accepted_at_ms > age_s_max * 1000:
            self._write(lambda: self._give_up(event, function, attempts, condition, outcome))
        else:
            self._write(lambda: self._parts.store.postpone_event(event.id, attempts, due_at_ms))

    def _succeed(self, event: QueuedEvent, function: FunctionVersion, outcome: Outcome) -> None:
        self._parts.store.delete_event(event.id)
        config = self._parts.find_config(event.key, event.qualifier)
        if config.on_success_arn:
            body = _destination_record(event, function, event.attempts + 1, "Success", outcome, self._now_ms())
            self._deliver(event, function, config.on_success_arn, body, {}, "DestinationDeliveryFailures")

    def _give_up(
        self,
        event: QueuedEvent,
        function: FunctionVersion,
        attempts: int,
        condition: str,
        outcome: Outcome | None,
    ) -> None:
        self._parts.store.delete_event(event.id)
        self._parts.invoker.metrics.event(event.key, "AsyncEventsDropped", 1, "Count")
        dead_letter_arn = function.configuration.get("DeadLetterConfig", {}).get("TargetArn")
        if dead_letter_arn:
            body = event.payload.decode("utf-8", "replace")
            attributes = _dead_letter_attributes(event, outcome)
            self._deliver(event, function, dead_letter_arn, body, attributes, "DeadLetterErrors")
        config = self._parts.find_config(event.key, event.qualifier)
        if config.on_failure_arn:
            body = _destination_record(event, function, attempts, condition, outcome, self._now_ms())
            self._deliver(event, function, config.on_failure_arn, body, {}, "DestinationDeliveryFailures")

    def _deliver(
        self,
        event: QueuedEvent,
        function: FunctionVersion,
        target_arn: str,
        body: str,
        attributes: Wire,
        failure_metric: str,
    ) -> None:
        """Send what became of the event; a refusal is counted, as on AWS."""
        try:
            self._parts.destinations.send(function, event.request_id, target_arn, body, attributes)
        except AwsError as error:
            self._deps.log.warning("%s could not send to %s: %s", event.key.arn, target_arn, error.message)
            self._parts.invoker.metrics.event(event.key, failure_metric, 1, "Count")

    def _write(self, job: Callable[[], None]) -> None:
        try:
            self._deps.storage.run_patiently(job)
        except StorageFault:
            self._running = False  # The engine is stopping for it.

    def _now_ms(self) -> int:
        return self._deps.clock.now_ms()


def _dead_letter_attributes(event: QueuedEvent, outcome: Outcome | None) -> Wire:
    """AWS: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    message = ""
    if outcome is not None:
        try:
            message = str(orjson.loads(outcome.payload).get("errorMessage", ""))
        except (orjson.JSONDecodeError, AttributeError):
            message = outcome.payload.decode("utf-8", "replace")
    return {
        "RequestID": {"DataType": "String", "StringValue": event.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200" if outcome is not None else "429"},
        "ErrorMessage": {"DataType": "String", "StringValue": message[:1024] or "Rate Exceeded."},
    }


def _destination_record(
    event: QueuedEvent,
    function: FunctionVersion,
    attempts: int,
    condition: str,
    outcome: Outcome | None,
    now_ms: int,
) -> str:
    """AWS: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    record: Wire = {
        "version": "1.0",
        "timestamp": iso_milliseconds(now_ms),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{event.key.arn}:{event.qualifier or '$LATEST'}",
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": _json_or_text(event.payload),
    }
    if outcome is not None:
        record["responseContext"] = {"statusCode": 200, "executedVersion": function.version}
        if outcome.failed:
            record["responseContext"]["functionError"] = "Unhandled"
        record["responsePayload"] = _json_or_text(outcome.payload)
    return orjson.dumps(record).decode()


def _json_or_text(payload: bytes) -> object:
    try:
        parsed: object = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return payload.decode("utf-8", "replace")
    return parsed
