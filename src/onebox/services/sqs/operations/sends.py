"""SendMessage and SendMessageBatch."""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.sqs.access import load_queue
from onebox.services.sqs.batches import check_entries, make_failure, make_result
from onebox.services.sqs.drafts import check_fifo_members, check_size, make_draft, too_long
from onebox.services.sqs.errors import BatchRequestTooLong
from onebox.services.sqs.limits import BATCH_BYTES_MAX
from onebox.services.sqs.model import Draft, Queue, Sent
from onebox.services.sqs.operations.protocol import SqsService
from onebox.services.sqs.sending import send


def send_message(sqs: SqsService, context: RequestContext, request: Wire) -> Wire:
    """Store one message."""
    queue = load_queue(sqs.core, context, request["QueueUrl"], "SendMessage")
    draft = make_draft(queue, request)
    check_size(queue, draft)
    sent = send(sqs.core, queue, [draft], context.principal.user_id, context.now_ms)
    return _show(draft, sent[0])


def send_message_batch(sqs: SqsService, context: RequestContext, request: Wire) -> Wire:
    """Store up to ten messages; an entry that breaks a rule fails alone. Raises the batch errors."""
    queue = load_queue(sqs.core, context, request["QueueUrl"], "SendMessage")
    entries = request["Entries"]
    check_entries(entries, "SendMessageBatchRequestEntry")
    for entry in entries:
        check_fifo_members(queue, entry)
    checked = [_check(queue, entry) for entry in entries]
    drafts = [draft for draft in checked if isinstance(draft, Draft)]
    batch_bytes = sum(draft.body_bytes for draft in drafts)
    if batch_bytes > BATCH_BYTES_MAX:
        raise BatchRequestTooLong(
            f"Batch requests cannot be longer than {BATCH_BYTES_MAX} bytes. You have sent {batch_bytes} bytes."
        )
    fitting = [draft for draft in drafts if draft.body_bytes <= queue.message_bytes_max]
    sent = iter(send(sqs.core, queue, fitting, context.principal.user_id, context.now_ms) if fitting else ())
    successful: list[Wire] = []
    failed: list[Wire] = []
    for entry, draft in zip(entries, checked, strict=True):
        if isinstance(draft, AwsError):
            failed.append(make_failure(entry, draft))
        elif draft.body_bytes > queue.message_bytes_max:
            failed.append(make_failure(entry, too_long(queue, "cannot be validated")))
        else:
            successful.append({"Id": entry["Id"], **_show(draft, next(sent))})
    return make_result(successful, failed)


def _check(queue: Queue, entry: Wire) -> Draft | AwsError:
    try:
        return make_draft(queue, entry)
    except AwsError as error:
        return error


def _show(draft: Draft, sent: Sent) -> Wire:
    shown: Wire = {"MessageId": sent.message_id, "MD5OfMessageBody": draft.body_md5}
    if draft.attributes_md5 is not None:
        shown["MD5OfMessageAttributes"] = draft.attributes_md5
    if draft.system_attributes_md5 is not None:
        shown["MD5OfMessageSystemAttributes"] = draft.system_attributes_md5
    if sent.sequence_number is not None:
        shown["SequenceNumber"] = sent.sequence_number
    return shown
