"""Deploying and removing the order system: the function's zip file, its bucket, the change set, the wait.

Promises: every change is shown and confirmed before it is applied. A failed deployment reports the reason of the
resource that failed first. Removing keeps the table unless the caller requests its deletion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, Protocol

from orders.deployment.cloudformation import DEAD_STATUSES, GOOD_STATUSES, ChangeSet, Stack, StackEvent
from orders.deployment.package import Package, build_package
from orders.errors import OperatorError

TEMPLATE = "template.yaml"


class Artifacts(Protocol):
    name: str

    def upload(self, package: Package) -> str: ...


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
    table_exists: bool,
    parameters: Mapping[str, str],
    audience: Audience,
) -> Deployed | None:
    """Create or update the stack; None if not confirmed. Raises OperatorError with the failing reason.

    A new stack takes the table that an earlier one left.
    """
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
    table = {"OrdersTable": "Existing" if table_exists else "Create"} if is_new else {}
    change_set = stack.propose(
        template,
        {**table, **parameters, "ArtifactBucket": artifacts.name, "ArtifactKey": key},
        is_new=is_new,
    )
    if change_set is None:
        return Deployed(False, stack.outputs())
    if not audience.agree(change_set, is_new):
        stack.discard(change_set, is_new=is_new)
        return None
    audience.on_step("apply")
    before = stack.moment()
    stack.apply(change_set)
    status = stack.follow(before, audience.see)
    if status not in GOOD_STATUSES:
        raise OperatorError(_describe_failure(stack.name, status, audience.failures))
    return Deployed(True, stack.outputs())


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
