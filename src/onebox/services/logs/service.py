"""CloudWatch Logs as the gateway sees it: its operations, the ARNs they touch, its background work."""

from __future__ import annotations

from onebox.arn import make_arn
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.logs.errors import group_not_found, stream_not_found
from onebox.services.logs.events_store import EventsStore
from onebox.services.logs.ingest import Ingest
from onebox.services.logs.internal import LogsInternal
from onebox.services.logs.model import LogGroup, LogStream
from onebox.services.logs.operations import OPERATIONS
from onebox.services.logs.store import LogsStore
from onebox.services.logs.sweeper import Sweeper
from onebox.services.logs.validation import find_group_name
from onebox.services.registry import Access, access_to, bind


class Logs:
    """The service. Operations take it as their first argument and use its stores."""

    name = "logs"

    def __init__(self, deps: Deps) -> None:
        self.operations = bind(OPERATIONS, self)
        self.deps = deps
        self.store = LogsStore(deps.storage)
        self.events_store = EventsStore(deps.storage)
        self.ingest = Ingest(deps, self.store, self.events_store)
        self.internal = LogsInternal(self.store, self.ingest)
        self._sweeper = Sweeper(deps, self.events_store)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The operation's action on each resource that the request names."""
        resources = self._resources(context, operation, request)
        return access_to("logs", OPERATIONS, operation, resources)

    def _resources(self, context: RequestContext, operation: str, request: Wire) -> list[str]:
        """The group's or stream's ARN; AWS names a stream, be it empty, in every one of them."""
        arn = request.get("resourceArn")
        identifier = request.get("logGroupName") or request.get("logGroupIdentifier") or arn or ""
        group = find_group_name(identifier) or identifier
        stream = request.get("logStreamName", "") if operation in _STREAM_OPERATIONS else ""
        return [self.arn(context, f"log-group:{group}:log-stream:{stream}")]

    async def start(self) -> None:
        self._sweeper.start()

    async def stop(self) -> None:
        self._sweeper.stop()

    def arn(self, context: RequestContext, resource: str) -> str:
        return make_arn("logs", context.region, context.account, resource)

    def load_group(self, context: RequestContext, name: str) -> LogGroup:
        group = self.store.find_group(context.account, context.region, name)
        if group is None:
            raise group_not_found()
        return group

    def load_stream(self, group: LogGroup, name: str) -> LogStream:
        stream = self.store.find_stream(group.id, name)
        if stream is None:
            raise stream_not_found()
        return stream


_STREAM_OPERATIONS = ("CreateLogStream", "DeleteLogStream", "PutLogEvents", "GetLogEvents")
