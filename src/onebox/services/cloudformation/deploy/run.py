"""One operation on one stack while it runs: its rows, its blueprint, and how it evaluates and saves.

Promises: the database holds everything that a restart needs; this object only caches rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from onebox.services.cloudformation.blueprint import Blueprint, StackIdentity, draw_blueprint
from onebox.services.cloudformation.deploy.callbacks import Callbacks
from onebox.services.cloudformation.deploy.client import StackClient
from onebox.services.cloudformation.deploy.journal import Journal
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import Operation, Resource, Source, Stack
from onebox.services.cloudformation.resources.existing import LOGICAL_ID_TAG, STACK_ID_TAG, STACK_NAME_TAG
from onebox.services.cloudformation.resources.types import ResourceType, own_tags
from onebox.services.cloudformation.store import Store
from onebox.services.cloudformation.template.document import ResourceDeclaration, parse_template
from onebox.services.cloudformation.template.intrinsics import Scope, evaluate
from onebox.services.cloudformation.workbench import Workbench
from onebox.services.context import Deps, Wire
from onebox.services.registry import ApiCaller

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tools:
    """What every run works with."""

    deps: Deps
    store: Store
    journal: Journal
    caller: ApiCaller
    types: Mapping[str, ResourceType]
    workbench: Workbench
    callbacks: Callbacks


class StackRun:
    """A run of ``stack.operation``."""

    def __init__(self, tools: Tools, stack: Stack) -> None:
        assert stack.operation is not None
        self.tools = tools
        self.store = tools.store
        self.journal = tools.journal
        self.stack = stack
        self.operation: Operation = stack.operation
        self.client = StackClient(tools.deps, tools.caller, stack, tools.callbacks)
        self._exports: dict[str, str] = {}
        self.rows: dict[str, Resource] = {row.logical_id: row for row in self.store.resources.of_stack(stack.stack_id)}

    @property
    def token(self) -> str:
        return self.operation.token

    def is_current(self) -> bool:
        """Whether the stack still has this operation; a deletion or a cancellation replaces it."""
        return self.store.stacks.find_operation(self.stack.stack_id) == self.operation

    async def write(self, job: Callable[[], T]) -> T:
        """Run ``job`` in one transaction and wait until it is durable."""
        return await self.tools.deps.storage.write(job)

    def now_ms(self) -> int:
        return self.tools.deps.clock.now_ms()

    async def blueprint(self) -> Blueprint:
        """The blueprint of the stack's source. The exports of other stacks are read with it."""
        self._exports = self.store.exports.values(self.stack.account, self.stack.region)
        return await self.compute(lambda: blueprint_of(self.stack, self.stack.source))

    async def compute(self, work: Callable[[], T]) -> T:
        """Run pure work on the template without delaying other requests."""
        return await self.tools.workbench.run(work)

    def type_of(self, name: str) -> ResourceType:
        return self.tools.types[name]

    def save(self, resource: Resource) -> Resource:
        """Save a resource's new state with an event; inside :meth:`write`."""
        self.rows[resource.logical_id] = self.journal.save_resource(self.stack, resource)
        return self.rows[resource.logical_id]

    def save_unchanged(self, resource: Resource) -> None:
        """Save a resource that needed no change, without an event; inside :meth:`write`."""
        self.store.resources.save(resource)
        self.rows[resource.logical_id] = resource

    def scope(self, blueprint: Blueprint) -> Scope:
        """The scope for evaluation, with the resources as they are now."""
        return blueprint.scope_with(self._physical_id, self._attribute, self._import_value)

    def properties_of(self, declaration: ResourceDeclaration, blueprint: Blueprint) -> tuple[Wire, list[str]]:
        """The evaluated properties, and their violations of the type's schema."""
        value = evaluate(dict(declaration.properties), self.scope(blueprint))
        violations: list[str] = []
        taken: Wire = self.type_of(declaration.type).schema.take(value, "#", violations)
        return taken, violations

    def tags_of(self, declaration: ResourceDeclaration, properties: Wire) -> dict[str, str]:
        """The tags of a resource: its own, the stack's, and those that AWS adds."""
        if not self.type_of(declaration.type).taggable:
            return {}
        return {
            **self.stack.source.tags,
            **own_tags(properties),
            STACK_NAME_TAG: self.stack.name,
            STACK_ID_TAG: self.stack.stack_id,
            LOGICAL_ID_TAG: declaration.logical_id,
        }

    def _physical_id(self, logical_id: str) -> Any:
        row = self.rows[logical_id]
        assert row.physical_id is not None, "created before its dependants"
        return row.physical_id

    def _attribute(self, logical_id: str, attribute: str) -> Any:
        attributes = self.rows[logical_id].body.attributes
        if attribute not in attributes:
            raise ValidationError(f"Attribute '{attribute}' does not exist")
        return attributes[attribute]

    def _import_value(self, name: str) -> Any:
        return import_value(self._exports, name)


def import_value(exports: Mapping[str, str], name: str) -> str:
    """The value of Fn::ImportValue. Raises ValidationError if no stack exports the name."""
    if name not in exports:
        raise ValidationError(f"No export named {name} found.")
    return exports[name]


def identity_of(stack: Stack, source: Source) -> StackIdentity:
    return StackIdentity(stack.account, stack.region, stack.stack_id, stack.name, tuple(source.notification_arns))


def blueprint_of(stack: Stack, source: Source) -> Blueprint:
    """The blueprint of one of the stack's sources. They were checked when the request was accepted."""
    return draw_blueprint(parse_template(source.template), source.values, identity_of(stack, source))
