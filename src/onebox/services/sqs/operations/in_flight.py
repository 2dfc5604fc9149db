"""DeleteMessage, ChangeMessageVisibility, and their batches."""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.sqs.batches import check_entries, make_failure, make_result
from onebox.services.sqs.core import Core
from onebox.services.sqs.in_flight import Answers, VisibilityChange, change_visibility, delete
from onebox.services.sqs.queue_access import load_queue


def delete_message(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a message by its receipt handle."""
    queue = load_queue(core, context, request["QueueUrl"], "DeleteMessage")
    _raise_first(delete(core, queue, [request["ReceiptHandle"]], core.clock.steady_ms()))
    return {}


def delete_message_batch(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete up to ten messages."""
    queue = load_queue(core, context, request["QueueUrl"], "DeleteMessage")
    entries = request["Entries"]
    check_entries(entries, "DeleteMessageBatchRequestEntry")
    answers = delete(core, queue, [entry["ReceiptHandle"] for entry in entries], core.clock.steady_ms())
    return _show_answers(entries, answers)


def change_message_visibility(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Start a message's visibility timeout again."""
    queue = load_queue(core, context, request["QueueUrl"], "ChangeMessageVisibility")
    change = VisibilityChange(request["ReceiptHandle"], request["VisibilityTimeout"])
    _raise_first(change_visibility(core, queue, [change], core.clock.steady_ms()))
    return {}


def change_message_visibility_batch(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Start the visibility timeout of up to ten messages again; without a timeout, the queue's."""
    queue = load_queue(core, context, request["QueueUrl"], "ChangeMessageVisibility")
    entries = request["Entries"]
    check_entries(entries, "ChangeMessageVisibilityBatchRequestEntry")
    default_s = queue.visibility_timeout_ms // 1000
    changes = [VisibilityChange(e["ReceiptHandle"], e.get("VisibilityTimeout", default_s)) for e in entries]
    return _show_answers(entries, change_visibility(core, queue, changes, core.clock.steady_ms()))


def _raise_first(answers: Answers) -> None:
    if answers[0] is not None:
        raise answers[0]


def _show_answers(entries: list[Wire], answers: Answers) -> Wire:
    successful: list[Wire] = []
    failed: list[Wire] = []
    for entry, error in zip(entries, answers, strict=True):
        if isinstance(error, AwsError):
            failed.append(make_failure(entry, error))
        else:
            successful.append({"Id": entry["Id"]})
    return make_result(successful, failed)
