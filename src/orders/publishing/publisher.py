"""OrderPublisher and AsyncOrderPublisher: publish orders from a shop's program without losing any.

Promises: once ``publish`` returns, the order is on disk (with a spool). It is delivered in order of arrival when the
endpoint accepts it, by this process or by the next one with the same spool. ``publish`` refuses at once an order that
the processor would reject. Memory and disk use are bounded: ``publish`` blocks while the spool is full. ``flush``
reports what is not yet accepted. A crash may cause a duplicate, never a loss.

One thread makes one call at a time, which preserves the order of arrival; a call carries up to ten orders.
Independent of the SNS protocol.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import Any, NamedTuple

from orders.batches import split_batches
from orders.clock import Clock, SystemClock
from orders.domain.order import parse_order
from orders.domain.trace_context import read_traceparent
from orders.errors import OperatorError, OrdersError, OrderUnavailable
from orders.publishing.bulk import BACKOFF, make_order_message
from orders.publishing.envelope import CloudEvents
from orders.publishing.message import Message, encode_order
from orders.publishing.ports import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, Topic
from orders.publishing.spool import FileSpool, MemorySpool, Spool, SpooledOrder

SPOOL_BYTES_MAX = 1024 * 1024 * 1024
MEMORY_BYTES_MAX = 32 * 1024 * 1024
FLUSH_TIMEOUT_S = 30.0
REPORTED_MAX = 1_000
APPEND_MAX = 500
ATTEMPT_OF_CAP = 16

_log = logging.getLogger("orders.publisher")

# An order as a mapping, or as JSON text, which is published unchanged.
OrderLike = Mapping[str, Any] | str


class RefusedOrder(NamedTuple):
    """An order that SNS refuses because of its content; a retry would not help."""

    text: str
    code: str
    reason: str


class Flushed(NamedTuple):
    """The publisher's state. Counts cover its lifetime and include orders found in its spool."""

    accepted: int
    waiting: int
    """Not yet accepted; they are still retried."""
    order_ids: tuple[str, ...]
    """The ids of the first 1,000 waiting orders, in order of arrival."""
    refused: tuple[RefusedOrder, ...]
    """The last 1,000 refused orders; the spool's refused.jsonl holds all."""
    reason: str | None
    """Why the last attempt failed; None if it succeeded."""

    @property
    def is_complete(self) -> bool:
        """Whether SNS accepted all orders."""
        return not self.waiting and not self.refused


class PublisherFull(OrdersError):
    """The spool stayed full for the given time. The order was not taken."""


