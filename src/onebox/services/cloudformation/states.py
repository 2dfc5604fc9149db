"""The states of stacks and of their resources, and what leads from one to the next. The only place that names a status.

:data:`STACK_STATES` and :data:`RESOURCE_STATES` have a row for each status and a cell for each trigger. An operation is
possible exactly where its cell holds a next status. ``docs/cloudformation.md`` shows the stacks' table as a diagram
(:mod:`onebox.services.cloudformation.state_diagram` draws it).
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

NEW = ""
"""The status of a stack or resource before it is recorded for the first time."""


class StackTrigger(Enum):
    """What moves a stack to another state. The values are the words of the diagram."""

    REVIEW = "CreateChangeSet"
    CREATE = "CreateStack"
    UPDATE = "UpdateStack"
    DELETE = "DeleteStack"
    CANCEL = "CancelUpdateStack"
    ROLL_BACK = "RollbackStack"
    CONTINUE = "ContinueUpdateRollback"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    FAILED_KEEP = "failed, rollback disabled"
    FAILED_DELETE = "failed, OnFailure DELETE"
    UNFINISHED = "some resources failed"
    ERROR = "internal error"


class OperationKind:
    """What the supervisor does with a stack while it is in a state."""

    CREATE = "CREATE"
    CREATE_ROLLBACK = "CREATE_ROLLBACK"
    UPDATE = "UPDATE"
    UPDATE_CLEANUP = "UPDATE_CLEANUP"
    UPDATE_ROLLBACK = "UPDATE_ROLLBACK"
    ROLLBACK_CLEANUP = "ROLLBACK_CLEANUP"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class StackState:
    """One row of the table: a status."""

    next: Mapping[StackTrigger, str] = field(default_factory=dict)
    operation: str | None = None
    """The :class:`OperationKind` that runs in this state, if one does."""
    drift_detectable: bool = False
    reviewed_only: bool = False
    """The stack has a change set and nothing else; to most operations it does not exist."""
    is_deleted: bool = False
    is_rolled_back: bool = False
    """Its creation was rolled back: nothing of it is left."""
    is_failed: bool = False
    """An operation failed and was not rolled back: an update without changes is possible, to finish it."""


_T = StackTrigger
_UPDATE_OR_DELETE = {_T.UPDATE: "UPDATE_IN_PROGRESS", _T.DELETE: "DELETE_IN_PROGRESS"}
_DELETE = {_T.DELETE: "DELETE_IN_PROGRESS"}

STACK_STATES: Mapping[str, StackState] = {
    NEW: StackState({_T.REVIEW: "REVIEW_IN_PROGRESS", _T.CREATE: "CREATE_IN_PROGRESS"}),
    "REVIEW_IN_PROGRESS": StackState({_T.CREATE: "CREATE_IN_PROGRESS", **_DELETE}, reviewed_only=True),
    "CREATE_IN_PROGRESS": StackState(
        {
            _T.SUCCEEDED: "CREATE_COMPLETE",
            _T.FAILED: "ROLLBACK_IN_PROGRESS",
            _T.FAILED_KEEP: "CREATE_FAILED",
            _T.FAILED_DELETE: "DELETE_IN_PROGRESS",
            _T.ERROR: "CREATE_FAILED",
            **_DELETE,
        },
        operation=OperationKind.CREATE,
    ),
    "CREATE_COMPLETE": StackState(_UPDATE_OR_DELETE, drift_detectable=True),
    "CREATE_FAILED": StackState({**_UPDATE_OR_DELETE, _T.ROLL_BACK: "ROLLBACK_IN_PROGRESS"}, is_failed=True),
    "ROLLBACK_IN_PROGRESS": StackState(
        {_T.SUCCEEDED: "ROLLBACK_COMPLETE", _T.UNFINISHED: "ROLLBACK_FAILED", _T.ERROR: "ROLLBACK_FAILED"},
        operation=OperationKind.CREATE_ROLLBACK,
    ),
    "ROLLBACK_COMPLETE": StackState(_DELETE, is_rolled_back=True),
    "ROLLBACK_FAILED": StackState(_DELETE, is_failed=True),
    "UPDATE_IN_PROGRESS": StackState(
        {
            _T.SUCCEEDED: "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            _T.FAILED: "UPDATE_ROLLBACK_IN_PROGRESS",
            _T.FAILED_KEEP: "UPDATE_FAILED",
            _T.CANCEL: "UPDATE_ROLLBACK_IN_PROGRESS",
            _T.ERROR: "UPDATE_FAILED",
        },
        operation=OperationKind.UPDATE,
    ),
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": StackState(
        {_T.SUCCEEDED: "UPDATE_COMPLETE", _T.ERROR: "UPDATE_FAILED"}, operation=OperationKind.UPDATE_CLEANUP
    ),
    "UPDATE_COMPLETE": StackState(_UPDATE_OR_DELETE, drift_detectable=True),
    "UPDATE_FAILED": StackState({**_UPDATE_OR_DELETE, _T.ROLL_BACK: "UPDATE_ROLLBACK_IN_PROGRESS"}, is_failed=True),
    "UPDATE_ROLLBACK_IN_PROGRESS": StackState(
        {
            _T.SUCCEEDED: "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            _T.UNFINISHED: "UPDATE_ROLLBACK_FAILED",
            _T.ERROR: "UPDATE_ROLLBACK_FAILED",
        },
        operation=OperationKind.UPDATE_ROLLBACK,
    ),
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": StackState(
        {_T.SUCCEEDED: "UPDATE_ROLLBACK_COMPLETE", _T.ERROR: "UPDATE_ROLLBACK_FAILED"},
        operation=OperationKind.ROLLBACK_CLEANUP,
    ),
    "UPDATE_ROLLBACK_COMPLETE": StackState(_UPDATE_OR_DELETE, drift_detectable=True),
    "UPDATE_ROLLBACK_FAILED": StackState(
        {**_DELETE, _T.CONTINUE: "UPDATE_ROLLBACK_IN_PROGRESS"}, drift_detectable=True, is_failed=True
    ),
    "DELETE_IN_PROGRESS": StackState(
        {_T.SUCCEEDED: "DELETE_COMPLETE", _T.UNFINISHED: "DELETE_FAILED", _T.ERROR: "DELETE_FAILED"},
        operation=OperationKind.DELETE,
    ),
    "DELETE_FAILED": StackState(_DELETE, is_failed=True),
    "DELETE_COMPLETE": StackState(is_deleted=True),
}


class ResourceTrigger(Enum):
    """What moves a resource to another state."""

    DEPLOY = "creation or update begins"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RESTORED = "as before the update"
    DELETE = "deletion begins"
    DISCARDED = "never existed"
    RETAINED = "left in place"


@dataclass(frozen=True, slots=True)
class ResourceState:
    """One row of the resources' table: a status."""

    next: Mapping[ResourceTrigger, str] = field(default_factory=dict)
    exists: bool = False
    """A physical resource was completed once and is not deleted."""
    is_stable: bool = False
    """It exists and nothing is being done to it: drift detection compares it."""
    is_deleted: bool = False
    """The stack is done with it."""
    in_update: bool = False
    """An update of it runs or failed: a rollback restores it."""
    is_updating: bool = False
    failed_update: bool = False
    """Its update, or the rollback of it, failed: ContinueUpdateRollback may skip it."""
    failed_create: bool = False


