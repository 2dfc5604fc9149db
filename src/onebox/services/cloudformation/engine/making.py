"""Making, changing and replacing one resource.

Promises: before the first call for a resource its name and what it shall be are on disk, and its physical id as
soon as it exists; so that after a restart the same step goes on with what is there.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from onebox.errors import AwsError, StorageFault
from onebox.services.cloudformation.blueprint import Blueprint
from onebox.services.cloudformation.engine.hands import failure_reason
from onebox.services.cloudformation.engine.run import StackRun
from onebox.services.cloudformation.model import Resource, ResourceBody, Snapshot
from onebox.services.cloudformation.resources.types import (
    Attributes,
    LiveResource,
    NewResource,
    ResourceType,
    generate_name,
)
from onebox.services.cloudformation.template.document import ResourceDeclaration
from onebox.services.context import Wire

_log = logging.getLogger("onebox.cloudformation")

_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."
_RANDOM_CHARACTERS = 12


async def settle_resource(run: StackRun, declaration: ResourceDeclaration, blueprint: Blueprint) -> bool:
    """Bring one resource to what its declaration says. False if that failed; the reason is in its row and event."""
    row = run.rows.get(declaration.logical_id)
    if row is not None and row.settled_in == run.token:
        return True
    is_new = row is None or (row.created_in == run.token and row.previous is None)
    verb = "CREATE" if is_new else "UPDATE"
    try:
        properties, violations = run.properties_of(declaration, blueprint)
        masked, _ = run.properties_of(declaration, blueprint.masked())
    except AwsError as error:
        return await _refuse(run, declaration, blueprint, verb, error.message)
    if violations:
        listed = ", ".join(violations)
        reason = f"Properties validation failed for resource {declaration.logical_id} with message:\n[{listed}]"
        return await _refuse(run, declaration, blueprint, verb, reason)
    wanted = ResourceBody(
        properties=properties,
        tags=run.tags_of(declaration, properties),
        needs=tuple(sorted(blueprint.needs[declaration.logical_id])),
        deletion_policy=declaration.deletion_policy,
        update_replace_policy=declaration.update_replace_policy,
        metadata=declaration.metadata,
        masked_properties=None if masked == properties else masked,
    )
    try:
        if row is None or (row.created_in == run.token and row.physical_id is None) or is_new:
            return await _make(run, declaration, wanted, verb)
        return await _change(run, declaration, row, wanted)
    except StorageFault:
        raise
    except AwsError as error:
        reason = failure_reason(error, run.token)
    except Exception:  # noqa: BLE001 - a background task's edge: the stack must end in a state, the bug in the log
        _log.exception("%s of %s %s failed", verb, declaration.type, declaration.logical_id)
        reason = "Internal Failure"
    return await _fail(run, declaration.logical_id, verb, reason)


async def _make(run: StackRun, declaration: ResourceDeclaration, wanted: ResourceBody, verb: str) -> bool:
    resource_type = run.type_of(declaration.type)
    row = run.rows.get(declaration.logical_id)
    resumed = row is not None and row.created_in == run.token
    if row is None or not resumed:
        row = Resource(
            stack_id=run.stack.stack_id,
            logical_id=declaration.logical_id,
            type=declaration.type,
            name=_name_for(run, resource_type, declaration, wanted.properties),
            status="CREATE_IN_PROGRESS",
            changed_at_ms=run.now_ms(),
            created_in=run.token,
            body=wanted,
        )
    row = replace(row, status=f"{verb}_IN_PROGRESS", status_reason=None, body=wanted)
    if not resumed:
        first = row
        await run.write(lambda: run.save(first))
    attributes = await resource_type.lifecycle.create(run.hands, _new_resource(run, row, resumed))
    made = run.rows[declaration.logical_id]
    await run.write(lambda: run.save(_settled(run, made, attributes, f"{verb}_COMPLETE")))
    return True


def _new_resource(run: StackRun, row: Resource, resumed: bool) -> NewResource:
    async def initiated(physical_id: str) -> None:
        known = run.rows[row.logical_id]
        if known.physical_id == physical_id:
            return
        started = replace(known, physical_id=physical_id, status_reason="Resource creation Initiated")
        await run.write(lambda: run.save(started))

    return NewResource(row.name, row.body.properties, row.body.tags, resumed, initiated)


def _name_for(run: StackRun, resource_type: ResourceType, declaration: ResourceDeclaration, properties: Wire) -> str:
    own = properties.get(resource_type.naming.property) if resource_type.naming.property else None
    if own:
        return str(own)
    token = run.hands.token(_RANDOM_CHARACTERS)
    return generate_name(resource_type.naming, run.stack.name, declaration.logical_id, properties, token)


async def _change(run: StackRun, declaration: ResourceDeclaration, row: Resource, wanted: ResourceBody) -> bool:
    """Update in place, replace, or leave alone."""
    resource_type = run.type_of(declaration.type)
    before = row.previous.body if row.previous is not None else row.body
    if row.previous is not None and row.created_in == run.token:
        return await _make(run, declaration, wanted, "UPDATE")  # a replacement that a restart cut off
    names = {
        name
        for name in {**before.properties, **wanted.properties}
        if before.properties.get(name) != wanted.properties.get(name)
    }
    forcing = resource_type.create_only | resource_type.further_replacement(before.properties, wanted.properties)
    if names & forcing:
        return await _replace(run, declaration, row, wanted)
    if not names and before.tags == wanted.tags and row.previous is None:
        untouched = replace(row, settled_in=run.token, body=replace(wanted, attributes=row.body.attributes))
        await run.write(lambda: _keep(run, untouched))
        return True
    begun = replace(
        row,
        status="UPDATE_IN_PROGRESS",
        status_reason=None,
        previous=row.previous or snapshot_of(row),
        body=replace(wanted, attributes=row.body.attributes),
    )
    if row.previous is None:
        await run.write(lambda: run.save(begun))
    assert row.physical_id is not None
    live = LiveResource(row.physical_id, before.properties, row.body.attributes, before.tags)
    attributes = await resource_type.lifecycle.update(run.hands, live, wanted.properties, wanted.tags)
    await run.write(lambda: run.save(_settled(run, begun, attributes, "UPDATE_COMPLETE")))
    return True


async def _replace(run: StackRun, declaration: ResourceDeclaration, row: Resource, wanted: ResourceBody) -> bool:
    resource_type = run.type_of(declaration.type)
    own = resource_type.naming.property
    if own is not None and own in wanted.properties and wanted.properties[own] == row.body.properties.get(own):
        reason = (
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
            f"{wanted.properties[own]} and update the stack again."
        )
        return await _fail(run, row.logical_id, "UPDATE", reason)
    begun = replace(
        row,
        name=_name_for(run, resource_type, declaration, wanted.properties),
        physical_id=None,
        status="UPDATE_IN_PROGRESS",
        status_reason=_REPLACING,
        created_in=run.token,
        previous=row.previous or snapshot_of(row),
        body=wanted,
    )
    await run.write(lambda: run.save(begun))
    attributes = await resource_type.lifecycle.create(run.hands, _new_resource(run, begun, False))
    made = run.rows[row.logical_id]
    await run.write(lambda: run.save(_settled(run, made, attributes, "UPDATE_COMPLETE")))
    return True


def snapshot_of(row: Resource) -> Snapshot:
    """What an update that fails returns to."""
    assert row.physical_id is not None
    return Snapshot(row.type, row.name, row.physical_id, row.created_in, row.body)


def _settled(run: StackRun, row: Resource, attributes: Attributes, status: str) -> Resource:
    body = replace(row.body, attributes=attributes)
    return replace(row, status=status, status_reason=None, settled_in=run.token, body=body)


def _keep(run: StackRun, row: Resource) -> None:
    """Save without an event: nothing happened that anybody needs to know."""
    run.store.save_resource(row)
    run.rows[row.logical_id] = row


async def _refuse(
    run: StackRun, declaration: ResourceDeclaration, blueprint: Blueprint, verb: str, reason: str
) -> bool:
    """Fail before anything was called."""
    row = run.rows.get(declaration.logical_id) or Resource(
        stack_id=run.stack.stack_id,
        logical_id=declaration.logical_id,
        type=declaration.type,
        name="",
        status="",
        changed_at_ms=run.now_ms(),
        created_in=run.token,
        body=ResourceBody(needs=tuple(sorted(blueprint.needs[declaration.logical_id]))),
    )
    run.rows[declaration.logical_id] = row
    return await _fail(run, declaration.logical_id, verb, reason)


async def _fail(run: StackRun, logical_id: str, verb: str, reason: str) -> bool:
    failed = replace(run.rows[logical_id], status=f"{verb}_FAILED", status_reason=reason)
    await run.write(lambda: run.save(failed))
    return False
