"""Values of CloudFormation: stacks, their resources, events and change sets. Frozen; rows are made from them.

Knows nothing of SQL. A status is one of ``states.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from onebox.services.context import Wire

STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True)
class Source:
    """The template and everything given with it: what a stack is deployed from."""

    template: str
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    notification_arns: list[str] = field(default_factory=list)
    description: str | None = None
    no_echo: list[str] | None = None
    """Names of the parameters whose values are never shown; None in rows that older versions wrote."""
    original: str | None = None
    """The template before its transforms; None without transforms. ``template`` is what is deployed."""

    resolved: dict[str, str] = field(default_factory=dict)
    """What the Parameter Store held for the parameters that name one there."""

    @property
    def values(self) -> dict[str, str]:
        """What the template is deployed with: the parameters, those of the Parameter Store by their values."""
        return self.parameters | self.resolved

    @property
    def original_template(self) -> str:
        """The template as it was given."""
        return self.template if self.original is None else self.original


@dataclass(frozen=True, slots=True)
class StackSettings:
    """The options of the request that are not part of the source, and who sent it."""

    principal_account: str
    principal_arn: str
    principal_user_id: str
    endpoint_url: str
    principal_role_name: str | None = None
    principal_user_name: str | None = None
    principal_entity_id: str | None = None
    principal_entity_arn: str | None = None
    principal_session_policies: tuple[str, ...] = ()
    principal_session_tags: tuple[tuple[str, str], ...] = ()
    role_arn: str | None = None
    on_failure: str = "ROLLBACK"
    """What happens after a failed creation: ROLLBACK, DO_NOTHING or DELETE."""
    timeout_minutes: int | None = None
    termination_protection: bool = False
    policy: str | None = None
    retain_except_on_create: bool = False
    parent_id: str | None = None
    """The stack that this one is nested in."""
    root_id: str | None = None
    """The outermost stack, of a nested one."""
    depth: int = 0
    """How many stacks this one is nested in."""


@dataclass(frozen=True, slots=True)
class Operation:
    """The work that runs on a stack. ``kind`` follows from the stack's status (``states.OperationKind``)."""

    kind: str
    token: str
    """Identifies this operation. Each resource that it completed records the token, so a restart skips it."""
    started_at_ms: int
    """In steady time."""
    client_token: str | None = None
    on_failure: str = "ROLLBACK"
    retain: tuple[str, ...] = ()
    """Logical ids of resources that a deletion retains."""
    skip: tuple[str, ...] = ()
    """Logical ids that a continued rollback treats as rolled back."""
    rollback_at_ms: int | None = None
    """When the rollback of a creation began."""
    force: bool = False
    """Whether a deletion succeeds although resources could not be deleted; they stay."""


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack."""

    stack_id: str
    account: str
    region: str
    name: str
    status: str
    created_at_ms: int
    source: Source
    settings: StackSettings
    status_reason: str | None = None
    updated_at_ms: int | None = None
    deleted_at_ms: int | None = None
    change_set_id: str | None = None
    previous: Source | None = None
    outputs: tuple[Wire, ...] = ()
    operation: Operation | None = None
    last_operation: Operation | None = None
    drift_status: str = "NOT_CHECKED"
    drift_checked_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ResourceBody:
    """The evaluated declaration of a physical resource, and the attributes it has."""

    properties: Wire = field(default_factory=dict)
    attributes: Wire = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    metadata: Any = None
    masked_properties: Wire | None = None
    """The properties with NoEcho values masked; None if there are none."""

    @property
    def shown_properties(self) -> Wire:
        """The properties without NoEcho values, for events and answers."""
        return self.properties if self.masked_properties is None else self.masked_properties


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A physical resource of a logical id: what it is and what it was made from. A rollback restores one."""

    type: str
    name: str
    physical_id: str
    created_in: str
    body: ResourceBody


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a stack."""

    stack_id: str
    logical_id: str
    type: str
    name: str
    status: str
    changed_at_ms: int
    created_in: str
    body: ResourceBody
    physical_id: str | None = None
    status_reason: str | None = None
    completed_in: str | None = None
    previous: Snapshot | None = None
    """The resource before the running update."""
    drift_status: str = "NOT_CHECKED"
    drift_checked_at_ms: int | None = None
    drift: Wire | None = None

    def snapshot(self) -> Snapshot | None:
        """The physical resource as it is now; None if there is none yet."""
        if self.physical_id is None:
            return None
        return Snapshot(self.type, self.name, self.physical_id, self.created_in, self.body)


@dataclass(frozen=True, slots=True)
class CleanupItem:
    """A physical resource that is no longer part of the stack. Cleanup deletes it, or only forgets it if ``retain``."""

    stack_id: str
    logical_id: str
    type: str
    physical_id: str
    body: ResourceBody
    retain: bool
    id: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a stack's history."""

    stack_id: str
    event_id: str
    logical_id: str
    type: str
    status: str
    at_ms: int
    physical_id: str | None = None
    status_reason: str | None = None
    properties: str | None = None
    client_token: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A prepared update or creation."""

    change_set_id: str
    stack_id: str
    name: str
    kind: str
    status: str
    execution_status: str
    created_at_ms: int
    source: Source
    settings: StackSettings
    changes: tuple[Wire, ...]
    status_reason: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class DriftDetection:
    """One comparison of a stack's declared properties with the live ones."""

    detection_id: str
    stack_id: str
    status: str
    at_ms: int
    status_reason: str | None = None
    stack_drift_status: str | None = None
    drifted_count: int | None = None
