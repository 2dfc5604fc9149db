"""Taking events in: the one path of PutLogEvents and of the services that log, with all that hangs on it.

Promises: events are appended in order, counted in AWS/Logs, run past the group's metric filters, and their embedded
metrics recorded. Metrics go to the buffer only when the events are durable.
"""

from __future__ import annotations

from collections.abc import Sequence

from onebox.services.context import Deps, RequestContext
from onebox.services.logs.embedded_metrics import find_embedded_metrics, has_embedded_metrics
from onebox.services.logs.limits import EVENT_AGE_MS_MAX, EVENT_FUTURE_MS_MAX, EVENT_OVERHEAD_BYTES
from onebox.services.logs.metric_filters import MetricSample, apply_filter, parse_filter
from onebox.services.logs.model import LogGroup
from onebox.services.logs.store.events import EventStore
from onebox.services.logs.store.metric_filters import MetricFilterStore

Events = Sequence[tuple[int, str]]


class Ingest:
    def __init__(self, deps: Deps, events: EventStore, metric_filters: MetricFilterStore) -> None:
        self._deps = deps
        self._events = events
        self._metric_filters = metric_filters

    def append(self, context: RequestContext, group: LogGroup, stream_id: int, events: Events) -> None:
        """Append events (time and message, in order of time) to a stream, in the caller's transaction."""
        if not events:
            return
        # All lines as one text: counting bytes and looking for embedded metrics cost a pass each, not a call a line.
        text = "".join([message for _, message in events])
        incoming_bytes = len(text.encode()) + EVENT_OVERHEAD_BYTES * len(events)
        self._events.append(group.id, stream_id, events, incoming_bytes, context.now_ms)
        samples = self._samples(group, events, has_embedded_metrics(text))
        self._deps.storage.after_commit(
            lambda: self._record(context, group.name, len(events), incoming_bytes, samples), patient=True
        )

    def _samples(self, group: LogGroup, events: Events, embedded: bool) -> list[MetricSample]:
        samples = find_embedded_metrics(events) if embedded else []
        if group.metric_filters:
            for name, _, pattern, transformations in self._metric_filters.of(group.id):
                samples.extend(apply_filter(parse_filter(name, pattern, transformations), events))
        return samples

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
