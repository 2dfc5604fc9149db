"""The delivery of subscribed events.

Promises: events are remembered for delivery in the transaction that stores them; an invocation is queued in the
transaction that forgets them. So a crash neither loses nor repeats one. Events whose destination is gone or refuses
them are tried again for a day, while those of other filters go on. The work runs off the path of PutLogEvents, a batch
at a time.
AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions.html
"""

from __future__ import annotations

import asyncio
from functools import partial

from onebox.arn import make_arn
from onebox.clock import Timer
from onebox.errors import StorageFault
from onebox.runtime.pauses import let_others_run
from onebox.runtime.wanted_task import WantedTask
from onebox.services.context import Principal, RequestContext
from onebox.services.logs.core import LogsCore
from onebox.services.logs.limits import (
    INLINE_WORK_MAX,
    SUBSCRIPTION_RETRIED_MS,
    SUBSCRIPTION_RETRIES_AT_ONCE,
    SUBSCRIPTION_RETRY_MS,
)
from onebox.services.logs.model import SubscriptionBatch, SubscriptionFilter
from onebox.services.logs.patterns import parse_pattern
from onebox.services.logs.search import match_all
from onebox.services.logs.subscription_messages import lambda_events

_PACKING_TESTS = 16
"""What compressing a character costs, in tests of a pattern."""


