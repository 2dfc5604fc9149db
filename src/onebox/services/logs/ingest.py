"""Taking events in: the one path of PutLogEvents and of the services that log, with all that hangs on it.

Promises: events are appended in order, counted in AWS/Logs, run past the group's metric filters, and their embedded
metrics recorded. Metrics go to the buffer only when the events are durable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from onebox.runtime.threads import compute_beside
from onebox.services.context import Deps, RequestContext
from onebox.services.logs.embedded_metrics import find_embedded_metrics
from onebox.services.logs.limits import EVENT_AGE_MS_MAX, EVENT_FUTURE_MS_MAX, EVENT_OVERHEAD_BYTES, INLINE_WORK_MAX
from onebox.services.logs.live_tail import LiveTails, Stretch
from onebox.services.logs.metric_filters import MetricFilter, MetricSample, apply_filter, parse_filter
from onebox.services.logs.model import LogGroup
from onebox.services.logs.store.events import EventStore
from onebox.services.logs.store.metric_filters import MetricFilterStore
from onebox.services.logs.store.subscriptions import SubscriptionStore

Events = Sequence[tuple[int, str]]
_EMBEDDED_TESTS = 2
"""What a look for embedded metrics costs, in tests of a pattern."""


class Ingest:
    """Appends events and records what they mean for metrics."""

    def __init__(
        self,
        deps: Deps,
        events: EventStore,
        metric_filters: MetricFilterStore,
        subscriptions: SubscriptionStore,
        live_tails: LiveTails,
    ) -> None:
        self._deps = deps
        self._events = events
        self._metric_filters = metric_filters
        self._subscriptions = subscriptions
        self._live_tails = live_tails
        self.on_subscribed: Callable[[], None] = _nobody
        """Called when events that have to be delivered are durable."""

    async def find_samples(self, group: LogGroup, events: Events) -> list[MetricSample]:
        """The metric samples in events that a client put; found on another thread where that takes long."""
        filters = self._filters_of(group)
        characters = sum(len(message) for _, message in events)
        tests = sum(metric_filter.pattern.tests for metric_filter in filters)
        if (tests + _EMBEDDED_TESTS) * characters <= INLINE_WORK_MAX:
            return find_samples(filters, events)
        return await compute_beside(partial(find_samples, filters, events))

    def append(
        self,
        context: RequestContext,
        group: LogGroup,
        stream_id: int,
        events: Events,
        samples: list[MetricSample] | None = None,
    ) -> None:
        """Append events (time and message, in order of time) to a stream, in the caller's transaction. ``samples``
        are those that :meth:`find_samples` found; None: they are found here."""
        if not events:
            return
        found = find_samples(self._filters_of(group), events) if samples is None else samples
        incoming_bytes = len("".join([message for _, message in events]).encode()) + EVENT_OVERHEAD_BYTES * len(events)
        last_id = self._events.append(group.id, stream_id, events, incoming_bytes, context.now_ms)
        if group.subscription_filters:
            self._subscriptions.add_batch(group.id, stream_id, last_id, len(events), context.endpoint_url)
            self._deps.storage.after_commit(lambda: self.on_subscribed())
        if self._live_tails.are_watching(group.id):
            stretch = Stretch(group.id, stream_id, last_id - len(events) + 1, last_id)
            self._deps.storage.after_commit(lambda: self._live_tails.offer(stretch))
        self._deps.storage.after_commit(
            lambda: self._record(context, group.name, len(events), incoming_bytes, found), patient=True
        )

    def _filters_of(self, group: LogGroup) -> list[MetricFilter]:
        if not group.metric_filters:
            return []
        rows = self._metric_filters.of(group.id)
        return [parse_filter(name, pattern, transformations) for name, _, pattern, transformations in rows]

    def _record(
        self,
        context: RequestContext,
        group_name: str,
        events: int,
        incoming_bytes: int,
        samples: list[MetricSample],
    ) -> None:
        add = self._deps.metrics.add
        account, region, now_ms = context.account, context.region, context.now_ms
        dimensions = (("LogGroupName", group_name),)
        # One sample an event, as AWS counts: SampleCount of IncomingLogEvents is the number of events.
        readings = (("IncomingLogEvents", 1, "None"), ("IncomingBytes", incoming_bytes / events, "Bytes"))
        for name, value, unit in readings:
            add(
                account=account,
                region=region,
                namespace="AWS/Logs",
                name=name,
                dimensions=dimensions,
                value=value,
                unit=unit,
                now_ms=now_ms,
                samples=events,
            )
        for sample in samples:
            # CloudWatch takes no datapoint older than two weeks or more than two hours ahead.
            if now_ms - EVENT_AGE_MS_MAX <= sample.at_ms <= now_ms + EVENT_FUTURE_MS_MAX:
                add(
                    account=account,
                    region=region,
                    namespace=sample.namespace,
                    name=sample.name,
                    dimensions=sample.dimensions,
                    value=sample.value,
                    unit=sample.unit,
                    now_ms=sample.at_ms,
                    samples=sample.samples,
                )


def find_samples(filters: Sequence[MetricFilter], events: Events) -> list[MetricSample]:
    """The samples of embedded metrics and of metric filters. Pure."""
    samples = find_embedded_metrics(events)
    for metric_filter in filters if events else ():
        samples.extend(apply_filter(metric_filter, events))
    return samples


def _nobody() -> None:
    """Before the delivery has started."""
