"""Sends the stored requests to HTTP and HTTPS endpoints, retries them, and dead-letters those that fail for good.

Promises: an accepted request is sent at least once or ends in the dead-letter queue (without one, in a log line), also
across restarts. An answer of 2xx ends a delivery, one of 4xx except 429 fails it for good, and any other outcome is
retried as the delivery policy says.
AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import NamedTuple

from onebox.arn import make_arn
from onebox.clock import Timer
from onebox.errors import AwsError, StorageFault
from onebox.services.context import Principal, RequestContext
from onebox.services.sns.background.http_client import post
from onebox.services.sns.core import Core
from onebox.services.sns.delivery_policy import retry_delay_s
from onebox.services.sns.delivery_status import Outcome
from onebox.services.sns.model import HttpDelivery, Redrive
from onebox.services.sns.neighbours import SERVICE
from onebox.services.sqs.internal import Delivery
from onebox.storage.faults import DatabaseBusy

_IN_PROGRESS_MAX = 16
_ANSWER_TIMEOUT_S = 15.0

_log = logging.getLogger("onebox.sns")


class Answer(NamedTuple):
    """What an attempt met: the endpoint's status, or 0 and the reason where there was no answer."""

    status: int
    reason: str

    @property
    def is_accepted(self) -> bool:
        """Whether the endpoint took the request."""
        return 200 <= self.status < 300

    @property
    def is_retryable(self) -> bool:
        """Whether another attempt may succeed."""
        return not 400 <= self.status < 500 or self.status == 429


class HttpSender:
    """Sends the requests of all topics."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._store = core.http_deliveries
        self._in_progress: dict[int, asyncio.Task[None]] = {}
        self._timer: Timer | None = None
        self._running = False
        core.http.watch(self._send_due)

    async def start(self) -> None:
        """Send what an earlier run left."""
        self._running = True
        self._send_due()

    async def stop(self) -> None:
        """Stop; requests in progress are sent again after the next start."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._in_progress.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _send_due(self) -> None:
        """Start what is due, as far as there is room, and set the timer for the next one."""
        if not self._running:
            return
        now_ms = self._core.clock.steady_ms()
        room = _IN_PROGRESS_MAX - len(self._in_progress)
        if room > 0:
            for delivery in self._store.list_due(now_ms, list(self._in_progress), room):
                self._in_progress[delivery.id] = asyncio.get_running_loop().create_task(self._send(delivery))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        next_at_ms = self._store.next_due_at_ms(now_ms)
        if next_at_ms is not None:
            self._timer = self._core.clock.call_at(next_at_ms, self._send_due)

    async def _send(self, delivery: HttpDelivery) -> None:
        try:
            await self._core.storage.durable()  # an endpoint sees nothing that a power cut could still take back
            answer = await _attempt(delivery)
            await self._store_outcome(delivery, answer)
        except StorageFault:
            return  # the engine stops; the delivery goes on after the restart
        except Exception:  # noqa: BLE001 - the edge of a background task
            _log.exception("sns: delivery %d to %s is suspended until the next start", delivery.id, delivery.url)
            return
        del self._in_progress[delivery.id]
        self._send_due()

    async def _store_outcome(self, delivery: HttpDelivery, answer: Answer) -> None:
        """However long another program holds the write lock: else the request would be sent again."""
        is_stored = False
        while not is_stored:
            with contextlib.suppress(DatabaseBusy):  # said where it was found; each try waits for the lock
                await self._core.storage.write(lambda: self._record_outcome(delivery, answer))
                is_stored = True

    def _record_outcome(self, delivery: HttpDelivery, answer: Answer) -> None:
        """Store the outcome of an attempt: done, to be retried, or failed for good."""
        now_ms = self._core.clock.now_ms()
        if answer.is_accepted:
            self._store.delete(delivery.id)
            self._log_status(delivery, answer, now_ms)
            self._count(delivery, "NumberOfNotificationsDelivered", now_ms)
            return
        delay_s = retry_delay_s(delivery.retries, delivery.attempts + 1) if answer.is_retryable else None
        if delay_s is not None:
            self._store.postpone(delivery.id, self._core.clock.steady_ms() + int(delay_s * 1000))
            return
        self._store.delete(delivery.id)
        self._log_status(delivery, answer, now_ms)
        self._count(delivery, "NumberOfNotificationsFailed", now_ms)
        attempts = delivery.attempts + 1
        _log.warning("sns: %s refused a notification %d times, last: %s", delivery.url, attempts, answer.reason)
        if delivery.redrive is not None:
            self._send_to_dead_letters(delivery, delivery.redrive, now_ms)

    def _log_status(self, delivery: HttpDelivery, answer: Answer, now_ms: int) -> None:
        topic = self._core.cache.find(delivery.topic_arn)
        if topic is None or delivery.described is None:
            return
        outcome = Outcome(
            destination=delivery.url,
            status_code=answer.status,
            provider_response="" if answer.status else answer.reason,
            attempts=delivery.attempts + 1,
            succeeded=answer.is_accepted,
        )
        protocol = delivery.url.partition(":")[0]
        self._core.status_log.record(self._context(delivery, now_ms), topic, protocol, delivery.described, outcome)

    def _send_to_dead_letters(self, delivery: HttpDelivery, redrive: Redrive, now_ms: int) -> None:
        try:
            self._core.queues.deliver(
                self._context(delivery, now_ms),
                redrive.queue_arn,
                Delivery(redrive.body, redrive.attributes),
                source_service=SERVICE,
                source_arn=delivery.topic_arn,
            )
        except AwsError as error:
            self._count(delivery, "NumberOfNotificationsFailedToRedriveToDlq", now_ms)
            _log.warning("sns: %s refused: %s: %s", redrive.queue_arn, error.wire_code, error.message)
        else:
            self._count(delivery, "NumberOfNotificationsRedrivenToDlq", now_ms)

    def _context(self, delivery: HttpDelivery, now_ms: int) -> RequestContext:
        root = make_arn("iam", "", delivery.account, "root", partition_region=delivery.region)
        return RequestContext(
            account=delivery.account,
            region=delivery.region,
            principal=Principal(delivery.account, root, delivery.account),
            now_ms=now_ms,
            request_id=self._core.ids.uuid(),
            endpoint_url="",
        )

    def _count(self, delivery: HttpDelivery, metric: str, now_ms: int) -> None:
        if delivery.message_type != "Notification":
            return
        add = partial(
            self._core.metrics.add,
            account=delivery.account,
            region=delivery.region,
            namespace="AWS/SNS",
            name=metric,
            dimensions=(("TopicName", delivery.topic_arn.rpartition(":")[2]),),
            value=1,
            unit="Count",
            now_ms=now_ms,
        )
        self._core.storage.after_commit(add, patient=True)  # what is undone is not counted


async def _attempt(delivery: HttpDelivery) -> Answer:
    """What the endpoint answered."""
    try:
        status = await post(delivery.url, delivery.headers, delivery.body.encode(), _ANSWER_TIMEOUT_S)
    except OSError as error:
        return Answer(0, str(error))
    return Answer(status, f"status {status}")
