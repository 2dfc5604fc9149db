"""The pollers of all enabled event source mappings."""

from __future__ import annotations

from onebox.services.dynamodb.internal import DynamoDbInternal
from onebox.services.lambda_.background.poller_parts import PollerParts
from onebox.services.lambda_.background.queue_poller import QueuePoller
from onebox.services.lambda_.background.stream_poller import StreamPoller
from onebox.services.lambda_.model import Mapping


class Pollers:
    """The pollers of all enabled mappings."""

    def __init__(self, parts: PollerParts, streams: DynamoDbInternal) -> None:
        self._parts = parts
        self._streams = streams
        self._pollers: dict[str, QueuePoller | StreamPoller] = {}

    def apply(self, mapping: Mapping) -> None:
        """Start, restart or stop the poller of a mapping that was created or changed."""
        self.remove(mapping.uuid)
        if mapping.enabled:
            poller = self._pollers[mapping.uuid] = self._make(mapping)
            poller.start()

    def _make(self, mapping: Mapping) -> QueuePoller | StreamPoller:
        if mapping.is_stream:
            return StreamPoller(mapping, self._parts, self._streams)
        return QueuePoller(mapping, self._parts)

    def remove(self, uuid: str) -> None:
        """Stop the poller of a mapping, if it has one."""
        poller = self._pollers.pop(uuid, None)
        if poller is not None:
            poller.stop()

    def last_result(self, uuid: str) -> str | None:
        """LastProcessingResult of a mapping."""
        poller = self._pollers.get(uuid)
        return None if poller is None else poller.last_result

    def stop(self) -> None:
        """Stop all: onebox ends."""
        for poller in self._pollers.values():
            poller.stop(process_ends=True)
        self._pollers.clear()
