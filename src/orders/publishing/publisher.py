"""OrderPublisher and AsyncOrderPublisher: how a shop's own program publishes its orders, losing none.

Promises: what ``publish`` returned for is on disk (with a spool) and is delivered, in order of arrival, when the
endpoint takes it: in minutes or days, by this process or by the next with the same spool. An order that the
processor would reject is refused at once, by name. Nothing grows without bound: where too much waits, ``publish``
waits. ``flush`` tells what is not yet accepted. An order may be sent twice after a crash, never not at all.

One thread sends, one call at a time, because only so is the order kept; a call carries up to ten orders.
Knows nothing of SNS's wire.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import Any, NamedTuple

from orders.batches import split_batches
from orders.clock import Clock, SystemClock
from orders.domain.order import parse_order
from orders.errors import OperatorError, OrderRejected, OrdersError, OrderUnavailable
from orders.publishing.bulk import BACKOFF, make_order_message
from orders.publishing.message import Message, encode_order
from orders.publishing.ports import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, Topic
from orders.publishing.spool import FileSpool, MemorySpool, Spool

SPOOL_BYTES_MAX = 1024 * 1024 * 1024
MEMORY_BYTES_MAX = 32 * 1024 * 1024
FLUSH_TIMEOUT_S = 30.0
REPORTED_MAX = 1_000
APPEND_MAX = 500
ATTEMPT_OF_CAP = 16

_log = logging.getLogger("orders.publisher")

# An order as a mapping, or as JSON text, which is then published byte for byte.
OrderLike = Mapping[str, Any] | str


class RefusedOrder(NamedTuple):
    """An order that SNS refuses for its own sake, whenever it is sent."""

    text: str
    code: str
    reason: str


class Flushed(NamedTuple):
    """How things stand: counts of orders since the publisher was made, those found in its spool included."""

    accepted: int
    waiting: int
    """Not yet accepted; they go on being tried."""
    order_ids: tuple[str, ...]
    """Of those waiting, the first thousand, in order of arrival."""
    refused: tuple[RefusedOrder, ...]
    """The last thousand of those refused; the spool's refused.jsonl has all."""
    reason: str | None
    """Why those waiting were not accepted at the last attempt; None if it succeeded."""

    @property
    def is_complete(self) -> bool:
        """Whether SNS accepted all."""
        return not self.waiting and not self.refused


class PublisherFull(OrdersError):
    """Too much waits, and nothing was accepted within the time given. The order was not taken."""


