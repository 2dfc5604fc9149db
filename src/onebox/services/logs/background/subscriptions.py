"""The delivery of subscribed events.

Promises: events are remembered for delivery in the transaction that stores them; an invocation is queued in the
transaction that forgets them. So a crash neither loses nor repeats one. A destination that is gone or refuses loses
its events. The work runs off the path of PutLogEvents, a batch at a time.
"""

from __future__ import annotations

import asyncio
from functools import partial

from onebox.arn import make_arn
from onebox.errors import StorageFault
from onebox.services.context import Principal, RequestContext
from onebox.services.logs.background.wanted_work import work_when_wanted
from onebox.services.logs.core import LogsCore
from onebox.services.logs.limits import INLINE_WORK_MAX
from onebox.services.logs.model import SubscriptionBatch
from onebox.services.logs.patterns import parse_pattern
from onebox.services.logs.search import match_all
from onebox.services.logs.subscription_messages import lambda_events

_PACKING_TESTS = 16
"""What compressing a character costs, in tests of a pattern."""


class SubscriptionDelivery:
    """One task that delivers batches in the order of their puts; it rests while there are none."""

    def __init__(self, core: LogsCore) -> None:
        self._core = core
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Deliver what a former run left, then whatever comes."""
        self._core.ingest.on_subscribed = self._wanted.set
        self._wanted.set()
        work = work_when_wanted(self._core.deps, self._wanted, self._deliver_all, "delivering subscribed events")
        self._task = asyncio.get_running_loop().create_task(work)

    async def stop(self) -> None:
        """Nothing runs afterwards; what is not delivered is delivered after the next start."""
        self._core.ingest.on_subscribed = _ignore
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _deliver_all(self) -> None:
        while (batch := self._core.subscriptions.find_oldest_batch()) is not None:
            await self._deliver(batch)
            await asyncio.sleep(0)

    async def _deliver(self, batch: SubscriptionBatch) -> None:
        try:
            messages = await self._find_messages(batch)
        except StorageFault:
            raise
        except Exception:
            self._core.deps.log.exception("matching subscribed events of %s failed; they are dropped", batch.group_name)
            messages = []
        context = self._context(batch)
        source_arn = f"{self._core.arn(context, f'log-group:{batch.group_name}')}:*"

        def send() -> None:
            for destination_arn, message in messages:
                if not self._core.destinations.invoke(context, destination_arn, source_arn, message):
                    self._core.deps.log.warning("subscribed events are dropped: %s refuses them", destination_arn)
            self._core.subscriptions.delete_batch(batch.id)

        await self._core.deps.storage.write(send)

    async def _find_messages(self, batch: SubscriptionBatch) -> list[tuple[str, bytes]]:
        """The destinations and messages for a batch."""
        events = self._core.events.read_ids(batch.stream_id, batch.first_id, batch.last_id)
        stream = self._core.streams.name_of(batch.stream_id)
        if stream is None or not events:
            return []
        found: list[tuple[str, bytes]] = []
        for subscription in self._core.subscriptions.of(batch.group_id):
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
            messages = await asyncio.to_thread(pack) if is_large else pack()
            found.extend((subscription.destination_arn, message) for message in messages)
        return found

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
