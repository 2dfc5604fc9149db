"""Deploying and removing the order system: the function's zip file, its bucket, the change set, the wait.

Promises: every change is shown and confirmed before it is applied. A failed deployment reports the reason of the
resource that failed first. Removing keeps the table unless the caller requests its deletion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from orders.deployment.cloudformation import DEAD_STATUSES, GOOD_STATUSES, ChangeSet, Stack, StackEvent
from orders.deployment.package import Package, build_package
from orders.deployment.template import Parameter, check_given, read_parameters
from orders.errors import OperatorError

TEMPLATE = "template.yaml"


class Artifacts(Protocol):
    name: str

    def upload(self, package: Package) -> str: ...


class Kept(NamedTuple):
    """Which resources an earlier stack retained: a new stack takes them instead of creating them."""

    table: bool
    audit_log: bool


class Revision(NamedTuple):
    """A deployment that was confirmed: the parameters that differ, before and after, and the planned changes."""

    before: dict[str, str]
    after: dict[str, str]
    changes: list[str]


class Deployed(NamedTuple):
    """The result of a deployment: whether anything changed, and the stack's outputs."""

    changed: bool
    outputs: dict[str, str]


@dataclass(slots=True)
class Audience:
    """Receives progress of a deployment and confirms its changes."""

    agree: Callable[[ChangeSet, bool], bool] = lambda _changes, _is_new: True
    on_step: Callable[[str], None] = lambda _: None
    on_event: Callable[[StackEvent], None] = lambda _: None
    recording: Callable[[Revision], AbstractContextManager[Any]] = lambda _: nullcontext()
    """A block in which the confirmed changes are made."""
    failures: list[StackEvent] = field(default_factory=list)

    def see(self, event: StackEvent) -> None:
        if event.is_failure:
            self.failures.append(event)
        self.on_event(event)


def load_template(own: str | None = None) -> str:
    """The shop's own template if there is one; otherwise the packaged template.yaml."""
    if own is not None:
        return Path(own).read_text(encoding="utf-8")
    return files("orders").joinpath(TEMPLATE).read_text(encoding="utf-8")


def deploy(
    stack: Stack,
    template: str,
    artifacts: Artifacts,
    kept: Kept,
    parameters: Mapping[str, str],
    audience: Audience,
) -> Deployed | None:
    """Create or update the stack; None if not confirmed. Raises OperatorError with the failing reason.

    A new stack takes the table and the audit log that an earlier one left.
    """
    declared = read_parameters(template)
    check_given(declared, parameters)
    status = stack.find_status()
    if status in DEAD_STATUSES:
        raise OperatorError(
            f"the stack {stack.name} is in {status}; it can only be deleted",
            "Run `orders destroy` first: it keeps the table.",
        )
    if status is not None and status.endswith("_IN_PROGRESS"):
        raise OperatorError(f"the stack {stack.name} is in {status}", "Try again when the operation has ended.")
    is_new = status is None
    audience.on_step("package")
    key = artifacts.upload(build_package())
    audience.on_step("change set")
    before = {} if is_new else stack.parameters()
    wanted = {**_adopt(kept, declared, before), **parameters, "ArtifactBucket": artifacts.name, "ArtifactKey": key}
    change_set = stack.propose(template, wanted, is_new=is_new)
    if change_set is None:
        return Deployed(False, stack.outputs())
    if not audience.agree(change_set, is_new):
        stack.discard(change_set, is_new=is_new)
        return None
    audience.on_step("apply")
    with audience.recording(_revise(before, wanted, change_set)):
        since = stack.moment()
        stack.apply(change_set)
        status = stack.follow(since, audience.see)
        if status not in GOOD_STATUSES:
            raise OperatorError(_describe_failure(stack.name, status, audience.failures))
    return Deployed(True, stack.outputs())


def _adopt(kept: Kept, declared: Mapping[str, Parameter], before: Mapping[str, str]) -> dict[str, str]:
    """The parameters that decide whether a retained resource is created: set once, when the stack first gets them."""
    found = {"OrdersTable": kept.table, "AuditLog": kept.audit_log}
    return {
        name: "Existing" if exists else "Create"
        for name, exists in found.items()
        if name in declared and name not in before
    }


def _revise(before: Mapping[str, str], wanted: Mapping[str, str], change_set: ChangeSet) -> Revision:
    changed = {name: value for name, value in wanted.items() if before.get(name) != value}
    return Revision(
        before={name: before[name] for name in changed if name in before},
        after=changed,
        changes=[f"{change.action} {change.logical_id}" for change in change_set.changes],
    )


def destroy(stack: Stack, audience: Audience) -> bool:
    """Delete the stack but keep the table; False if there was no stack. Raises OperatorError."""
    if stack.find_status() is None:
        return False
    before = stack.moment()
    stack.delete()
    status = stack.follow(before, audience.see)
    if status is not None:
        raise OperatorError(_describe_failure(stack.name, status, audience.failures))
    return True


def _describe_failure(name: str, status: str | None, failures: list[StackEvent]) -> str:
    """The first failure is the cause; those after it were cancelled because of it."""
    summary = f"the stack {name} ended in {status}"
    if not failures:
        return summary
    first = failures[0]
    return f"{summary}: {first.logical_id} ({first.resource_type}): {first.reason or first.status}"
