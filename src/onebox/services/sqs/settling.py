"""What becomes of messages in flight: deleted, or their visibility changed, by receipt handle.

Runs inside the caller's transaction. A standard queue takes old handles too, as AWS does: whoever once received the
message may delete it. A FIFO queue takes a handle only while its visibility time-out runs.
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
from onebox.services.sqs.receiving import make_visible, settle_groups
from onebox.services.sqs.store.messages import Standing

# One answer for each handle, in order: what is wrong with it, or None.
Answers = list["AwsError | None"]


def delete(core: Core, queue: Queue, handles: Sequence[str], now_ms: int) -> Answers:
    """Delete messages. Deleting one that is gone succeeds."""
    receipts = [_read_receipt(queue, handle) for handle in handles]
    standings = _find_standings(core, queue, receipts)
    answers: Answers = []
    gone: dict[int, Standing] = {}
    for handle, receipt in zip(handles, receipts, strict=True):
        if isinstance(receipt, AwsError):
            answers.append(receipt)
            continue
        standing = standings.get(receipt.id)
        if standing is not None and queue.is_fifo and not _is_held(standing, receipt, now_ms):
            answers.append(rules.receipt_expired(handle))
            continue
        answers.append(None)
        if standing is not None:
            gone[standing.id] = standing
    if gone:
        _remove(core, queue, list(gone.values()))
    core.metrics.deleted(queue, answers.count(None), now_ms)
    return answers


@dataclass(frozen=True, slots=True)
class VisibilityChange:
    """One entry of ChangeMessageVisibilityBatch."""

    handle: str
    timeout_s: int


def change_visibility(core: Core, queue: Queue, changes: Sequence[VisibilityChange], now_ms: int) -> Answers:
    """Start the visibility time-out of messages anew; 0 makes them visible at once."""
    receipts = [_read_receipt(queue, change.handle) for change in changes]
    standings = _find_standings(core, queue, receipts)
    answers: Answers = []
    freed: dict[int, Standing] = {}
    for change, receipt in zip(changes, receipts, strict=True):
        error = receipt if isinstance(receipt, AwsError) else None
        if not isinstance(receipt, AwsError):
            standing = standings.get(receipt.id)
            error = _check_change(core, queue, change, receipt, standing, now_ms)
            if error is None and standing is not None and _is_in_flight(standing, now_ms):
                if change.timeout_s:
                    freed.pop(standing.id, None)
                    _extend(core, queue, standing, now_ms + change.timeout_s * SECOND_MS)
                else:
                    freed[standing.id] = standing
        answers.append(error)
    if freed:
        free(core, queue, list(freed.values()))
    return answers


def free(core: Core, queue: Queue, standings: Sequence[Standing]) -> None:
    """Make messages in flight visible at once."""
    make_visible(core, queue, [(s.id, s.group_id) for s in standings])
    core.messages.add_counts(queue.backlog_id, visible=len(standings), in_flight=-len(standings))
    if core.watchers.is_watched(queue.arn):
        core.storage.after_commit(partial(core.watchers.notify, queue.arn))


def find_in_flight(core: Core, queue: Queue, handles: Sequence[str], now_ms: int) -> list[Standing]:
    """The messages in flight under exactly these receipts; others are left out."""
    receipts = [_read_receipt(queue, handle) for handle in handles]
    standings = _find_standings(core, queue, receipts)
    found = []
    for receipt in receipts:
        standing = None if isinstance(receipt, AwsError) else standings.get(receipt.id)
        if standing is not None and not isinstance(receipt, AwsError) and _is_held(standing, receipt, now_ms):
            found.append(standing)
    return found


def _check_change(
    core: Core, queue: Queue, change: VisibilityChange, receipt: Receipt, standing: Standing | None, now_ms: int
) -> AwsError | None:
    try:
        rules.check_visibility_timeout(change.timeout_s)
        if standing is None or _is_gone(core, queue, standing, now_ms):
            return rules.no_longer_in_flight(change.handle)
        if queue.is_fifo and not _is_held(standing, receipt, now_ms):
            return rules.no_longer_in_flight(change.handle)
        if standing.received_at_ms is not None:
            rules.check_total_visibility(change.timeout_s, standing.received_at_ms, now_ms)
    except AwsError as error:
        return error
    return None


def _is_in_flight(standing: Standing, now_ms: int) -> bool:
    # Recorded from AWS: when the time-out has ended, a change succeeds and does nothing.
    return standing.state == State.IN_FLIGHT and standing.due_at_ms > now_ms


def _is_gone(core: Core, queue: Queue, standing: Standing, now_ms: int) -> bool:
    """Whether no receive will ever see the message again: too old and not in flight, swept away yet or not."""
    if _is_in_flight(standing, now_ms):
        return False
    return rules.is_expired(queue, *core.messages.load_age(standing.id), now_ms)


def _is_held(standing: Standing, receipt: Receipt, now_ms: int) -> bool:
    """Whether the message is in flight under this very receipt."""
    return _is_in_flight(standing, now_ms) and standing.receive_count == receipt.receive_count


def _extend(core: Core, queue: Queue, standing: Standing, due_at_ms: int) -> None:
    core.messages.set_state([standing.id], State.IN_FLIGHT, due_at_ms)
    if core.watchers.is_watched(queue.arn):
        core.storage.after_commit(partial(core.watchers.expect, queue.arn, due_at_ms))


def _remove(core: Core, queue: Queue, standings: Sequence[Standing]) -> None:
    core.messages.delete([s.id for s in standings])
    states = [s.state for s in standings]
    in_flight, delayed = states.count(State.IN_FLIGHT), states.count(State.DELAYED)
    core.messages.add_counts(queue.backlog_id, in_flight + delayed - len(states), -in_flight, -delayed)
    if queue.is_fifo:
        settle_groups(core, queue, [s.group_id for s in standings])
        if core.watchers.is_watched(queue.arn):
            # The next message of the group may have become the first.
            core.storage.after_commit(partial(core.watchers.notify, queue.arn))


def _find_standings(core: Core, queue: Queue, receipts: Sequence[Receipt | AwsError]) -> dict[int, Standing]:
    ids = [receipt.id for receipt in receipts if isinstance(receipt, Receipt)]
    return core.messages.find_standings(queue.backlog_id, ids) if ids else {}


def _read_receipt(queue: Queue, handle: str) -> Receipt | AwsError:
    receipt = parse_receipt(handle)
    if receipt is None:
        return ReceiptHandleIsInvalid(f'The input receipt handle "{handle}" is not a valid receipt handle.')
    if receipt.queue_id != queue.queue_id:
        return ReceiptHandleIsInvalid(f'The receipt handle "{handle}" is not valid for this queue.')
    return receipt