class SubscriptionDelivery:
    """One task that delivers batches in the order of their puts; it rests while there are none."""

    def __init__(self, core: LogsCore) -> None:
        self._core = core
        self._store = core.subscriptions
        self._storage, self._clock, self._log = core.deps.storage, core.deps.clock, core.deps.log
        self._task = WantedTask(self._deliver_all, self._clock, self._log, "delivering subscribed events")
        self._is_running = False
        self._timer: Timer | None = None
        """For the next retries."""
        self._is_retry_due = False

    def start(self) -> None:
        """Deliver what a former run left, then whatever comes."""
        self._is_running = True
        self._core.ingest.on_subscribed = self._task.want
        self._task.start()
        self._begin_retries()

    async def stop(self) -> None:
        """Nothing runs afterwards; what is not delivered is delivered after the next start."""
        self._core.ingest.on_subscribed = _ignore
        self._is_running = False
        await self._task.stop()
        if self._timer is not None:
            self._timer.cancel()

    async def _deliver_all(self) -> None:
        while (batch := self._store.find_oldest_batch()) is not None:
            await self._deliver(batch)
            await let_others_run()
        if self._is_retry_due:
            self._is_retry_due = False
            try:
                await self._retry_all()
            except Exception:
                self._is_retry_due = True  # the loop tries again after its pause
                raise

    async def _deliver(self, batch: SubscriptionBatch) -> None:
        found = [(one, await self._find_messages(batch, one)) for one in self._store.of(batch.group_id)]

        def send() -> None:
            for subscription, messages in found:
                if not self._send(batch, subscription, messages):
                    self._keep(batch, subscription)
            self._store.delete_batch(batch.id)

        await self._storage.write(send)

    async def _find_messages(self, batch: SubscriptionBatch, subscription: SubscriptionFilter) -> list[bytes]:
        """What a filter's destination gets of a batch; nothing if that cannot be found out."""
        try:
            return await self._make_messages(batch, subscription)
        except StorageFault:
            raise
        except Exception:  # noqa: BLE001 - one batch must not hold up the others
            self._log.exception("matching subscribed events of %s failed; they are dropped", batch.group_name)
            return []

    async def _make_messages(self, batch: SubscriptionBatch, subscription: SubscriptionFilter) -> list[bytes]:
        events = self._core.events.read_ids(batch.stream_id, batch.first_id, batch.last_id)
        stream = self._core.streams.name_of(batch.stream_id)
        if stream is None or not events:
            return []
        matches = await match_all(parse_pattern(subscription.pattern), [event.message for event in events])
        chosen = [event for event, matched in zip(events, matches, strict=True) if matched]
        pack = partial(
            lambda_events,
            chosen,
            account=batch.account,
            group=batch.group_name,
            stream=stream,
            filter_name=subscription.name,
        )
        is_large = _PACKING_TESTS * sum(len(event.message) for event in chosen) > INLINE_WORK_MAX
        return await asyncio.to_thread(pack) if is_large else pack()

    def _send(self, batch: SubscriptionBatch, subscription: SubscriptionFilter, messages: list[bytes]) -> bool:
        """Queue the invocations, all or none, inside a transaction; False if the destination refuses them."""
        if messages and not self._is_open(batch, subscription):
            return False
        for message in messages:
            self._core.destinations.invoke(
                self._context(batch), subscription.destination_arn, self._source_arn(batch), message
            )
        return True

    def _is_open(self, batch: SubscriptionBatch, subscription: SubscriptionFilter) -> bool:
        """Whether the destination is there and lets CloudWatch Logs in."""
        return self._core.destinations.may_invoke(
            self._context(batch), subscription.destination_arn, self._source_arn(batch)
        )

    def _keep(self, batch: SubscriptionBatch, subscription: SubscriptionFilter) -> None:
        """Have a batch tried again for one filter, inside a transaction."""
        if all(one.name != subscription.name for one in self._store.of(batch.group_id)):
            return  # deleted while its events were matched
        if self._store.find_oldest_retry(batch.group_id, subscription.name) is None:
            self._log.warning(
                "subscribed events of %s wait: %s refuses them; tried again for a day",
                batch.group_name,
                subscription.destination_arn,
            )
        self._store.add_retry(batch, subscription.name, self._clock.steady_ms())
        self._storage.after_commit(self._retry_later)

    def _retry_later(self) -> None:
        if self._timer is None and self._is_running:
            self._timer = self._clock.call_at(self._clock.steady_ms() + SUBSCRIPTION_RETRY_MS, self._begin_retries)

    def _begin_retries(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_retry_due = True
        self._task.want()

    async def _retry_all(self) -> None:
        before_ms = self._clock.steady_ms() - SUBSCRIPTION_RETRIED_MS
        forget = partial(self._store.forget_retries, before_ms, SUBSCRIPTION_RETRIES_AT_ONCE)
        while number := await self._storage.write(forget):
            self._log.warning("%d batches of subscribed events were given up: refused for a day", number)
        first = place = self._store.find_next_retried(0, "")
        while place is not None:
            await self._retry_filter(*place)
            place = self._store.find_next_retried(*place)
        if first is not None:
            self._retry_later()

    async def _retry_filter(self, group_id: int, filter_name: str) -> None:
        for _ in range(SUBSCRIPTION_RETRIES_AT_ONCE):
            batch = self._store.find_oldest_retry(group_id, filter_name)
            subscription = next((one for one in self._store.of(group_id) if one.name == filter_name), None)
            if batch is None or subscription is None or not self._is_open(batch, subscription):
                return
            await self._retry(batch, subscription)
            await let_others_run()
        self._begin_retries()  # behind the batches that came meanwhile

    async def _retry(self, batch: SubscriptionBatch, subscription: SubscriptionFilter) -> None:
        messages = await self._find_messages(batch, subscription)

        def send() -> None:
            if self._send(batch, subscription, messages):
                self._store.delete_retry(batch.id)

        await self._storage.write(send)

    def _source_arn(self, batch: SubscriptionBatch) -> str:
        return f"{self._core.arn(self._context(batch), f'log-group:{batch.group_name}')}:*"

    def _context(self, batch: SubscriptionBatch) -> RequestContext:
        root = make_arn("iam", "", batch.account, "root", partition_region=batch.region)
        return RequestContext(
            account=batch.account,
            region=batch.region,
            principal=Principal(batch.account, root, batch.account),
            now_ms=self._core.deps.clock.now_ms(),
            request_id=self._core.deps.ids.uuid(),
            endpoint_url=batch.endpoint_url,
        )


def _ignore() -> None:
    """While nothing delivers."""
