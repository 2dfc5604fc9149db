"""Creating, updating and replacing one resource.

Promises: the resource's name and properties are in the database before the first call for it, and its physical id is
as soon as it exists; so that after a restart the same step goes on with what exists.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from onebox.errors import AwsError, StorageFault
from onebox.services.cloudformation.blueprint import Blueprint
from onebox.services.cloudformation.deploy.client import failure_reason
from onebox.services.cloudformation.deploy.journal import advance
from onebox.services.cloudformation.deploy.run import StackRun
from onebox.services.cloudformation.model import Resource, ResourceBody
from onebox.services.cloudformation.resources.types import (
    Attributes,
    LiveResource,
    NewResource,
    ReplacedAttributes,
    ResourceType,
    generate_name,
)
from onebox.services.cloudformation.states import NEW, RESOURCE_STATES, ResourceTrigger
from onebox.services.cloudformation.template.document import ResourceDeclaration
from onebox.services.context import Wire
from onebox.storage.faults import DatabaseBusy

_log = logging.getLogger("onebox.cloudformation")

_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."
_RANDOM_CHARACTERS = 12


async def reconcile_resource(run: StackRun, declaration: ResourceDeclaration, blueprint: Blueprint) -> bool:
    """Bring one resource to what its declaration says. False if that failed; its row and event have the reason."""
    row = run.rows.get(declaration.logical_id)
    if row is not None and row.completed_in == run.token:
        return True
    try:
        wanted = await run.compute(lambda: _evaluate(run, declaration, blueprint))
    except AwsError as error:
        return await _refuse(run, declaration, blueprint, error.message)
    try:
        if row is None or row.created_in == run.token:
            # A row of this operation's own: a creation or replacement that a restart interrupted.
            done = await _create(run, declaration, wanted)
        else:
            done = await _change(run, declaration, row, wanted)
        await _read_attributes(run, declaration, blueprint)
        return done
    except (StorageFault, DatabaseBusy):
        raise  # after the latter the operation goes on as after a restart
    except AwsError as error:
        reason = failure_reason(error, run.token)
    except Exception:  # noqa: BLE001 - the edge of a background task: the stack must reach a state, the log has the bug
        _log.exception("%s %s failed", declaration.type, declaration.logical_id)
        reason = "Internal Failure"
    return await _fail(run, run.rows[declaration.logical_id], reason)


async def _read_attributes(run: StackRun, declaration: ResourceDeclaration, blueprint: Blueprint) -> None:
    """Read the properties to which others refer by Fn::GetAtt, as they are now."""
    resource_type = run.type_of(declaration.type)
    used = blueprint.attributes_used.get(declaration.logical_id, frozenset())
    names = [name for name in sorted(used) if resource_type.is_read(name)]
    row = run.rows[declaration.logical_id]
    physical = row.snapshot()
    if not names or physical is None:
        return
    body = physical.body
    live = LiveResource(
        physical_id=physical.physical_id,
        properties=body.properties,
        attributes=body.attributes,
        tags=body.tags,
        logical_id=row.logical_id,
        type=row.type,
    )
    read = await resource_type.lifecycle.read(run.client, live) or {}
    found = {name: read.get(name, body.properties.get(name)) for name in names}
    known = {name: value for name, value in found.items() if value is not None}
    updated = replace(row, body=replace(body, attributes={**body.attributes, **known}))
    await run.write(lambda: run.save_unchanged(updated))


class _InvalidProperties(AwsError):
    """The properties do not fit the resource type."""


def _evaluate(run: StackRun, declaration: ResourceDeclaration, blueprint: Blueprint) -> ResourceBody:
    """The evaluated declaration of the resource. Pure: it runs on the workbench. Raises AwsError."""
    properties, violations = run.properties_of(declaration, blueprint)
    shown_blueprint = blueprint.masked()
    masked = properties if shown_blueprint is blueprint else run.properties_of(declaration, shown_blueprint)[0]
    if violations:
        listed = ", ".join(violations)
        raise _InvalidProperties(
            f"Properties validation failed for resource {declaration.logical_id} with message:\n[{listed}]"
        )
    return ResourceBody(
        properties=properties,
        tags=run.tags_of(declaration, properties),
        needs=tuple(sorted(blueprint.needs[declaration.logical_id])),
        deletion_policy=declaration.deletion_policy,
        update_replace_policy=declaration.update_replace_policy,
        metadata=declaration.metadata,
        masked_properties=None if masked == properties else masked,
    )


async def _create(run: StackRun, declaration: ResourceDeclaration, wanted: ResourceBody) -> bool:
    """Create the resource, or go on creating it after a restart."""
    row = run.rows.get(declaration.logical_id)
    resumed = row is not None
    if row is None:
        name = _name_for(run, run.type_of(declaration.type), declaration, wanted.properties)
        row = _new_row(run, declaration, wanted, name)
    row = replace(row, body=wanted)
    if ResourceTrigger.DEPLOY in RESOURCE_STATES[row.status].next:
        begun = advance(row, ResourceTrigger.DEPLOY)
        row = await run.write(lambda: run.save(begun))
    return await _finish_creation(run, row, resumed=resumed)


async def _finish_creation(run: StackRun, row: Resource, *, resumed: bool) -> bool:
    lifecycle = run.type_of(row.type).lifecycle
    attributes = await lifecycle.create(run.client, _new_resource(run, row, resumed))
    created = replace(run.rows[row.logical_id], body=row.body)
    await run.write(lambda: run.save(_completed(run, created, attributes)))
    return True


def _new_row(run: StackRun, declaration: ResourceDeclaration, body: ResourceBody, name: str) -> Resource:
    return Resource(
        stack_id=run.stack.stack_id,
        logical_id=declaration.logical_id,
        type=declaration.type,
        name=name,
        status=NEW,
        changed_at_ms=run.now_ms(),
        created_in=run.token,
        body=body,
    )


def _new_resource(run: StackRun, row: Resource, resumed: bool) -> NewResource:
    async def initiated(physical_id: str) -> None:
        known = run.rows[row.logical_id]
        if known.physical_id == physical_id:
            return
        started = replace(known, physical_id=physical_id, status_reason="Resource creation Initiated")
        await run.write(lambda: run.save(started))

    return NewResource(
        name=row.name,
        properties=row.body.properties,
        tags=row.body.tags,
        resumed=resumed,
        logical_id=row.logical_id,
        type=row.type,
        initiated=initiated,
    )


def _name_for(run: StackRun, resource_type: ResourceType, declaration: ResourceDeclaration, properties: Wire) -> str:
    own = properties.get(resource_type.naming.property) if resource_type.naming.property else None
    if own:
        return str(own)
    token = run.client.token(_RANDOM_CHARACTERS)
    return generate_name(resource_type.naming, run.stack.name, declaration.logical_id, properties, token)


async def _change(run: StackRun, declaration: ResourceDeclaration, row: Resource, wanted: ResourceBody) -> bool:
    """Update in place, replace, or leave unchanged."""
    resource_type = run.type_of(declaration.type)
    before = row.previous.body if row.previous is not None else row.body
    names = {
        name
        for name in {**before.properties, **wanted.properties}
        if before.properties.get(name) != wanted.properties.get(name)
    }
    if names & (resource_type.create_only | resource_type.further_replacement(before.properties, wanted.properties)):
        return await _replace(run, declaration, row, wanted)
    kept_attributes = replace(wanted, attributes=row.body.attributes)
    is_same = not names and before.tags == wanted.tags and not resource_type.always_updated
    if is_same and row.previous is None:
        unchanged = replace(row, completed_in=run.token, body=kept_attributes)
        await run.write(lambda: run.save_unchanged(unchanged))
        return True
    begun = replace(row, previous=row.previous or row.snapshot(), body=kept_attributes)
    if not RESOURCE_STATES[row.status].is_updating:
        started = advance(begun, ResourceTrigger.DEPLOY)
        begun = await run.write(lambda: run.save(started))
    assert row.physical_id is not None
    live = LiveResource(
        physical_id=row.physical_id,
        properties=before.properties,
        attributes=row.body.attributes,
        tags=before.tags,
        logical_id=row.logical_id,
        type=row.type,
    )
    attributes = await resource_type.lifecycle.update(run.client, live, wanted.properties, wanted.tags)
    if isinstance(attributes, ReplacedAttributes):
        begun = replace(begun, physical_id=attributes.physical_id)
    done = _completed(run, begun, dict(attributes))
    await run.write(lambda: run.save(done))
    return True


async def _replace(run: StackRun, declaration: ResourceDeclaration, row: Resource, wanted: ResourceBody) -> bool:
    resource_type = run.type_of(declaration.type)
    own = resource_type.naming.property
    if own is not None and own in wanted.properties and wanted.properties[own] == row.body.properties.get(own):
        reason = (
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
            f"{wanted.properties[own]} and update the stack again."
        )
        return await _fail(run, row, reason)
    begun = advance(
        row,
        ResourceTrigger.DEPLOY,
        _REPLACING,
        name=_name_for(run, resource_type, declaration, wanted.properties),
        physical_id=None,
        created_in=run.token,
        previous=row.previous or row.snapshot(),
        body=wanted,
    )
    saved = await run.write(lambda: run.save(begun))
    return await _finish_creation(run, saved, resumed=False)


def _completed(run: StackRun, row: Resource, attributes: Attributes) -> Resource:
    body = replace(row.body, attributes=attributes)
    return advance(row, ResourceTrigger.SUCCEEDED, completed_in=run.token, body=body)


async def _refuse(run: StackRun, declaration: ResourceDeclaration, blueprint: Blueprint, reason: str) -> bool:
    """Fail before any call was made."""
    row = run.rows.get(declaration.logical_id)
    if row is None:
        body = ResourceBody(needs=tuple(sorted(blueprint.needs[declaration.logical_id])))
        row = _new_row(run, declaration, body, name="")
    return await _fail(run, row, reason)


async def _fail(run: StackRun, row: Resource, reason: str) -> bool:
    failed = advance(row, ResourceTrigger.FAILED, reason)
    await run.write(lambda: run.save(failed))
    return False
