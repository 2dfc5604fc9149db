"""Removing expired messages, and bringing a queue's counts up to date. Runs inside the caller's transaction."""

from __future__ import annotations

from onebox.services.sqs import rules
from onebox.services.sqs.core import Core
from onebox.services.sqs.limits import SWEEP_MESSAGES_MAX, TRANSITIONS_PER_REQUEST_MAX
from onebox.services.sqs.model import Counts, Queue
from onebox.services.sqs.receiving import refresh_groups, release_due


def refresh_counts(core: Core, queue: Queue, now_ms: int) -> Counts:
    """Set a queue's counts right: what fell due becomes visible, what is too old goes; up to a bound."""
    counts, _ = release_due(core, queue, now_ms, TRANSITIONS_PER_REQUEST_MAX)
    if not counts.visible:
        return counts
    remove_expired(core, queue, now_ms)
    return core.messages.load_counts(queue.backlog_id)


def remove_expired(core: Core, queue: Queue, now_ms: int) -> bool:
    """Remove expired messages that are visible, the oldest first; whether there may be more."""
    limit = 1
    # Most queues have nothing expired: look at one message before looking at many.
    while True:
        oldest = core.messages.find_oldest_visible(queue.backlog_id, limit)
        expired = [
            (row_id, group_id)
            for row_id, sent_at_ms, arrived_at_ms, group_id in oldest
            if rules.is_expired(queue, sent_at_ms, arrived_at_ms, now_ms)
        ]
        if not expired:
            return False
        core.messages.delete([row_id for row_id, _ in expired])
        core.messages.add_counts(queue.backlog_id, visible=-len(expired))
        refresh_groups(core, queue, [group_id for _, group_id in expired])
        if limit == SWEEP_MESSAGES_MAX:
            return len(expired) == limit
        limit = SWEEP_MESSAGES_MAX
