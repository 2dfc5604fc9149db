"""One mapping of a queue at work: it takes batches from the queue and has the function process them.

Promises: a message is deleted only after the function succeeded with it; a failed batch returns when its visibility
timeout ends, as on AWS; no more batches are under way than the mapping and the workers allow.

A batch goes to the child when its messages are on disk, and before the receive is. That is safe: what the child then
does through onebox comes later in the same log, so that no effect can survive without the receive, and until the
deletion is on disk the message stays. AWS: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from onebox.clock import Timer
from onebox.errors import AwsError, StorageFault
from onebox.services.context import RequestContext
from onebox.services.lambda_.background.poller_parts import PollerParts
from onebox.services.lambda_.batches import decide_failures, encode_event, encode_record, fitting
from onebox.services.lambda_.errors import TooManyRequestsException
from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.filters import parse_filters, passes
from onebox.services.lambda_.model import FunctionVersion, Mapping
from onebox.services.lambda_.principals import role_context
from onebox.services.sqs.internal import Receipt, Subscription
from onebox.storage.faults import DatabaseBusy

_SQS = "sqs"
"""Whose readers alone see what a mapping changes: the messages of its queue."""
_PROBLEM_WAIT_MS = 10_000
_BUSY_WAIT_MS = 50
_REMOVAL_WAIT_MS = 5
"""After a receive that only removed messages, too old or failed too often, and did not come to their end."""
_THROTTLED_WAIT_MS_MIN = 100
_THROTTLED_WAIT_MS_MAX = 10_000


class _Message(NamedTuple):
    id: str
    receipt: Receipt
    record: bytes
    """As the function gets it."""


@dataclass(frozen=True, slots=True)
class _Batch:
    messages: Sequence[_Message]
    function: FunctionVersion


class QueuePoller:
    """One enabled mapping. Everything happens in callbacks on the event loop."""

    def __init__(self, mapping: Mapping, parts: PollerParts) -> None:
        self.mapping = mapping
        self.last_result = "No records processed"
        """LastProcessingResult of the mapping."""
        self._parts = parts
        self._deps = parts.deps
        self._under_way = 0
        self._held = 0
        """Batches that wait until their messages are on disk."""
        self._filters = parse_filters(mapping.configuration.get("FilterCriteria", {}))
        self._gathered: list[_Message] = []
        self._window: Timer | None = None
        self._window_over = False
        self._retry: Timer | None = None
        self._throttled_wait_ms = _THROTTLED_WAIT_MS_MIN
        self._subscription: Subscription | None = None
        self._polling = False
        self._may_hold_more = True
        """Whether the queue may have something to receive: until a receive finds that not, or the queue tells."""
        self._process_ends = False

    def start(self) -> None:
        """Begin to take messages; a child is started ahead of the first."""
        self._subscription = self._parts.sqs.subscribe(self.mapping.source_arn, self._told)
        try:
            self._parts.pool.warm_up(self._parts.resolve(self.mapping))
        except AwsError as error:
            self._problem(error)
        self.poll()

    def stop(self, *, process_ends: bool = False) -> None:
        """Take no more messages. Those that were gathered for a batch go back at once; batches under way end as
        they would, but that a failure is no attempt where onebox itself ends (``process_ends``)."""
        self._process_ends = process_ends
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
        for timer in (self._window, self._retry):
            if timer is not None:
                timer.cancel()
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._return(gathered)

    def _told(self) -> None:
        self._may_hold_more = True
        self.poll()

    def poll(self) -> None:
        """Take what the queue holds, as far as there is room."""
        if self._polling or self._retry is not None:
            return
        self._polling = True
        try:
            while self._subscription is not None and self._retry is None and self._take_batch():
                pass
        finally:
            self._polling = False

    def _has_room(self, function: FunctionVersion) -> bool:
        # One batch more than there are children waits, so that no child waits for the queue.
        room = self._parts.pool.workers_of(function) + 1
        # Those that wait for the disk are counted by themselves: on a slow one they gather while others run.
        limit = self.mapping.concurrency_max
        is_below_limit = limit is None or self._under_way + self._held < limit
        return self._under_way < room and self._held < room and is_below_limit

    def _take_batch(self) -> bool:
        """Receive and, if a batch is complete, invoke. True if there may be more to do."""
        if not self._may_hold_more and not self._window_over:
            return False
        try:
            function = self._parts.resolve(self.mapping)
            if not self._has_room(function):
                return False
            if not self._parts.invoker.has_concurrency(function):
                self._throttled()
                return False
            received, wanted, self._may_hold_more = self._deps.storage.run(lambda: self._receive(function), of=_SQS)
        except AwsError as error:
            self._problem(error)
            return False
        except DatabaseBusy:
            self._wait(_BUSY_WAIT_MS)
            return False
        except StorageFault:
            return False  # The engine is stopping for it.
        if not received and self._may_hold_more:
            self._wait(_REMOVAL_WAIT_MS)
        self._gathered += wanted
        if not self._gathered:
            return received > 0
        complete = len(self._gathered) >= self.mapping.batch_size or self._window_over
        if self.mapping.window_ms and not complete:
            self._open_window()
            return received > 0  # the function did not want all of them: more may make the batch complete
        self._invoke_gathered(function)
        return received > 0

    def _receive(self, function: FunctionVersion) -> tuple[int, list[_Message], bool]:
        """How many messages came, those that the function wants, and whether the queue may hold more. The unwanted ones
        leave the queue."""
        context, queue_arn = self._context(function), self.mapping.source_arn
        decision = self._parts.iam.check(context, "sqs:ReceiveMessage", [queue_arn])
        if not decision.allowed:
            raise _Denied(decision.reason)
        room = self.mapping.batch_size - len(self._gathered)
        messages, may_hold_more = self._parts.sqs.receive(context, queue_arn, room) if room > 0 else ([], True)
        wanted, unwanted = [], []
        for message in messages:
            record = encode_record(message, queue_arn, self.mapping.key.region)
            if passes(self._filters, record):
                wanted.append(_Message(message.message_id, message.receipt, record))
            else:
                unwanted.append(message.receipt)
        if unwanted:
            self._parts.sqs.delete(context, queue_arn, unwanted)
        return len(messages), wanted, may_hold_more

    # The batching window

    def _open_window(self) -> None:
        if self._window is None:
            ends_at_ms = self._deps.clock.steady_ms() + self.mapping.window_ms
            self._window = self._deps.clock.call_at(ends_at_ms, self._close_window)

    def _close_window(self) -> None:
        self._window = None
        self._window_over = True
        self.poll()

    # Invocation

    def _invoke_gathered(self, function: FunctionVersion) -> None:
        if self._window is not None:
            self._window.cancel()
            self._window = None
        self._window_over = False
        messages, self._gathered = self._gathered, []
        while messages:
            count = fitting([message.record for message in messages])
            self._invoke_when_durable(_Batch(messages[:count], function))
            messages = messages[count:]

    def _invoke_when_durable(self, batch: _Batch) -> None:
        """No function sees a message that a power cut could still take back."""
        self._held += 1
        receipts = [message.receipt for message in batch.messages]
        group = self._parts.sqs.group_of(self.mapping.source_arn, receipts)
        self._deps.storage.when_durable(group, lambda: self._invoke(batch))

    def _invoke(self, batch: _Batch) -> None:
        self._held -= 1
        if self._process_ends:
            return  # As after a crash: the messages come again.
        self._under_way += 1
        event = encode_event(message.record for message in batch.messages)
        try:
            self._parts.invoker.invoke(
                batch.function,
                self.mapping.qualifier,
                event,
                lambda outcome: self._completed(batch, outcome),
                request_id=self._deps.ids.uuid(),
                patient=True,
            )
        except TooManyRequestsException:
            self._under_way -= 1
            self._return(batch.messages)
            self._throttled()

    def _completed(self, batch: _Batch, outcome: Outcome) -> None:
        self._under_way -= 1
        self._throttled_wait_ms = _THROTTLED_WAIT_MS_MIN
        if outcome.failed:
            self.last_result = "PROBLEM: Function call failed"
            self._fail_attempt(batch.function, [message.receipt for message in batch.messages])
        else:
            self._delete_processed(batch, outcome.payload)
        self.poll()

    def _delete_processed(self, batch: _Batch, answer: bytes) -> None:
        failed: set[str] = set()
        if self.mapping.reports_item_failures:
            failed = decide_failures(answer, [message.id for message in batch.messages])
        receipts = [message.receipt for message in batch.messages if message.id not in failed]
        self.last_result = "PROBLEM: Function call failed" if failed else "OK"
        self._fail_attempt(batch.function, [message.receipt for message in batch.messages if message.id in failed])
        if not receipts:
            return
        context = self._context(batch.function)
        queue_arn = self.mapping.source_arn
        try:
            decision = self._parts.iam.check(context, "sqs:DeleteMessage", [queue_arn])
            if not decision.allowed:
                raise _Denied(decision.reason)
            self._change(lambda: self._parts.sqs.delete(context, queue_arn, receipts))
        except AwsError as error:
            self._problem(error)
        except StorageFault:
            return  # The engine is stopping for it; the messages stay.

    # When it doesn't work

    def _fail_attempt(self, function: FunctionVersion, receipts: Sequence[Receipt]) -> None:
        """Have the attempt count, unless onebox itself has ended the function's process."""
        if not receipts or self._process_ends:
            return
        context, queue_arn = self._context(function), self.mapping.source_arn
        with contextlib.suppress(StorageFault):  # The engine is stopping for it.
            self._change(lambda: self._parts.sqs.fail_attempt(context, queue_arn, receipts))

    def _return(self, messages: Sequence[_Message]) -> None:
        """Make messages visible again that no function has seen."""
        receipts = [message.receipt for message in messages]
        try:
            function = self._parts.resolve(self.mapping)
            context = self._context(function)
            queue_arn = self.mapping.source_arn
            self._change(lambda: self._parts.sqs.make_visible(context, queue_arn, receipts))
        except AwsError as error:
            self._problem(error)
        except StorageFault:
            return  # The engine is stopping for it; the messages return with their visibility timeout.

    def _throttled(self) -> None:
        self.last_result = "PROBLEM: Function call throttled"
        self._wait(self._throttled_wait_ms)
        self._throttled_wait_ms = min(2 * self._throttled_wait_ms, _THROTTLED_WAIT_MS_MAX)

    def _problem(self, error: AwsError) -> None:
        result = f"PROBLEM: {error.message}"
        if result != self.last_result:
            self._deps.log.warning("event source mapping %s: %s", self.mapping.uuid, error.message)
        self.last_result = result
        self._wait(_PROBLEM_WAIT_MS)

    def _wait(self, wait_ms: int) -> None:
        if self._retry is None and self._subscription is not None:
            self._retry = self._deps.clock.call_at(self._deps.clock.steady_ms() + wait_ms, self._wait_ended)

    def _wait_ended(self) -> None:
        self._retry = None
        self.poll()

    def _change(self, job: Callable[[], None]) -> None:
        """Change the queue's messages, now or soon; nobody waits for it."""
        self._deps.storage.run_patiently(job, of=_SQS)

    def _context(self, function: FunctionVersion) -> RequestContext:
        now_ms = self._deps.clock.now_ms()
        return role_context(function, now_ms, self.mapping.uuid, self._parts.endpoint_url())


class _Denied(AwsError):
    """The function's role may not read the queue."""
