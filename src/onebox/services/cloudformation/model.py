"""Values of CloudFormation: stacks, their resources, events and change sets. Frozen; rows are made from them.

Knows nothing of SQL. States: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from onebox.services.context import Wire

STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True)
class Source:
    """What a stack is made from."""

    template: str
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    notification_arns: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StackSettings:
    """What the caller said beside the source, and who the caller is."""

    principal_account: str
    principal_arn: str
    principal_user_id: str
    endpoint_url: str
    principal_role_name: str | None = None
    role_arn: str | None = None
    on_failure: str = "ROLLBACK"
    """ROLLBACK, DO_NOTHING or DELETE: what a failed creation leads to."""
    timeout_minutes: int | None = None
    termination_protection: bool = False
    policy: str | None = None
    retain_except_on_create: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """What is being done to a stack. ``kind`` is one of CREATE, CREATE_ROLLBACK, UPDATE, UPDATE_CLEANUP,
    UPDATE_ROLLBACK, ROLLBACK_CLEANUP, DELETE."""

    kind: str
    token: str
    """Names this operation; what it settled carries it, so that a restart does not do it twice."""
    started_at_ms: int
    client_token: str | None = None
    on_failure: str = "ROLLBACK"
    retain: tuple[str, ...] = ()
    """Logical ids that a deletion leaves alone."""
    skip: tuple[str, ...] = ()
    """Logical ids that a continued rollback takes for rolled back."""
    force: bool = False
    """Whether a deletion leaves behind what cannot be deleted."""


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
    """What a physical resource was made from."""

    properties: Wire = field(default_factory=dict)
    attributes: Wire = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    metadata: Any = None
    masked_properties: Wire | None = None
    """The properties as people may see them, where a NoEcho parameter makes a difference."""

    @property
    def shown_properties(self) -> Wire:
        """The properties for people to read."""
        return self.properties if self.masked_properties is None else self.masked_properties


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A resource as it was before the running update."""

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
    settled_in: str | None = None
    previous: Snapshot | None = None
    drift_status: str = "NOT_CHECKED"
    drift_checked_at_ms: int | None = None
    drift: Wire | None = None


@dataclass(frozen=True, slots=True)
class Leftover:
    """A physical resource that cleanup will end, or leave behind if ``retain``."""

    stack_id: str
    logical_id: str
    type: str
    physical_id: str
    body: ResourceBody
    retain: bool
    id: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a stack's history."""

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
    """One comparison of a stack with what is there."""

    detection_id: str
    stack_id: str
    status: str
    at_ms: int
    status_reason: str | None = None
    stack_drift_status: str | None = None
    drifted_count: int | None = None
