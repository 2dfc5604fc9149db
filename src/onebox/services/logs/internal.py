"""CloudWatch Logs for the other services: what they log goes in with their own transaction."""

from __future__ import annotations

from collections.abc import Sequence

from onebox.services.context import RequestContext
from onebox.services.logs.ingest import Ingest
from onebox.services.logs.model import LogGroup
from onebox.services.logs.store.groups import GroupStore
from onebox.services.logs.store.streams import StreamStore


class LogsInternal:
    def __init__(self, groups: GroupStore, streams: StreamStore, ingest: Ingest) -> None:
        self._groups = groups
        self._streams = streams
        self._ingest = ingest

    def put(
        self,
        context: RequestContext,
        group: str,
        stream: str,
        events: Sequence[tuple[int, str]],
        *,
        may_create_group: bool = True,
    ) -> None:
        """Append events (time in ms and message, in order of time), creating group and stream if missing. Where the
        group is missing and may not be created, the events are lost, as on AWS.

        Runs in the caller's transaction. The rules for clients (age, size of a batch) do not apply.
        """
        log_group = self._groups.find(context.account, context.region, group)
        if log_group is None:
            if not may_create_group:
                return
            log_group = self._create_group(context, group)
        log_stream = self._streams.find(log_group.id, stream)
        stream_id = log_stream.id if log_stream else self._streams.insert(log_group.id, stream, context.now_ms)
        self._ingest.append(context, log_group, stream_id, events)

    def _create_group(self, context: RequestContext, name: str) -> LogGroup:
        self._groups.insert(context.account, context.region, name, context.now_ms)
        group = self._groups.find(context.account, context.region, name)
        assert group is not None
        return group
