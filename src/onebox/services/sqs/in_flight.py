"""What becomes of messages in flight: deleted, or their visibility changed, by receipt handle.

Runs inside the caller's transaction. A standard queue takes old handles too, as AWS does: any earlier receiver of the
message may delete it. A FIFO queue takes a handle only while its visibility timeout runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from onebox.errors import AwsError
from onebox.services.sqs import rules
from onebox.services.sqs.core import Core
from onebox.services.sqs.errors import ReceiptHandleIsInvalid
from onebox.services.sqs.limits import SECOND_MS
from onebox.services.sqs.model import Queue, State
from onebox.services.sqs.receipts import Receipt, parse_receipt
from onebox.services.sqs.receiving import make_visible, refresh_groups
from onebox.services.sqs.store.messages import MessageStatus

# One answer for each handle, in order: what is wrong with it, or None.
Answers = list["AwsError | None"]


def delete(core: Core, queue: Queue, handles: Sequence[str], now_ms: int) -> Answers:
    """Delete messages. Deleting one that is gone succeeds."""
    receipts = [_read_receipt(queue, handle) for handle in handles]
    expired = delete_received(core, queue, [one for one in receipts if isinstance(one, Receipt)], now_ms)
    answers: Answers = []
    for handle, receipt in zip(handles, receipts, strict=True):
        if isinstance(receipt, AwsError):
            answers.append(receipt)
        else:
            answers.append(rules.receipt_expired(handle) if receipt in expired else None)
    return answers


def delete_received(core: Core, queue: Queue, receipts: Sequence[Receipt], now_ms: int) -> set[Receipt]:
    """Delete messages of this queue; the receipts that no longer count, which only a FIFO queue has."""
    expired: set[Receipt] = set()
    if queue.is_fifo:
        statuses = _find_statuses(core, queue, receipts)
        expired = {
            receipt
            for receipt in receipts
            if (status := statuses.get(receipt.id)) is not None and not _is_held(status, receipt, now_ms)
        }
    valid = [receipt for receipt in receipts if receipt not in expired] if expired else receipts
    if valid:
        _remove(core, queue, [receipt.id for receipt in valid])
    core.metrics.deleted(queue, len(valid), now_ms)
    return expired


@dataclass(frozen=True, slots=True)
class VisibilityChange:
    """One entry of ChangeMessageVisibilityBatch."""

    handle: str
    timeout_s: int


def change_visibility(core: Core, queue: Queue, changes: Sequence[VisibilityChange], now_ms: int) -> Answers:
    """Start the visibility timeout of messages again; 0 makes them visible at once."""
    receipts = [_read_receipt(queue, change.handle) for change in changes]
    statuses = _find_statuses(core, queue, receipts)
    answers: Answers = []
    released: dict[int, MessageStatus] = {}
    for change, receipt in zip(changes, receipts, strict=True):
        error = receipt if isinstance(receipt, AwsError) else None
        if not isinstance(receipt, AwsError):
            status = statuses.get(receipt.id)
            error = _check_change(core, queue, change=change, receipt=receipt, status=status, now_ms=now_ms)
            if error is None and status is not None and _is_in_flight(status, now_ms):
                if change.timeout_s:
                    released.pop(status.id, None)
                    _extend(core, queue, status, now_ms + change.timeout_s * SECOND_MS)
                else:
                    released[status.id] = status
        answers.append(error)
    if released:
        release(core, queue, list(released.values()))
    return answers


def release(core: Core, queue: Queue, statuses: Sequence[MessageStatus]) -> None:
    """Make messages in flight visible at once."""
    make_visible(core, queue, [(s.id, s.group_id) for s in statuses])
    core.messages.add_counts(queue.backlog_id, visible=len(statuses), in_flight=-len(statuses))
    if core.watchers.is_watched(queue.arn):
        core.storage.after_commit(partial(core.watchers.notify, queue.arn))


def find_in_flight(core: Core, queue: Queue, receipts: Sequence[Receipt], now_ms: int) -> list[MessageStatus]:
    """The messages in flight under exactly these receipts of this queue; others are left out."""
    statuses = _find_statuses(core, queue, receipts)
    return [
        status
        for receipt in receipts
        if (status := statuses.get(receipt.id)) is not None and _is_held(status, receipt, now_ms)
    ]


def _check_change(
    core: Core, queue: Queue, change: VisibilityChange, receipt: Receipt, status: MessageStatus | None, now_ms: int
) -> AwsError | None:
    try:
        rules.check_visibility_timeout(change.timeout_s)
        if status is None or _is_gone(core, queue, status, now_ms):
            return rules.no_longer_in_flight(change.handle)
        if queue.is_fifo and not _is_held(status, receipt, now_ms):
            return rules.no_longer_in_flight(change.handle)
        if status.received_at_ms is not None:
            rules.check_total_visibility(change.timeout_s, status.received_at_ms, now_ms)
    except AwsError as error:
        return error
    return None


def _is_in_flight(status: MessageStatus, now_ms: int) -> bool:
    # Recorded from AWS: when the timeout has ended, a change succeeds and does nothing.
    return status.state == State.IN_FLIGHT and status.due_at_ms > now_ms


def _is_gone(core: Core, queue: Queue, status: MessageStatus, now_ms: int) -> bool:
    """Whether no receive will ever see the message again: too old and not in flight, swept away yet or not."""
    if _is_in_flight(status, now_ms):
        return False
    return rules.is_expired(queue, *core.messages.load_age(status.id), now_ms)


def _is_held(status: MessageStatus, receipt: Receipt, now_ms: int) -> bool:
    """Whether the message is in flight under this very receipt."""
    return _is_in_flight(status, now_ms) and status.receive_count == receipt.receive_count


def _extend(core: Core, queue: Queue, status: MessageStatus, due_at_ms: int) -> None:
    core.messages.set_state([status.id], State.IN_FLIGHT, due_at_ms)
    if core.watchers.is_watched(queue.arn):
        core.storage.after_commit(partial(core.watchers.expect, queue.arn, due_at_ms))


def _remove(core: Core, queue: Queue, ids: Sequence[int]) -> None:
    removed = core.messages.remove(queue.backlog_id, ids)
    if not removed:
        return
    states = [state for _, state, _ in removed]
    in_flight, delayed = states.count(State.IN_FLIGHT), states.count(State.DELAYED)
    core.messages.add_counts(queue.backlog_id, in_flight + delayed - len(states), -in_flight, -delayed)
    if queue.is_fifo:
        refresh_groups(core, queue, [group_id for _, _, group_id in removed])
        if core.watchers.is_watched(queue.arn):
            # The next message of the group may have become the first.
            core.storage.after_commit(partial(core.watchers.notify, queue.arn))


def _find_statuses(core: Core, queue: Queue, receipts: Sequence[Receipt | AwsError]) -> dict[int, MessageStatus]:
    ids = [receipt.id for receipt in receipts if isinstance(receipt, Receipt)]
    return core.messages.find_statuses(queue.backlog_id, ids) if ids else {}


def _read_receipt(queue: Queue, handle: str) -> Receipt | AwsError:
    receipt = parse_receipt(handle)
    if receipt is None:
        return ReceiptHandleIsInvalid(f'The input receipt handle "{handle}" is not a valid receipt handle.')
    if receipt.queue_id != queue.queue_id:
        return ReceiptHandleIsInvalid(f'The receipt handle "{handle}" is not valid for this queue.')
    return receipt
