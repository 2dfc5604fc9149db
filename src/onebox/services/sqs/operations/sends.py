"""SendMessage and SendMessageBatch."""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.sqs.batches import check_entries, make_failure, make_result
from onebox.services.sqs.core import Core
from onebox.services.sqs.errors import BatchRequestTooLong
from onebox.services.sqs.limits import BATCH_BYTES_MAX
from onebox.services.sqs.message_validation import check_fifo_members, check_size, too_long, validate_message
from onebox.services.sqs.model import Queue, Sent, ValidMessage
from onebox.services.sqs.queue_access import load_queue
from onebox.services.sqs.sending import send

TRACE_HEADER = "x-amzn-trace-id"
"""The HTTP header that becomes the message's AWSTraceHeader."""


def send_message(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Store one message."""
    queue = load_queue(core, context, request["QueueUrl"], "SendMessage")
    valid = validate_message(queue, request, context.headers.get(TRACE_HEADER))
    check_size(queue, valid)
    sent = send(core, queue, [valid], context.principal.user_id, core.clock.steady_ms())
    return _show(valid, sent[0])


def send_message_batch(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Store up to ten messages; an entry that breaks a rule fails alone. Raises the batch errors."""
    queue = load_queue(core, context, request["QueueUrl"], "SendMessage")
    entries = request["Entries"]
    check_entries(entries, "SendMessageBatchRequestEntry")
    for entry in entries:
        check_fifo_members(queue, entry)
    checked = [_check(queue, entry, context.headers.get(TRACE_HEADER)) for entry in entries]
    messages = [valid for valid in checked if isinstance(valid, ValidMessage)]
    batch_bytes = sum(valid.body_bytes for valid in messages)
    if batch_bytes > BATCH_BYTES_MAX:
        raise BatchRequestTooLong(
            f"Batch requests cannot be longer than {BATCH_BYTES_MAX} bytes. You have sent {batch_bytes} bytes."
        )
    fitting = [valid for valid in messages if valid.body_bytes <= queue.message_bytes_max]
    sent = iter(send(core, queue, fitting, context.principal.user_id, core.clock.steady_ms()) if fitting else ())
    successful: list[Wire] = []
    failed: list[Wire] = []
    for entry, valid in zip(entries, checked, strict=True):
        if isinstance(valid, AwsError):
            failed.append(make_failure(entry, valid))
        elif valid.body_bytes > queue.message_bytes_max:
            failed.append(make_failure(entry, too_long(queue, "cannot be validated")))
        else:
            successful.append({"Id": entry["Id"], **_show(valid, next(sent))})
    return make_result(successful, failed)


def _check(queue: Queue, entry: Wire, trace_header: str | None) -> ValidMessage | AwsError:
    try:
        return validate_message(queue, entry, trace_header)
    except AwsError as error:
        return error


def _show(valid: ValidMessage, sent: Sent) -> Wire:
    shown: Wire = {"MessageId": sent.message_id, "MD5OfMessageBody": valid.body_md5}
    if valid.attributes_md5 is not None:
        shown["MD5OfMessageAttributes"] = valid.attributes_md5
    if valid.system_attributes_md5 is not None:
        shown["MD5OfMessageSystemAttributes"] = valid.system_attributes_md5
    if sent.sequence_number is not None:
        shown["SequenceNumber"] = sent.sequence_number
    return shown
