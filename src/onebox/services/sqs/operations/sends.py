"""SendMessage and SendMessageBatch."""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.sqs.access import load_queue
from onebox.services.sqs.batches import check_entries, make_failure, make_result
from onebox.services.sqs.drafts import check_fifo_members, check_size, make_draft
from onebox.services.sqs.errors import BatchRequestTooLong
from onebox.services.sqs.limits import BATCH_BYTES_MAX
from onebox.services.sqs.model import Draft, Sent
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
    accepted: list[tuple[Wire, Draft]] = []
    failed: list[Wire] = []
    batch_bytes = 0
    for entry in entries:
        try:
            draft = make_draft(queue, entry)
            batch_bytes += draft.body_bytes
            if batch_bytes <= BATCH_BYTES_MAX:
                check_size(queue, draft, in_batch=True)
            accepted.append((entry, draft))
        except AwsError as error:
            failed.append(make_failure(entry, error))
    if batch_bytes > BATCH_BYTES_MAX:
        raise BatchRequestTooLong(
            f"Batch requests cannot be longer than {BATCH_BYTES_MAX} bytes. You have sent {batch_bytes} bytes."
        )
    drafts = [draft for _, draft in accepted]
    sent = send(sqs.core, queue, drafts, context.principal.user_id, context.now_ms) if drafts else []
    successful = [{"Id": entry["Id"], **_show(draft, one)} for (entry, draft), one in zip(accepted, sent, strict=True)]
    return make_result(successful, failed)


def _show(draft: Draft, sent: Sent) -> Wire:
    shown: Wire = {"MessageId": sent.message_id, "MD5OfMessageBody": draft.body_md5}
    if draft.attributes_md5 is not None:
        shown["MD5OfMessageAttributes"] = draft.attributes_md5
    if draft.system_attributes_md5 is not None:
        shown["MD5OfMessageSystemAttributes"] = draft.system_attributes_md5
    if sent.sequence_number is not None:
        shown["SequenceNumber"] = sent.sequence_number
    return shown
