"""Change sets: CreateChangeSet, DescribeChangeSet, ExecuteChangeSet, DeleteChangeSet, ListChangeSets.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-core-updating-stacks-changesets.html
"""

from __future__ import annotations

import re
from dataclasses import replace

from onebox.arn import make_arn
from onebox.services.cloudformation import limits
from onebox.services.cloudformation.changes import DYNAMIC_ONLY
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import (
    AlreadyExistsException,
    ChangeSetNotFoundException,
    InvalidChangeSetStatusException,
    ValidationError,
)
from onebox.services.cloudformation.lookup import find_stack, load_stack, next_page, page_start
from onebox.services.cloudformation.model import ChangeSet, Source, Stack, StackSettings
from onebox.services.cloudformation.stack_source import (
    caller_settings,
    check_stack_name,
    draft,
    settings_from_request,
)
from onebox.services.cloudformation.start_operation import (
    begin_creation,
    begin_update,
    check_updatable,
    find_changes,
    is_unchanged,
    kept_settings,
    new_stack_id,
    outputs_changed,
    wait_a_moment,
    write_operation,
)
from onebox.services.cloudformation.states import CHANGE_SET_FAILED, CHANGE_SET_READY, NEW, STACK_STATES, StackTrigger
from onebox.services.cloudformation.views import show_change_set, show_change_set_summary, without_none
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Operation, OperationTable, WaitingOperation

_NAME = "[a-zA-Z][-a-zA-Z0-9]*"
_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
_ONLY_WITH_VALUES = ("BeforeContext", "AfterContext", DYNAMIC_ONLY)
_VALUES_OF_TARGET = ("BeforeValue", "AfterValue", "Path", "AttributeChangeType")


