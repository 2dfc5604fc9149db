"""Deploying and removing the order system: the function's zip file, its bucket, the change set, the wait.

Promises: every change is shown and confirmed before it is applied, also what was changed outside of the stack. A failed
deployment reports the reason of the resource that failed first. Removing keeps the table unless the caller requests its
deletion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from orders.aws.names import Names
from orders.deployment.cloudformation import DEAD_STATUSES, GOOD_STATUSES, Change, ChangeSet, Stack, StackEvent
from orders.deployment.drift import PROCESSOR, Difference
from orders.deployment.function import CONCURRENCY_TAG, DeployedFunction
from orders.deployment.package import Package, build_package
from orders.deployment.release import Move, Release, Wanted
from orders.deployment.repairs import Repairs
from orders.deployment.template import Parameter, check_claim_days, check_given, read_parameters
from orders.errors import OperatorError

TEMPLATE = "template.yaml"
NAME_PREFIX = "NamePrefix"
# CloudFormation takes a longer template from S3 only.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
TEMPLATE_BODY_BYTES_MAX = 51_200
ON = "Yes"


class Artifacts(Protocol):
    name: str

    def upload(self, package: Package) -> str: ...

    def upload_template(self, template: str) -> str: ...


class Kept(NamedTuple):
    """Which resources an earlier stack retained: a new stack takes them instead of creating them."""

    table: bool
    audit_log: bool
    events_table: Callable[[], bool] = lambda: False
    archive_bucket: Callable[[], bool] = lambda: False
    claims_bucket: Callable[[], bool] = lambda: False
    """Asked only where the option that needs it is switched on."""


class Plan(NamedTuple):
    """What a deployment would do."""

    is_new: bool
    changes: list[Change]
    drift: list[Difference]
    """What was changed outside of the stack, and is changed back."""
    move: Move
    """What becomes live."""
    before: dict[str, str]
    """The parameters that differ, as they are."""
    after: dict[str, str]
    """The same, as they will be."""

    @property
    def is_empty(self) -> bool:
        return not (self.changes or self.drift or self.move.change)


class Deployed(NamedTuple):
    """The result of a deployment: whether anything changed, the stack's outputs, and what became of the alias."""

    changed: bool
    outputs: dict[str, str]
    move: Move


@dataclass(slots=True)
class Audience:
    """Receives progress of a deployment and confirms its changes."""

    agree: Callable[[Plan], bool] = lambda _: True
    on_step: Callable[[str], None] = lambda _: None
    on_event: Callable[[StackEvent], None] = lambda _: None
    recording: Callable[[Plan], AbstractContextManager[Any]] = lambda _: nullcontext()
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


@dataclass(frozen=True, slots=True)
class System:
    """The parts that a deployment works with."""

    names: Names
    stack: Stack
    artifacts: Artifacts
    function: DeployedFunction
    repairs: Repairs
    release: Release
    kept: Kept
    ensure_stream: Callable[[], str] = lambda: ""
    """Enables the stream of a table Orders that the stack does not own; its ARN."""


def deploy(
    system: System, template: str, parameters: Mapping[str, str], wanted: Wanted, audience: Audience
) -> Deployed | None:
    """Create or update the stack, undo drift, make the new version live; None if not confirmed.

    A new stack takes the table and the audit log that an earlier one left. A paused trigger stays paused. Raises
    OperatorError with the failing reason.
    """
    stack = system.stack
    declared = read_parameters(template)
    check_given(declared, parameters)
    prefix = _prefix_parameter(system.names, declared, parameters)
    is_new = check_status(stack)
    check_names(stack, system.names)
    system.release.check(wanted, is_new=is_new)
    audience.on_step("package")
    key = system.artifacts.upload(build_package())
    audience.on_step("change set")
    before = {} if is_new else stack.parameters()
    check_claim_days({**{name: one.default or "" for name, one in declared.items()}, **before, **parameters})
    code = {"ArtifactBucket": system.artifacts.name, "ArtifactKey": key}
    asked = {
        **_adopt(system, declared, before),
        **_adopt_options(system, {**before, **parameters}, before, audience),
        **parameters,
        **prefix,
        **{name: code[name] for name in code if name in declared},
    }
    url = system.artifacts.upload_template(template) if len(template.encode()) > TEMPLATE_BODY_BYTES_MAX else None
    change_set = stack.propose(template, asked, is_new=is_new, url=url)
    plan = _plan(system, change_set, wanted, before, asked, is_new=is_new)
    if plan.is_empty:
        return Deployed(False, stack.outputs(), plan.move)
    if not audience.agree(plan):
        if change_set is not None:
            stack.discard(change_set, is_new=is_new)
        return None
    audience.on_step("apply")
    with audience.recording(plan):
        if change_set is not None:
            _apply(system, change_set, audience, is_new=is_new)
        move = restore(system.repairs, system.release, system.repairs.find() if plan.drift else [], wanted)
    return Deployed(True, stack.outputs(), move)