class OrderPublisher:
    """Publishes orders to OrderTopic. Safe for several threads; a context manager.

    ``spool`` is a folder of this process's own, where orders wait; None keeps them in memory, lost with the process.
    ``endpoint_url``, ``region`` and ``profile`` are AWS's, from the environment where left out. ``limit_bytes``
    bounds what waits. ``connect`` makes the topic, for tests. Raises OperatorError if another process holds the spool.
    """

    def __init__(
        self,
        spool: str | Path | None,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        limit_bytes: int | None = None,
        connect: Callable[[], Topic] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._spool: Spool = MemorySpool() if spool is None else FileSpool(Path(spool))
        default_bytes = MEMORY_BYTES_MAX if spool is None else SPOOL_BYTES_MAX
        self._limit_bytes = default_bytes if limit_bytes is None else limit_bytes
        self._connect = connect or _connector(endpoint_url, region, profile)
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

    def publish(self, order: OrderLike, timeout_s: float | None = None) -> None:
        """Take one order; when this returns it is in the spool. Waits while too much waits.

        Raises OrderRejected for what is no order, PublisherFull after ``timeout_s``, OSError if the disk refuses it.
        """
        self._take([check_order(order)], timeout_s)

    def publish_all(self, orders: Iterable[OrderLike], timeout_s: float | None = None) -> int:
        """Take many, with one write to the disk for hundreds. Returns how many.

        Raises as ``publish``; the orders before the one that raised may have been taken.
        """
        texts = iter(map(check_order, orders))
        taken = 0
        while some := list(islice(texts, APPEND_MAX)):
            self._take(some, timeout_s)
            taken += len(some)
        return taken

    def flush(self, timeout_s: float | None = FLUSH_TIMEOUT_S) -> Flushed:
        """Wait until all taken so far are accepted or refused, at most so long; tells how it stands then."""
        with self._changed:
            target = self._settled + self._spool.waiting  # what is removed is settled, under one lock
            self._changed.wait_for(lambda: self._settled >= target or self._closed, timeout_s)
            return self._report()

    def close(self, timeout_s: float | None = FLUSH_TIMEOUT_S) -> Flushed:
        """Flush, then end. What waits in a spool on disk is sent by the next publisher with that spool."""
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

    # --- Taking -------------------------------------------------------------------------------------------------------

    def _take(self, texts: list[str], timeout_s: float | None) -> None:
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
        # Outside of the condition, so that one write to the disk serves all threads that wait for it.
        self._spool.append(texts)
        with self._changed:
            self._changed.notify_all()

    def _report(self) -> Flushed:
        if self._closed:
            return self._last_report
        ids = tuple(parse_order(text).order_id for text in self._spool.texts(REPORTED_MAX))
        return Flushed(self._accepted, self._spool.waiting, ids, tuple(self._refused), self._reason)

    # --- Sending ------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            self._run_once()

    def _run_once(self) -> None:
        try:
            self._deliver(self._next_batch())
        except Exception:  # noqa: BLE001  the thread outlives what nobody foresaw; the orders stay where they are
            _log.exception("publishing failed; retrying")
            self._topic = None
            self._wait_before_attempt(ATTEMPT_OF_CAP)

    def _next_batch(self) -> list[Message]:
        """The oldest orders that fit into one call, when there are some; none when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._spool.waiting > 0)
            if self._stopping:
                return []
        oldest = [make_order_message(text, check=False) for text in self._spool.peek(BATCH_ENTRIES_MAX)]
        batches = split_batches(
            oldest, lambda message: message.size_bytes, entries_max=BATCH_ENTRIES_MAX, bytes_max=BATCH_BYTES_MAX
        )
        messages = next(batches, [])
        if not messages:
            raise RuntimeError(f"{self._spool.waiting} orders are in the spool but none can be read")
        return messages

    def _deliver(self, messages: list[Message]) -> None:
        """Send until each is accepted or refused; those that failed go again, alone, before any that came later."""
        if not messages:
            return
        failed = messages
        refused: list[RefusedOrder] = []
        attempt = 0
        while failed:
            if attempt and not self._wait_before_attempt(attempt):
                return  # closing: they stay in the spool, accepted ones of the batch too, which is harmless
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
                self._topic = None  # what is to be edited may be the configuration: it is read again
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
        """Wait with full jitter; False if it is time to end."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._stopping, BACKOFF.wait_ms(attempt, self._clock) / 1000)


class AsyncOrderPublisher:
    """OrderPublisher for asyncio: the same promises, the loop never blocked. An async context manager.

    Orders of all tasks that wait at one moment go to the disk together, in the order in which they came.
    """

    def __init__(self, spool: str | Path | None, **options: Any) -> None:
        self._publisher = OrderPublisher(spool, **options)
        self._worker = ThreadPoolExecutor(1, "orders-publisher-take")
        self._flusher = ThreadPoolExecutor(1, "orders-publisher-flush")
        self._queue: list[tuple[str, asyncio.Future[None]]] = []
        self._taking: asyncio.Task[None] | None = None
        self._closed = False

    async def publish(self, order: OrderLike) -> None:
        """As OrderPublisher.publish. Cancelled, the order may have been taken."""
        text = check_order(order)
        if self._closed:
            raise OperatorError("the publisher is closed")
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((text, taken))
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
            await self._taking  # those still waiting for room are told that it is closed
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
                await loop.run_in_executor(self._worker, self._publisher.publish_all, [text for text, _ in batch])
            except (OrdersError, OSError) as error:
                failure = error
            for _, taken in batch:
                if taken.done():
                    continue  # its task was cancelled
                if failure is None:
                    taken.set_result(None)
                else:
                    taken.set_exception(failure)


def check_order(order: OrderLike) -> str:
    """The text to publish for an order. Raises OrderRejected for what the processor or SNS would refuse."""
    text = order if isinstance(order, str) else encode_order(order)
    size_bytes = make_order_message(text).size_bytes
    if size_bytes > BATCH_BYTES_MAX:
        raise OrderRejected(f"{size_bytes} bytes: SNS takes {BATCH_BYTES_MAX}")
    return text


def _connector(endpoint_url: str | None, region: str | None, profile: str | None) -> Callable[[], Topic]:
    def connect() -> Topic:
        from orders.publishing.topic import open_order_topic  # boto3 takes longer to import than all the rest

        return open_order_topic(endpoint_url, region, profile)

    return connect
