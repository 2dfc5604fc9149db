"""Taking messages out of a queue: timeouts that ended, expired and failed messages, then the receive itself.

Runs inside the caller's transaction. The next request updates messages that became due, a bounded number at a time, so
that an idle queue costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from onebox.services.sqs import rules
from onebox.services.sqs.core import Core
from onebox.services.sqs.dead_letters import find_dead_letter_queue, move_to_dead_letters
from onebox.services.sqs.errors import OverLimit
from onebox.services.sqs.limits import IN_FLIGHT_MAX, LOOK_CHANGES_MAX
from onebox.services.sqs.model import Counts, Queue, State, StoredMessage
from onebox.services.sqs.rules import Fate


class Received(NamedTuple):
    """What a receive has taken."""

    messages: list[StoredMessage]
    left: int
    """How many messages are visible besides, at most; 0 if all of them are behind others of their group."""


class Released(NamedTuple):
    """What became of the messages whose delay or timeout has ended."""

    counts: Counts
    """Of the queue afterwards."""
    are_all: bool
    """Whether none of them is left."""


def receive(
    core: Core, queue: Queue, limit: int, visibility_timeout_ms: int, now_ms: int, *, by_mapping: bool = False
) -> Received:
    """Hand out up to ``limit`` messages, in flight from now on; each as it was before this receive was counted.

    ``by_mapping``: if the process ends before the attempt does, the receive does not count (interrupted.py).
    Raises OverLimit if a standard queue has 120,000 messages in flight.
    """
    # More than this receive takes and removes, so that what is left shows that others are due.
    counts, are_all_released = release_due(core, queue, now_ms, limit + LOOK_CHANGES_MAX)
    limit = _check_in_flight(queue, counts, limit)
    if not counts.visible or not limit:
        return Received([], 0)
    choose = _choose_fifo if queue.is_fifo else _choose_standard
    messages, removed = choose(core, queue, limit, now_ms)
    if messages:
        due_at_ms = now_ms + visibility_timeout_ms
        core.messages.mark_received([message.id for message in messages], now_ms, due_at_ms, by_mapping=by_mapping)
        if core.watchers.is_watched(queue.arn):
            core.storage.after_commit(partial(core.watchers.expect, queue.arn, due_at_ms), patient=True)
        core.messages.add_counts(queue.backlog_id, visible=-len(messages), in_flight=len(messages))
    if not messages and not removed and are_all_released:
        return Received([], 0)
    return Received(messages, counts.visible - len(messages) - removed)


def release_due(core: Core, queue: Queue, now_ms: int, limit: int) -> Released:
    """Make messages visible whose delay or timeout has ended, up to ``limit``."""
    counts = core.messages.load_counts(queue.backlog_id)
    if not counts.in_flight and not counts.delayed:
        return Released(counts, are_all=True)
    due = core.messages.find_due(queue.backlog_id, now_ms, limit)
    if not due:
        return Released(counts, are_all=True)
    make_visible(core, queue, [(row_id, group_id) for row_id, _, group_id in due])
    in_flight = sum(state == State.IN_FLIGHT for _, state, _ in due)
    delayed = len(due) - in_flight
    core.messages.add_counts(queue.backlog_id, len(due), -in_flight, -delayed)
    counts = Counts(counts.visible + len(due), counts.in_flight - in_flight, counts.delayed - delayed)
    return Released(counts, are_all=len(due) < limit)


def make_visible(core: Core, queue: Queue, messages: Sequence[tuple[int, str | None]]) -> None:
    """Set the state of messages (row id, group) that become visible; the counts are the caller's."""
    ids = [row_id for row_id, _ in messages]
    core.messages.set_state(ids, State.VISIBLE)
    refresh_groups(core, queue, [group_id for _, group_id in messages])


def refresh_groups(core: Core, queue: Queue, group_ids: Sequence[str | None]) -> None:
    """Bring message groups up to date after their messages changed. Standard queues have none."""
    if queue.is_fifo:
        for group_id in dict.fromkeys(group_ids):
            assert group_id is not None, "messages of FIFO queues have a group"
            core.groups.refresh(queue.backlog_id, group_id)


