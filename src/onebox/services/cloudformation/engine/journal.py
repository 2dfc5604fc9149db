"""Writing down what happens: a stack's or resource's new state together with its event, always in one transaction.

Promises: nobody ever sees a state without its event or an event without its state.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from onebox.services.cloudformation.model import STACK_TYPE, Event, Resource, Stack
from onebox.services.cloudformation.store import Store
from onebox.services.context import Deps, Wire


class Journal:
    """The writer of states and events. All its methods belong inside ``storage.run``."""

    def __init__(self, store: Store, deps: Deps, listener: Callable[[Stack, Event], None]) -> None:
        self._store = store
        self._deps = deps
        self._listener = listener

    def stack_moved(self, stack: Stack, status: str, reason: str | None = None, **fields: Any) -> Stack:
        """Give the stack a status and further fields, with an event."""
        moved = replace(stack, status=status, status_reason=reason, **fields)
        if moved.operation is None and stack.operation is not None:
            moved = replace(moved, last_operation=stack.operation)
        self._store.save_stack(moved)
        self._record(
            moved,
            Event(
                stack_id=moved.stack_id,
                event_id=self._deps.ids.uuid(),
                logical_id=moved.name,
                type=STACK_TYPE,
                status=status,
                at_ms=self._deps.clock.now_ms(),
                physical_id=moved.stack_id,
                status_reason=reason,
                client_token=_client_token(moved) or _client_token(stack),
            ),
        )
        return moved

    def resource_moved(self, stack: Stack, resource: Resource) -> Resource:
        """Save the resource as it is given, with an event."""
        now_ms = self._deps.clock.now_ms()
        moved = replace(resource, changed_at_ms=now_ms)
        self._store.save_resource(moved)
        self.resource_event(
            stack,
            moved.logical_id,
            moved.type,
            moved.physical_id or (moved.previous.physical_id if moved.previous else None),
            moved.status,
            moved.status_reason,
            moved.body.shown_properties,
        )
        return moved

    def resource_event(
        self,
        stack: Stack,
        logical_id: str,
        type_name: str,
        physical_id: str | None,
        status: str,
        reason: str | None,
        properties: Wire,
    ) -> None:
        """An event of a physical resource, without a change of state."""
        now_ms = self._deps.clock.now_ms()
        event = Event(
            stack_id=stack.stack_id,
            event_id=f"{logical_id}-{status}-{_event_time(now_ms)}",
            logical_id=logical_id,
            type=type_name,
            status=status,
            at_ms=now_ms,
            physical_id=physical_id or "",
            status_reason=reason,
            properties=json.dumps(properties, separators=(",", ":")),
            client_token=_client_token(stack),
        )
        self._record(stack, event)

    def _record(self, stack: Stack, event: Event) -> None:
        self._store.add_event(event)
        self._listener(stack, event)


def _client_token(stack: Stack) -> str | None:
    return None if stack.operation is None else stack.operation.client_token


def _event_time(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"
