"""Delivers the stored events to queues, topics and functions.

Promises: an event is delivered at least once, also across restarts, in the order of the events of a bucket for a
destination; a destination that is gone or refuses a bucket is tried again with growing pauses and delays neither other
destinations nor other buckets; its events are kept for six hours. Delivery and the end of an event are one transaction.
Requests to S3 never wait for it.
"""

from __future__ import annotations

from functools import partial

from onebox.clock import Timer
from onebox.errors import AwsError, StorageFault
from onebox.runtime.pauses import let_others_run
from onebox.runtime.wanted_task import WantedTask
from onebox.services.context import Principal, RequestContext
from onebox.services.s3.core import S3Core
from onebox.services.s3.destinations import UNREACHABLE, Destinations
from onebox.services.s3.event_records import SERVICE, bucket_arn, finish_record
from onebox.services.s3.store.notifications import Channel, Notification
from onebox.storage.faults import DatabaseBusy

_PIECE = 10
"""Events of one destination that are delivered before the next one's turn, and requests', comes."""
_KEPT_MS = 6 * 60 * 60 * 1000
_FORGOTTEN_AT_ONCE = 200
_PAUSE_MS_LEAST = 1_000
_PAUSE_MS_MAX = 60_000


class NotificationSender:
    """Delivers events of all buckets."""

    def __init__(self, core: S3Core) -> None:
        self._core = core
        self._store = core.notifications
        self._storage = core.deps.storage
        self._clock = core.deps.clock
        self._log = core.deps.log
        self._ready: dict[Channel, None] = {}
        """Channels in which something may wait, in the order of their turns."""
        self._pauses: dict[Channel, tuple[int, Timer]] = {}
        """Channels whose destination could not be reached: the pause in milliseconds, and its end."""
        self._task = WantedTask(
            self._deliver, core.deps.clock, core.deps.log, "s3: the delivery of event notifications"
        )
        core.events.watch(self._noted)

    def start(self) -> None:
        """Deliver what an earlier run left."""
        self._ready = dict.fromkeys(self._store.list_channels())
        self._task.start()
        self._task.want()

    async def stop(self) -> None:
        """Stop; what is not delivered is delivered after the next start. Idempotent."""
        for _, timer in self._pauses.values():
            timer.cancel()
        self._pauses.clear()
        await self._task.stop()

    def _noted(self, channel: Channel) -> None:
        if channel not in self._pauses:
            self._ready[channel] = None
            self._task.want()

    async def _deliver(self) -> None:
        if not self._ready:
            return
        destinations = await self._core.load_destinations()
        while self._ready:
            channel = next(iter(self._ready))
            del self._ready[channel]
            await self._deliver_piece(destinations, channel)

    async def _deliver_piece(self, destinations: Destinations, channel: Channel) -> None:
        """Deliver a few events, and put the channel behind the others if more may wait."""
        try:
            notifications = self._store.list_oldest(channel, _PIECE)
            for notification in notifications:
                await self._storage.when_free(partial(self._deliver_one, destinations, notification))
        except AwsError as error:
            await self._pause(channel, error.wire_code)
        except StorageFault:
            raise
        except DatabaseBusy:
            self._ready[channel] = None  # said where it was found; each try waits for the lock
        except Exception:  # noqa: BLE001 - one destination must not end the delivery to the others
            self._log.exception("s3: an event for %s could not be delivered", channel.destination_arn)
            await self._pause(channel, "a fault of onebox")
        else:
            # Events that came in a pause have put nothing into ``_ready``.
            if self._end_pause(channel) or len(notifications) == _PIECE:
                self._ready[channel] = None
        await let_others_run()

    def _deliver_one(self, destinations: Destinations, notification: Notification) -> None:
        """Deliver one event and forget it. Raises AwsError if its destination cannot be reached."""
        context = self._context(notification)
        message = finish_record(notification.record, notification.notification_id)
        source_arn = bucket_arn(notification.bucket, notification.region)
        self._store.delete(notification.notification_id)
        try:
            self._storage.run(lambda: destinations.deliver(context, notification.destination_arn, message, source_arn))
        except AwsError as error:
            if type(error).__name__ in UNREACHABLE:
                raise
            # This message will never be taken: it is larger than the queue allows, say. The next one may be.
            self._log.warning(
                "s3: %s refused an event of %s: %s: %s",
                notification.destination_arn,
                notification.bucket,
                error.wire_code,
                error.message,
            )

    async def _pause(self, channel: Channel, reason: str) -> None:
        """Try a channel again later, and forget what has waited for too long."""
        pause = self._pauses.get(channel)
        if pause is None:
            self._log.warning(
                "s3: events of %s for %s wait: %s; tried again with growing pauses",
                channel.bucket,
                channel.destination_arn,
                reason,
            )
        pause_ms = _PAUSE_MS_LEAST if pause is None else min(2 * pause[0], _PAUSE_MS_MAX)
        timer = self._clock.call_at(self._clock.steady_ms() + pause_ms, lambda: self._retry(channel))
        self._pauses[channel] = (pause_ms, timer)
        await self._forget_old(channel)

    def _retry(self, channel: Channel) -> None:
        self._ready[channel] = None
        self._task.want()

    def _end_pause(self, channel: Channel) -> bool:
        """Whether there was one."""
        pause = self._pauses.pop(channel, None)
        if pause is not None:
            pause[1].cancel()
        return pause is not None

    async def _forget_old(self, channel: Channel) -> None:
        before_ms = self._clock.steady_ms() - _KEPT_MS
        forget = partial(self._store.delete_older, channel, before_ms, _FORGOTTEN_AT_ONCE)
        while number := await self._storage.when_free(forget):
            self._log.warning(
                "s3: %d events of %s for %s were given up after six hours",
                number,
                channel.bucket,
                channel.destination_arn,
            )
            await let_others_run()

    def _context(self, notification: Notification) -> RequestContext:
        trace = notification.trace_header
        return RequestContext(
            account=notification.account,
            region=notification.region,
            principal=Principal(notification.account, SERVICE, SERVICE),
            now_ms=self._clock.now_ms(),
            request_id=self._core.deps.ids.uuid(),
            endpoint_url="",
            headers={"x-amzn-trace-id": trace} if trace else {},
        )
