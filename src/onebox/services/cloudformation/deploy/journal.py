"""Recording: the new state of a stack or resource and its event, always in one transaction.

Promises: no state without its event, and no event without its state. The table in ``states.py`` decides every status.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from onebox.services.cloudformation.model import STACK_TYPE, CleanupItem, Event, Resource, Stack
from onebox.services.cloudformation.states import (
    STACK_STATES,
    ResourceTrigger,
    StackTrigger,
    next_resource_status,
    next_stack_status,
)
from onebox.services.cloudformation.store import Store
from onebox.services.context import Deps, Wire


def advance(resource: Resource, trigger: ResourceTrigger, reason: str | None = None, **fields: Any) -> Resource:
    """The resource in its next state. Raises InvalidTransition."""
    return replace(resource, status=next_resource_status(resource.status, trigger), status_reason=reason, **fields)


class Journal:
    """The writer of states and events. All its methods belong inside ``storage.write``."""

    def __init__(self, store: Store, deps: Deps, listener: Callable[[Stack, Event], None]) -> None:
        self._store = store
        self._deps = deps
        self._listener = listener

    def move_stack(self, stack: Stack, trigger: StackTrigger, reason: str | None = None, **fields: Any) -> Stack:
        """Save the stack in its next state, with an event. Returns it.

        In a state without work the stack has no operation; in the others the operation is of the state's kind. An
        operation that is not given in ``fields`` continues under its token. Raises InvalidTransition."""
        status = next_stack_status(stack.status, trigger)
        moved = replace(stack, status=status, status_reason=reason, **fields)
        kind = STACK_STATES[status].operation
        if kind is None:
            moved = replace(moved, operation=None, last_operation=stack.operation or stack.last_operation)
        elif moved.operation is not None:
            moved = replace(moved, operation=replace(moved.operation, kind=kind))
        self._store.stacks.save(moved)
        self._record(
            moved,
            Event(
                stack_id=moved.stack_id,
                event_id=self._deps.ids.uuid(),
                logical_id=moved.name,
                type=STACK_TYPE,
                status=status,
                at_ms=self._next_time(moved.stack_id),
                physical_id=moved.stack_id,
                status_reason=reason,
                client_token=_client_token(moved) or _client_token(stack),
            ),
        )
        return moved

    def save_resource(self, stack: Stack, resource: Resource) -> Resource:
        """Save the resource as it is given, with an event. Returns it with the time of the change."""
        now_ms = self._deps.clock.now_ms()
        saved = replace(resource, changed_at_ms=now_ms)
        self._store.resources.save(saved)
        previous_id = saved.previous.physical_id if saved.previous else None
        self._record_resource(
            stack,
            logical_id=saved.logical_id,
            type_name=saved.type,
            physical_id=saved.physical_id or previous_id,
            status=saved.status,
            reason=saved.status_reason,
            properties=saved.body.shown_properties,
        )
        return saved

    def record_cleanup(self, stack: Stack, item: CleanupItem, status: str, reason: str | None = None) -> None:
        """Record an event of a physical resource that is no longer part of the stack."""
        self._record_resource(
            stack,
            logical_id=item.logical_id,
            type_name=item.type,
            physical_id=item.physical_id,
            status=status,
            reason=reason,
            properties=item.body.shown_properties,
        )

    def _record_resource(
        self,
        stack: Stack,
        *,
        logical_id: str,
        type_name: str,
        physical_id: str | None,
        status: str,
        reason: str | None,
        properties: Wire,
    ) -> None:
        at_ms = self._next_time(stack.stack_id)
        event = Event(
            stack_id=stack.stack_id,
            event_id=f"{logical_id}-{status}-{_event_time(at_ms)}",
            logical_id=logical_id,
            type=type_name,
            status=status,
            at_ms=at_ms,
            physical_id=physical_id or "",
            status_reason=reason,
            properties=json.dumps(properties, separators=(",", ":")),
            client_token=_client_token(stack),
        )
        self._record(stack, event)

    def _next_time(self, stack_id: str) -> int:
        """Now, or a millisecond after the stack's last event: sorting by time keeps the order of the events."""
        return max(self._deps.clock.now_ms(), self._store.events.find_last_time(stack_id) + 1)

    def _record(self, stack: Stack, event: Event) -> None:
        self._store.events.add(event)
        self._listener(stack, event)


def _client_token(stack: Stack) -> str | None:
    return None if stack.operation is None else stack.operation.client_token


def _event_time(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"
