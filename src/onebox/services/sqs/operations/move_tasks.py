"""StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask."""

from __future__ import annotations

from functools import partial

from onebox.services.context import RequestContext, Wire
from onebox.services.sqs import rules
from onebox.services.sqs.core import Core
from onebox.services.sqs.errors import (
    InvalidParameterValue,
    ResourceNotFoundException,
    UnsupportedOperation,
    invalid_value,
)
from onebox.services.sqs.expiry import refresh_counts
from onebox.services.sqs.limits import MOVE_MESSAGES_PER_SECOND_MAX, MOVE_TASK_RESULTS_MAX
from onebox.services.sqs.model import MoveTask, Queue
from onebox.services.sqs.task_handles import format_task_handle, parse_task_handle


def start_message_move_task(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Begin to move the messages of a dead-letter queue."""
    rate = request.get("MaxNumberOfMessagesPerSecond")
    if rate is not None and not 1 <= rate <= MOVE_MESSAGES_PER_SECOND_MAX:
        raise invalid_value(
            rate,
            "MaxNumberOfMessagesPerSecond",
            f"Must be between 1 and {MOVE_MESSAGES_PER_SECOND_MAX}, if provided.",
        )
    source = _load_own_queue(core, context, request["SourceArn"], "SourceArn")
    destination_arn = request.get("DestinationArn")
    if destination_arn is not None:
        _check_destination(source, _load_own_queue(core, context, destination_arn, "DestinationArn"))
    if not core.queues.list_sources(source.arn, "", 1):
        raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
    if core.move_tasks.find_running(source.arn) is not None:
        raise InvalidParameterValue(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        )
    task = MoveTask(
        task_id=core.ids.uuid(),
        account=context.account,
        region=context.region,
        source_arn=source.arn,
        destination_arn=destination_arn,
        messages_per_second=rate,
        status="RUNNING",
        failure_reason=None,
        moved=0,
        to_move=refresh_counts(core, source, core.clock.steady_ms()).visible,
        last_message_id=core.row_ids.next(core.clock.steady_ms()),
        started_at_ms=core.clock.steady_ms(),
    )
    core.move_tasks.insert(task)
    core.move_tasks.forget_old(source.arn, MOVE_TASK_RESULTS_MAX)
    pause_ms, _ = rules.decide_pace(rate)
    core.storage.after_commit(partial(core.background.begin_move, task.task_id, pause_ms))
    return {"TaskHandle": format_task_handle(task.task_id, task.source_arn)}


def list_message_move_tasks(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The latest tasks of a queue, the newest first."""
    limit = request.get("MaxResults", 1)
    if not 1 <= limit <= MOVE_TASK_RESULTS_MAX:
        raise invalid_value(limit, "MaxResults", f"Must be between 1 and {MOVE_TASK_RESULTS_MAX}, if provided.")
    source = _load_own_queue(core, context, request["SourceArn"], "SourceArn")
    return {"Results": [_show(core, task) for task in core.move_tasks.list_recent(source.arn, limit)]}


def cancel_message_move_task(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Stop a running task; what it moved stays moved."""
    handle = parse_task_handle(request["TaskHandle"])
    if handle is None:
        raise InvalidParameterValue("Value for parameter TaskHandle is invalid.")
    source = _load_own_queue(core, context, handle.source_arn, "SourceArn")
    task = core.move_tasks.find(handle.task_id)
    if task is None or task.source_arn != source.arn:
        raise ResourceNotFoundException("Task does not exist.")
    if task.status != "RUNNING":
        raise UnsupportedOperation("Only active tasks can be cancelled.")
    core.move_tasks.end(handle.task_id, "CANCELLED")
    return {"ApproximateNumberOfMessagesMoved": task.moved}


def _check_destination(source: Queue, destination: Queue) -> None:
    if destination.arn == source.arn:
        raise InvalidParameterValue("Source queue arn and destination queue arn cannot be the same.")
    if destination.is_fifo != source.is_fifo:
        raise InvalidParameterValue("Source queue and destination queue must be of the same type.")


def _load_own_queue(core: Core, context: RequestContext, arn: str, parameter: str) -> Queue:
    queue = core.queues.find_by_arn(arn)
    if queue is None or queue.account != context.account or queue.region != context.region:
        raise ResourceNotFoundException(f"The resource that you specified for the {parameter} parameter doesn't exist.")
    return queue


def _show(core: Core, task: MoveTask) -> Wire:
    return {
        "TaskHandle": format_task_handle(task.task_id, task.source_arn) if task.status == "RUNNING" else None,
        "Status": task.status,
        "SourceArn": task.source_arn,
        "DestinationArn": task.destination_arn,
        "MaxNumberOfMessagesPerSecond": task.messages_per_second,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "FailureReason": task.failure_reason,
        "StartedTimestamp": core.clock.wall_of(task.started_at_ms),
    }