def _check_in_flight(queue: Queue, counts: Counts, limit: int) -> int:
    """How many may be taken before the queue has too many in flight. FIFO queues return none instead of failing."""
    if counts.in_flight >= IN_FLIGHT_MAX and not queue.is_fifo:
        raise OverLimit(f"The maximum number of in flight messages ({IN_FLIGHT_MAX}) is reached for the queue.")
    return max(0, min(limit, IN_FLIGHT_MAX - counts.in_flight))


def _choose_standard(core: Core, queue: Queue, limit: int, now_ms: int) -> tuple[list[StoredMessage], int]:
    """The oldest messages that may be delivered; expired and failed messages before them are removed: how many."""
    chosen: list[StoredMessage] = []
    removed_in_all = 0
    while True:
        # Chosen messages are still ready in the store, so they are found again and skipped.
        found = core.messages.find_ready(queue.backlog_id, limit)[len(chosen) :]
        delivered, removed = partition_by_fate(core, queue, found, now_ms)
        chosen += delivered
        removed_in_all += removed
        if not removed or len(chosen) == limit or core.looks.changes_left <= 0:
            return chosen, removed_in_all


def _choose_fifo(core: Core, queue: Queue, limit: int, now_ms: int) -> tuple[list[StoredMessage], int]:
    """From the first open group as many messages as possible, in order, then from the next; and how many expired and
    failed messages were removed."""
    chosen: list[StoredMessage] = []
    removed_in_all = 0
    while True:
        removed_before = removed_in_all
        for group_id in core.groups.find_open(queue.backlog_id, limit - len(chosen)):
            from_group, removed = _choose_from_group(core, queue, group_id, limit - len(chosen), now_ms)
            if from_group:
                core.groups.close(queue.backlog_id, group_id, core.row_ids.next(now_ms))
            chosen += from_group
            removed_in_all += removed
            if len(chosen) == limit or core.looks.changes_left <= 0:
                return chosen, removed_in_all
        if removed_in_all == removed_before:
            return chosen, removed_in_all
        # Groups that lost all their messages stood before others.


def _choose_from_group(
    core: Core, queue: Queue, group_id: str, limit: int, now_ms: int
) -> tuple[list[StoredMessage], int]:
    """As many messages of one group as possible, and how many were removed."""
    chosen: list[StoredMessage] = []
    removed_in_all = 0
    while True:
        ids = core.groups.find_visible(queue.backlog_id, group_id, limit)
        found = core.messages.find_messages(ids)[len(chosen) :]
        delivered, removed = partition_by_fate(core, queue, found, now_ms)
        chosen += delivered
        removed_in_all += removed
        if removed and not chosen and not core.groups.refresh(queue.backlog_id, group_id):
            return [], removed_in_all
        if not removed or len(chosen) == limit or core.looks.changes_left <= 0:
            return chosen, removed_in_all


def partition_by_fate(
    core: Core, queue: Queue, found: Sequence[StoredMessage], now_ms: int
) -> tuple[list[StoredMessage], int]:
    """Those to be delivered, and how many others were expired or moved to the dead-letter queue; up to where no more
    may be changed in this turn (but for one)."""
    delivered: list[StoredMessage] = []
    expired: list[StoredMessage] = []
    failed: list[StoredMessage] = []
    changes = 0
    for message in found:
        fate = rules.decide_fate(queue, message, now_ms)
        if fate is Fate.DELIVER:
            delivered.append(message)
            continue
        if changes and changes >= core.looks.changes_left:
            break
        changes += rules.count_changes(len(message.body), in_group=queue.is_fifo)
        (expired if fate is Fate.EXPIRE else failed).append(message)
    if failed:
        target = find_dead_letter_queue(core, queue)
        if target is None:
            delivered = sorted(delivered + failed)  # by row id
            failed = []
        else:
            move_to_dead_letters(core, queue, target, failed, now_ms)
    if expired:
        core.messages.delete([message.id for message in expired])
        core.messages.add_counts(queue.backlog_id, visible=-len(expired))
    if changes:
        core.looks.note_changes(changes)
    return delivered, len(expired) + len(failed)
