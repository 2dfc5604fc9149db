"""The parts that every operation of CloudWatch Logs works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onebox.arn import make_arn
from onebox.services.context import Deps, RequestContext
from onebox.services.logs.destinations import Destinations
from onebox.services.logs.errors import group_not_found, stream_not_found
from onebox.services.logs.ingest import Ingest
from onebox.services.logs.live_tail import LiveTails
from onebox.services.logs.model import LogGroup, LogStream
from onebox.services.logs.store.events import EventStore
from onebox.services.logs.store.groups import GroupStore
from onebox.services.logs.store.metric_filters import MetricFilterStore
from onebox.services.logs.store.queries import QueryStore
from onebox.services.logs.store.resource_policies import ResourcePolicyStore
from onebox.services.logs.store.streams import StreamStore
from onebox.services.logs.store.subscriptions import SubscriptionStore
from onebox.services.logs.store.tags import TagStore


class QuerySignals:
    """Tells the background that a query waits."""

    def __init__(self) -> None:
        self.on_start: Callable[[], None] | None = None

    def started(self) -> None:
        """A query is durable and waits to be run."""
        if self.on_start is not None:
            self.on_start()


@dataclass(frozen=True, slots=True)
class LogsCore:
    """The stores of the service and what works on them."""

    deps: Deps
    groups: GroupStore
    streams: StreamStore
    events: EventStore
    tags: TagStore
    metric_filters: MetricFilterStore
    subscriptions: SubscriptionStore
    resource_policies: ResourcePolicyStore
    destinations: Destinations
    queries: QueryStore
    query_signals: QuerySignals
    live_tails: LiveTails
    ingest: Ingest

    def arn(self, context: RequestContext, resource: str) -> str:
        """The ARN of a resource of the caller's account and region."""
        return make_arn("logs", context.region, context.account, resource)

    def load_group(self, context: RequestContext, name: str) -> LogGroup:
        """The group of that name. Raises ResourceNotFoundException."""
        group = self.groups.find(context.account, context.region, name)
        if group is None:
            raise group_not_found()
        return group

    def load_stream(self, group: LogGroup, name: str) -> LogStream:
        """The stream of that name. Raises ResourceNotFoundException."""
        stream = self.streams.find(group.id, name)
        if stream is None:
            raise stream_not_found()
        return stream


def make_core(deps: Deps) -> LogsCore:
    """The core on a database."""
    metric_filters = MetricFilterStore(deps.storage)
    events = EventStore(deps.storage)
    subscriptions = SubscriptionStore(deps.storage)
    live_tails = LiveTails()
    return LogsCore(
        deps=deps,
        groups=GroupStore(deps.storage),
        streams=StreamStore(deps.storage),
        events=events,
        tags=TagStore(deps.storage),
        metric_filters=metric_filters,
        subscriptions=subscriptions,
        resource_policies=ResourcePolicyStore(deps.storage),
        destinations=Destinations(),
        queries=QueryStore(deps.storage),
        query_signals=QuerySignals(),
        live_tails=live_tails,
        ingest=Ingest(deps, events, metric_filters, subscriptions, live_tails),
    )