async def create_change_set(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Compare the stack with what is wanted, and keep the changes for execution."""
    name, kind = request["ChangeSetName"], request.get("ChangeSetType", "UPDATE")
    _check_name(name)
    if kind not in ("CREATE", "UPDATE"):
        raise ValidationError(f"ChangeSetType {kind} is not supported.")
    settings = _settings(core, context, request)
    change_set = None
    while change_set is None:  # once more if the stack changed meanwhile
        change_set = await _try_change_set(core, context, request, settings)
    return {"Id": change_set.change_set_id, "StackId": change_set.stack_id}


async def _try_change_set(
    core: Core, context: RequestContext, request: Wire, settings: StackSettings
) -> ChangeSet | None:
    """Prepare the change set and save it; None if the stack changed between the two."""
    kind = request.get("ChangeSetType", "UPDATE")
    stack = _stack_for(core, context, request, kind, settings)
    _refuse_taken_name(core, stack, request["ChangeSetName"])
    previous = stack.source if kind == "UPDATE" else None
    wanted = await draft(
        core,
        context,
        request,
        stack_id=stack.stack_id,
        name=stack.name,
        previous=previous,
        is_reviewed=True,
    )
    try:
        changes = await find_changes(core, stack, wanted)
    except ValidationError as error:
        changes, failure = [], error.message
    else:
        is_empty = kind == "UPDATE" and not changes and not await outputs_changed(core, stack, wanted)
        failure = _NO_CHANGES if is_empty else ""
    change_set = ChangeSet(
        change_set_id=_new_id(core, context, request["ChangeSetName"]),
        stack_id=stack.stack_id,
        name=request["ChangeSetName"],
        kind=kind,
        status=CHANGE_SET_FAILED if failure else CHANGE_SET_READY,
        status_reason=failure or None,
        execution_status="UNAVAILABLE" if failure else "AVAILABLE",
        created_at_ms=context.now_ms,
        source=wanted.source,
        settings=settings,
        changes=tuple(changes),
        description=request.get("Description"),
    )
    return await core.deps.storage.write(lambda: _save(core, context, stack, change_set))


def _save(core: Core, context: RequestContext, stack: Stack, change_set: ChangeSet) -> ChangeSet | None:
    if stack.status == NEW:
        if core.store.stacks.find_by_name(context.account, context.region, stack.name) is not None:
            return None
        core.journal.move_stack(stack, StackTrigger.REVIEW, "User Initiated")
    elif not is_unchanged(core, stack):
        return None
    _refuse_taken_name(core, stack, change_set.name)
    executed = core.store.change_sets.find_by_name(stack.stack_id, change_set.name)
    if executed is not None:
        core.store.change_sets.delete(executed.change_set_id)
    core.store.change_sets.save(change_set)
    return change_set


def _refuse_taken_name(core: Core, stack: Stack, name: str) -> None:
    known = core.store.change_sets.find_by_name(stack.stack_id, name)
    if known is not None and known.execution_status != "EXECUTE_COMPLETE":
        raise AlreadyExistsException(f"ChangeSet [{name}] already exists")


def _new_id(core: Core, context: RequestContext, name: str) -> str:
    return make_arn("cloudformation", context.region, context.account, f"changeSet/{name}/{core.deps.ids.uuid()}")


def _check_name(name: str) -> None:
    if not re.fullmatch(_NAME, name) or len(name) > limits.STACK_NAME_CHARACTERS:
        raise ValidationError(
            f"1 validation error detected: Value '{name}' at 'changeSetName' failed to satisfy constraint: Member must "
            f"satisfy regular expression pattern: {_NAME}"
        )


def _settings(core: Core, context: RequestContext, request: Wire) -> StackSettings:
    on_failure = request.get("OnStackFailure", "ROLLBACK")
    return settings_from_request(core, context, {**request, "OnFailure": on_failure}, policy=None)


def _stack_for(core: Core, context: RequestContext, request: Wire, kind: str, settings: StackSettings) -> Stack:
    """The stack to be changed; for CREATE one that is new or still under review."""
    name = request["StackName"]
    stack = find_stack(core, context, name)
    if kind == "UPDATE":
        if stack is None or STACK_STATES[stack.status].reviewed_only or STACK_STATES[stack.status].is_deleted:
            raise ValidationError(f"Stack [{name}] does not exist")
        check_updatable(stack)
        return stack
    if stack is not None and STACK_STATES[stack.status].reviewed_only:
        return stack
    if stack is not None:
        raise ValidationError(
            f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
            f"[{request['ChangeSetName']}]."
        )
    check_stack_name(name)
    return Stack(
        stack_id=new_stack_id(core, context, name),
        account=context.account,
        region=context.region,
        name=name,
        status=NEW,
        created_at_ms=context.now_ms,
        source=Source(template=""),
        settings=settings,
    )


def load_change_set(core: Core, context: RequestContext, request: Wire) -> tuple[ChangeSet, Stack]:
    """The change set and its stack, by ARN or by both names. Raises ChangeSetNotFoundException, ValidationError."""
    name = request["ChangeSetName"]
    if name.startswith("arn:"):
        change_set = core.store.change_sets.find(name)
    else:
        if not request.get("StackName"):
            raise ValidationError("StackName is a required parameter.")
        stack = load_stack(core, context, request["StackName"], "Stack [{}] does not exist")
        change_set = core.store.change_sets.find_by_name(stack.stack_id, name)
    owner = None if change_set is None else core.store.stacks.find(change_set.stack_id)
    if change_set is None or owner is None or (owner.account, owner.region) != (context.account, context.region):
        raise ChangeSetNotFoundException(f"ChangeSet [{name}] does not exist")
    return change_set, owner


def describe_change_set(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The changes, a page at a time; with property values if asked for."""
    change_set, stack = load_change_set(core, context, request)
    start = page_start(request)
    with_values = bool(request.get("IncludePropertyValues"))
    found = [change for change in change_set.changes if not (with_values and DYNAMIC_ONLY in change)]
    page = found[start : start + limits.PAGE_ITEMS]
    show = _with_values if with_values else _without_values
    changes = [{"Type": "Resource", "ResourceChange": show(change)} for change in page]
    return show_change_set(stack, change_set, changes, next_page(start, len(found) - start))


def _with_values(change: Wire) -> Wire:
    return change


def _without_values(change: Wire) -> Wire:
    details = [
        {
            **detail,
            "Target": {name: value for name, value in detail["Target"].items() if name not in _VALUES_OF_TARGET},
        }
        for detail in change["Details"]
    ]
    plain = {
        name: value for name, value in change.items() if name not in ("BeforeContext", "AfterContext", DYNAMIC_ONLY)
    }
    return {**plain, "Details": details}


async def execute_change_set(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Begin what the change set describes; all change sets of the stack are gone with it."""
    stack = await write_operation(core, lambda: _execute(core, context, request))
    await wait_a_moment(core, stack)
    return {}


def _execute(core: Core, context: RequestContext, request: Wire) -> Stack:
    change_set, stack = load_change_set(core, context, request)
    if change_set.execution_status != "AVAILABLE":
        raise InvalidChangeSetStatusException(
            f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status of [{change_set.status}]"
        )
    if "DisableRollback" in request and change_set.settings.on_failure != "ROLLBACK":
        raise ValidationError("Cannot specify DisableRollback for a change set with OnStackFailure.")
    disable = bool(request.get("DisableRollback"))
    retain_except = bool(request.get("RetainExceptOnCreate"))
    core.store.change_sets.save(replace(change_set, execution_status="EXECUTE_COMPLETE"))
    core.store.change_sets.delete_of_stack(stack.stack_id, but=change_set.change_set_id)
    # Without a role it is done with the rights of whoever executes it, not of whoever made it.
    executor = caller_settings(context.principal)
    settings = replace(change_set.settings, retain_except_on_create=retain_except, **executor)
    if change_set.kind == "CREATE":
        on_failure = "DO_NOTHING" if disable else settings.on_failure
        made = replace(
            stack,
            source=change_set.source,
            settings=replace(settings, on_failure=on_failure),
            change_set_id=change_set.change_set_id,
            updated_at_ms=context.now_ms,
        )
        return begin_creation(core, context, made, request, on_failure)
    check_updatable(stack)
    kept = kept_settings(stack, settings)
    return begin_update(
        core,
        context,
        stack,
        request,
        source=change_set.source,
        settings=kept,
        disable_rollback=disable or change_set.settings.on_failure == "DO_NOTHING",
        change_set_id=change_set.change_set_id,
    )


def delete_change_set(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Forget a change set; one that does not exist is forgotten already. Its stack under review stays."""
    try:
        change_set, _ = load_change_set(core, context, request)
    except ChangeSetNotFoundException:
        if request["ChangeSetName"].startswith("arn:"):
            return {}
        raise
    core.store.change_sets.delete(change_set.change_set_id)
    return {}


def list_change_sets(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Summaries of the stack's change sets that wait to be executed."""
    stack = load_stack(core, context, request["StackName"], "Stack [{}] does not exist")
    start = page_start(request)
    found = core.store.change_sets.page(stack.stack_id, start, limits.PAGE_ITEMS + 1)
    shown = [
        show_change_set_summary(stack, change_set)
        for change_set in found[: limits.PAGE_ITEMS]
        if change_set.execution_status in ("AVAILABLE", "UNAVAILABLE")
    ]
    return without_none({"Summaries": shown, "NextToken": next_page(start, len(found))})


CHANGE_SET_OPERATIONS: OperationTable[Core] = {
    "CreateChangeSet": WaitingOperation(create_change_set),
    "DescribeChangeSet": Operation(describe_change_set, reads_only=True),
    "ExecuteChangeSet": WaitingOperation(execute_change_set),
    "DeleteChangeSet": Operation(delete_change_set),
    "ListChangeSets": Operation(list_change_sets, reads_only=True),
}