class OrderPublisher:
    """Publishes orders to OrderTopic. Safe for several threads; a context manager.

    ``spool`` is a folder used by this process alone; None keeps waiting orders in memory, lost when the process ends.
    ``endpoint_url``, ``region`` and ``profile`` are as in boto3; omitted ones come from the environment.
    ``prefix`` is that of the system, by default that of ORDERS_PREFIX.
    ``limit_bytes`` bounds the waiting orders. ``envelope`` sends each order as the data of a CloudEvent.
    ``message_group`` names a field, userId for example: OrderQueue is then fair among its values.
    ``claim_check`` takes orders that are too large for SNS and sends them through S3, in a system with ClaimCheck=Yes.
    ``connect`` creates the topic client, for tests.
    Raises OperatorError if another process holds the spool.
    """

    def __init__(
        self,
        spool: str | Path | None,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        prefix: str | None = None,
        limit_bytes: int | None = None,
        envelope: CloudEvents | None = None,
        message_group: str | None = None,
        claim_check: bool = False,
        connect: Callable[[], Topic] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._spool: Spool = MemorySpool() if spool is None else FileSpool(Path(spool))
        default_bytes = MEMORY_BYTES_MAX if spool is None else SPOOL_BYTES_MAX
        self._limit_bytes = default_bytes if limit_bytes is None else limit_bytes
        self._envelope = envelope
        self._group_field = message_group
        self._claim_check = claim_check
        self._connect = connect or _connector(endpoint_url, region, profile, prefix, claim_check=claim_check)
        self._clock = clock or SystemClock()
        self._topic: Topic | None = None
        self._changed = Condition()
        self._settled = 0
        self._accepted = 0
        self._refused: deque[RefusedOrder] = deque(maxlen=REPORTED_MAX)
        self._reason: str | None = None
        self._stopping = False
        self._closed = False
        self._last_report = Flushed(0, 0, (), (), None)
        self._thread = Thread(target=self._run, name="orders-publisher", daemon=True)
        self._thread.start()

    def publish(
        self,
        order: OrderLike,
        timeout_s: float | None = None,
        *,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> None:
        """Add one order to the spool. Blocks while the spool is full.

        ``traceparent`` is the W3C trace context that the order belongs to; anything else counts as none. ``tracestate``
        goes with it in CloudEvents.
        Raises OrderRejected for an invalid order, PublisherFull after ``timeout_s``, OSError if the disk write fails.
        """
        self.publish_checked([self.make_spooled(order, traceparent, tracestate)], timeout_s)

    def publish_all(
        self,
        orders: Iterable[OrderLike],
        timeout_s: float | None = None,
        *,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> int:
        """Add many orders of one trace, with one disk write for hundreds. Returns their number.

        Raises as ``publish``; orders before the failing one may have been added.
        """
        checked = (self.make_spooled(order, traceparent, tracestate) for order in orders)
        taken = 0
        while some := list(islice(checked, APPEND_MAX)):
            self.publish_checked(some, timeout_s)
            taken += len(some)
        return taken

    def make_spooled(
        self, order: OrderLike, traceparent: str | None = None, tracestate: str | None = None
    ) -> SpooledOrder:
        """An order as it waits in the spool. Raises as ``check_order``."""
        text = check_order(order, self._envelope, traceparent, tracestate, claim_check=self._claim_check)
        return SpooledOrder(text, read_traceparent(traceparent))

    def publish_checked(self, orders: Sequence[SpooledOrder], timeout_s: float | None = None) -> None:
        """Add orders that ``make_spooled`` made. Raises PublisherFull and OSError as ``publish``."""
        with self._changed:
            has_room = self._changed.wait_for(
                lambda: self._stopping or self._spool.waiting_bytes < self._limit_bytes, timeout_s
            )
            if self._stopping:
                raise OperatorError("the publisher is closed")
            if not has_room:
                raise PublisherFull(
                    f"{self._spool.waiting:,} orders wait: {self._reason or 'SNS is slower than the publisher'}"
                )
        # Outside the condition, so that one disk write serves all waiting threads.
        self._spool.append(orders)
        with self._changed:
            self._changed.notify_all()

    def flush(self, timeout_s: float | None = FLUSH_TIMEOUT_S) -> Flushed:
        """Wait up to ``timeout_s`` until all orders added so far are accepted or refused; returns the state."""
        with self._changed:
            target = self._settled + self._spool.waiting  # removal and counting share one lock
            self._changed.wait_for(lambda: self._settled >= target or self._closed, timeout_s)
            return self._report()

    def close(self, timeout_s: float | None = FLUSH_TIMEOUT_S) -> Flushed:
        """Flush, then stop. Orders left in a spool on disk are sent by the next publisher with that spool."""
        report = self.flush(timeout_s)
        with self._changed:
            if self._closed:
                return report
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()
        with self._changed:
            if self._closed:
                return self._last_report
            report = self._last_report = self._report()
            self._closed = True
            self._spool.close()
            self._changed.notify_all()
        return report

    def __enter__(self) -> OrderPublisher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _report(self) -> Flushed:
        if self._closed:
            return self._last_report
        waiting = self._spool.orders(REPORTED_MAX)
        ids = tuple(parse_order(order.text, bytes_max=None, is_stored=True).order_id for order in waiting)
        return Flushed(self._accepted, self._spool.waiting, ids, tuple(self._refused), self._reason)

    # --- Sending ------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            self._run_once()

    def _run_once(self) -> None:
        try:
            self._deliver(self._next_batch())
        except Exception:  # noqa: BLE001  the thread survives unexpected errors; the orders stay in the spool
            _log.exception("publishing failed; retrying")
            self._topic = None
            self._wait_before_attempt(ATTEMPT_OF_CAP)

    def _next_batch(self) -> list[Message]:
        """Wait for orders; the oldest that fit into one call. Empty when the publisher stops."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._spool.waiting > 0)
            if self._stopping:
                return []
        oldest = [
            make_order_message(
                order.text,
                check=False,
                group_field=self._group_field,
                traceparent=order.traceparent,
                claim_check=self._claim_check,
            )
            for order in self._spool.peek(BATCH_ENTRIES_MAX)
        ]
        batches = split_batches(
            oldest, lambda message: message.size_bytes, entries_max=BATCH_ENTRIES_MAX, bytes_max=BATCH_BYTES_MAX
        )
        messages = next(batches, [])
        if not messages:
            raise RuntimeError(f"{self._spool.waiting} orders are in the spool but none can be read")
        return messages

    def _deliver(self, messages: list[Message]) -> None:
        """Send until each order is accepted or refused; failed orders are retried before any later ones are sent."""
        if not messages:
            return
        failed = messages
        refused: list[RefusedOrder] = []
        attempt = 0
        while failed:
            if attempt and not self._wait_before_attempt(attempt):
                return  # closing: the whole batch stays in the spool, accepted orders too; resending them is harmless
            failed, attempt = self._send_once(failed, refused), attempt + 1
        for order in refused:
            self._spool.record_refused(*order)
        with self._changed:
            self._spool.remove(len(messages))
            self._settled += len(messages)
            self._accepted += len(messages) - len(refused)
            self._refused.extend(refused)
            self._reason = None
            self._changed.notify_all()

    def _send_once(self, messages: list[Message], refused: list[RefusedOrder]) -> list[Message]:
        try:
            if self._topic is None:
                self._topic = self._connect()
            answers = self._topic.publish(messages)
        except (OrderUnavailable, OperatorError) as error:
            if isinstance(error, OperatorError):
                self._topic = None  # the configuration may need a fix, so read it again
            self._reason = error.reason
            return messages
        failed: list[Message] = []
        for message, answer in zip(messages, answers, strict=True):
            if answer is None:
                continue
            if answer.retryable:
                self._reason = answer.reason
                failed.append(message)
            else:
                refused.append(RefusedOrder(message.text, answer.code, answer.reason))
        return failed

    def _wait_before_attempt(self, attempt: int) -> bool:
        """Wait with full jitter; False if the publisher stops."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._stopping, BACKOFF.wait_ms(attempt, self._clock) / 1000)


class AsyncOrderPublisher:
    """OrderPublisher for asyncio: same promises, never blocks the event loop. An async context manager.

    Orders of all waiting tasks are written to disk together, in order of arrival.
    """

    def __init__(self, spool: str | Path | None, **options: Any) -> None:
        self._publisher = OrderPublisher(spool, **options)
        self._worker = ThreadPoolExecutor(1, "orders-publisher-take")
        self._flusher = ThreadPoolExecutor(1, "orders-publisher-flush")
        self._queue: list[tuple[SpooledOrder, asyncio.Future[None]]] = []
        self._taking: asyncio.Task[None] | None = None
        self._closed = False

    async def publish(self, order: OrderLike, *, traceparent: str | None = None, tracestate: str | None = None) -> None:
        """As OrderPublisher.publish. If cancelled, the order may still have been added."""
        spooled = self._publisher.make_spooled(order, traceparent, tracestate)
        if self._closed:
            raise OperatorError("the publisher is closed")
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((spooled, taken))
        if self._taking is None or self._taking.done():
            self._taking = asyncio.create_task(self._take_queue())
        await taken

    async def flush(self, timeout_s: float | None = FLUSH_TIMEOUT_S) -> Flushed:
        """As OrderPublisher.flush."""
        return await asyncio.get_running_loop().run_in_executor(self._flusher, self._publisher.flush, timeout_s)

    async def close(self, timeout_s: float | None = FLUSH_TIMEOUT_S) -> Flushed:
        """As OrderPublisher.close."""
        self._closed = True
        if self._taking is not None:
            await asyncio.wait({self._taking}, timeout=timeout_s)
        report = await asyncio.get_running_loop().run_in_executor(self._flusher, self._publisher.close, timeout_s)
        if self._taking is not None:
            await self._taking  # fails the tasks still waiting for space
        self._worker.shutdown()
        self._flusher.shutdown(wait=False)
        return report

    async def __aenter__(self) -> AsyncOrderPublisher:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _take_queue(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            batch, self._queue = self._queue[:APPEND_MAX], self._queue[APPEND_MAX:]
            failure: Exception | None = None
            try:
                await loop.run_in_executor(self._worker, self._publisher.publish_checked, [one for one, _ in batch])
            except (OrdersError, OSError) as error:
                failure = error
            for _, taken in batch:
                if taken.done():
                    continue  # its task was cancelled
                if failure is None:
                    taken.set_result(None)
                else:
                    taken.set_exception(failure)


def check_order(
    order: OrderLike,
    envelope: CloudEvents | None = None,
    traceparent: str | None = None,
    tracestate: str | None = None,
    *,
    claim_check: bool = False,
) -> str:
    """The text to publish for an order. Raises OrderRejected if the processor or SNS would refuse it."""
    text = order if isinstance(order, str) else encode_order(order)
    return make_order_message(
        text, envelope=envelope, traceparent=traceparent, tracestate=tracestate, claim_check=claim_check
    ).text


def _connector(
    endpoint_url: str | None, region: str | None, profile: str | None, prefix: str | None, *, claim_check: bool
) -> Callable[[], Topic]:
    def connect() -> Topic:
        from orders.publishing.topic import open_order_topic  # boto3 takes longer to import than everything else

        return open_order_topic(endpoint_url, region, profile, prefix, claim_check=claim_check)

    return connect