_R = ResourceTrigger
_END = {_R.DELETE: "DELETE_IN_PROGRESS", _R.DISCARDED: "DELETE_COMPLETE", _R.RETAINED: "DELETE_SKIPPED"}
_STABLE = {_R.DEPLOY: "UPDATE_IN_PROGRESS", _R.FAILED: "UPDATE_FAILED", _R.RESTORED: "UPDATE_COMPLETE", **_END}

RESOURCE_STATES: Mapping[str, ResourceState] = {
    NEW: ResourceState({_R.DEPLOY: "CREATE_IN_PROGRESS", _R.FAILED: "CREATE_FAILED"}),
    "CREATE_IN_PROGRESS": ResourceState({_R.SUCCEEDED: "CREATE_COMPLETE", _R.FAILED: "CREATE_FAILED", **_END}),
    "CREATE_COMPLETE": ResourceState(_STABLE, exists=True, is_stable=True),
    "CREATE_FAILED": ResourceState(
        {_R.DEPLOY: "CREATE_IN_PROGRESS", _R.FAILED: "CREATE_FAILED", **_END}, failed_create=True
    ),
    "UPDATE_IN_PROGRESS": ResourceState(
        {
            _R.SUCCEEDED: "UPDATE_COMPLETE",
            _R.FAILED: "UPDATE_FAILED",
            _R.RESTORED: "UPDATE_COMPLETE",
            **_END,
        },
        exists=True,
        in_update=True,
        is_updating=True,
    ),
    "UPDATE_COMPLETE": ResourceState(_STABLE, exists=True, is_stable=True),
    "UPDATE_FAILED": ResourceState(_STABLE, exists=True, in_update=True, failed_update=True),
    "DELETE_IN_PROGRESS": ResourceState(
        {_R.SUCCEEDED: "DELETE_COMPLETE", _R.FAILED: "DELETE_FAILED", _R.RETAINED: "DELETE_SKIPPED"}, exists=True
    ),
    "DELETE_FAILED": ResourceState(_END, exists=True),
    "DELETE_COMPLETE": ResourceState(is_deleted=True),
    "DELETE_SKIPPED": ResourceState(is_deleted=True),
}


class InvalidTransition(Exception):
    """The table has no next status for this trigger. The callers check first, so it is a bug of theirs."""


def stack_allows(status: str, trigger: StackTrigger) -> bool:
    """Whether the trigger moves a stack that is in ``status``."""
    return trigger in STACK_STATES[status].next


def next_stack_status(status: str, trigger: StackTrigger) -> str:
    """The status after the trigger. Raises InvalidTransition."""
    if not stack_allows(status, trigger):
        raise InvalidTransition(f"a stack in {status or 'no state'} cannot be moved by: {trigger.value}")
    return STACK_STATES[status].next[trigger]


def next_resource_status(status: str, trigger: ResourceTrigger) -> str:
    """The status after the trigger. Raises InvalidTransition."""
    following = RESOURCE_STATES[status].next.get(trigger)
    if following is None:
        raise InvalidTransition(f"a resource in {status or 'no state'} cannot be moved by: {trigger.value}")
    return following


def cleanup_status(trigger: ResourceTrigger) -> str:
    """The status in an event of the clean-up, which knows no earlier status."""
    begun = RESOURCE_STATES["CREATE_COMPLETE"].next
    return begun[trigger] if trigger in (ResourceTrigger.DELETE, ResourceTrigger.RETAINED) else _ENDED[trigger]


_ENDED = RESOURCE_STATES["DELETE_IN_PROGRESS"].next

CHANGE_SET_READY = "CREATE_COMPLETE"
CHANGE_SET_FAILED = "FAILED"

STACK_STATUSES = (
    *(status for status in STACK_STATES if status != NEW),
    "IMPORT_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_COMPLETE",
)
"""All that a request may ask for; nothing is imported here, so no stack has the last five."""