def restore(repairs: Repairs, release: Release, differences: list[Difference], wanted: Wanted) -> Move:
    """Set back what was changed outside of the stack, then make the function as it is now live; what became live."""
    if differences:
        repairs.undo(differences)
    return release.make(wanted)


def check_status(stack: Stack) -> bool:
    """Whether the stack is to be created. Raises OperatorError if it can be neither created nor updated."""
    status = stack.find_status()
    if status in DEAD_STATUSES:
        raise OperatorError(
            f"the stack {stack.name} is in {status}; it can only be deleted",
            "Run `orders destroy` first: it keeps the table.",
        )
    if status is not None and status.endswith("_IN_PROGRESS"):
        raise OperatorError(f"the stack {stack.name} is in {status}", "Try again when the operation has ended.")
    return status is None


def check_names(stack: Stack, names: Names) -> None:
    """Raises OperatorError if the stack holds a system of other names: nothing of it is renamed or deleted."""
    prefix = stack.parameters().get(NAME_PREFIX, "")
    if prefix != names.prefix and stack.find_status() is not None:
        raise OperatorError(
            f"the stack {stack.name} holds the system {f'with the prefix {prefix}' if prefix else 'without prefix'}",
            f"Give --prefix {prefix or repr('')}, or another --stack-name.",
        )


def _prefix_parameter(names: Names, declared: Mapping[str, Parameter], given: Mapping[str, str]) -> dict[str, str]:
    """The parameter that names the resources. Raises OperatorError where it is given twice or the template has none."""
    if NAME_PREFIX in given and given[NAME_PREFIX] != names.prefix:
        raise OperatorError(
            f"{NAME_PREFIX} is not given as a parameter", f"Give --prefix {given[NAME_PREFIX]}, to every command."
        )
    if NAME_PREFIX in declared:
        return {NAME_PREFIX: names.prefix}
    if names.prefix:
        raise OperatorError(f"the template has no parameter {NAME_PREFIX}", "Base it on the built-in template.")
    return {}


def _plan(
    system: System,
    change_set: ChangeSet | None,
    wanted: Wanted,
    before: Mapping[str, str],
    asked: Mapping[str, str],
    *,
    is_new: bool,
) -> Plan:
    changes = [] if change_set is None else change_set.changes
    drift = [] if is_new else system.repairs.find()
    touched = {PROCESSOR} & ({change.logical_id for change in changes} | {one.resource for one in drift})
    move = system.release.plan(wanted, is_new=is_new, function_changes=bool(touched))
    changed = {name: value for name, value in asked.items() if before.get(name) != value}
    return Plan(
        is_new=is_new,
        changes=changes,
        drift=drift,
        move=move,
        before={name: before[name] for name in changed if name in before},
        after=changed,
    )


def _apply(system: System, change_set: ChangeSet, audience: Audience, *, is_new: bool) -> None:
    """Apply the change set and wait. Raises OperatorError with the failing reason."""
    stack = system.stack
    was_paused = not is_new and _is_paused(system.function)
    since = stack.moment()
    stack.apply(change_set)
    status = stack.follow(since, audience.see)
    # CloudFormation may enable the trigger whose settings it updates.
    if was_paused and not _is_paused(system.function):
        system.function.change_trigger(Enabled=False)
    if status not in GOOD_STATUSES:
        raise OperatorError(_describe_failure(stack.name, status, audience.failures))


def _is_paused(function: DeployedFunction) -> bool:
    trigger = function.find_trigger()
    return trigger is not None and trigger["State"] in ("Disabled", "Disabling")


def _adopt(system: System, declared: Mapping[str, Parameter], before: Mapping[str, str]) -> dict[str, str]:
    """The parameters that decide whether a retained resource is created: set once, when the stack first gets them.

    A concurrency that an operator set is kept.
    """
    found = {"OrdersTable": system.kept.table, "AuditLog": system.kept.audit_log}
    adopted = {
        name: "Existing" if exists else "Create"
        for name, exists in found.items()
        if name in declared and name not in before
    }
    concurrency = system.function.find_tags().get(CONCURRENCY_TAG) if before else None
    return adopted if concurrency is None else {**adopted, "MaximumConcurrency": concurrency}


def _adopt_options(
    system: System, wanted: Mapping[str, str], before: Mapping[str, str], audience: Audience
) -> dict[str, str]:
    """What an option that is switched on now takes over from the time when it was on before."""
    found: dict[str, str] = {}
    exists = {
        "History": ("EventsTable", system.kept.events_table),
        "Archive": ("ArchiveBucket", system.kept.archive_bucket),
        "ClaimCheck": ("ClaimsBucket", system.kept.claims_bucket),
    }
    for option, (parameter, is_kept) in exists.items():
        if wanted.get(option) == ON and before.get(option) != ON:
            found[parameter] = "Existing" if is_kept() else "Create"
    owns_table = (before["OrdersTable"] == "Create") if "OrdersTable" in before else not system.kept.table
    if wanted.get("History") == ON and not owns_table:
        audience.on_step("stream")
        found["OrdersStreamArn"] = system.ensure_stream()
    return found


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
