"""Removing expired messages, and bringing a queue's counts up to date. Runs inside the caller's transaction."""

from __future__ import annotations

from onebox.services.sqs import rules
from onebox.services.sqs.core import Core
from onebox.services.sqs.limits import COUNTED_CHANGES_MAX
from onebox.services.sqs.model import Counts, Queue
from onebox.services.sqs.receiving import refresh_groups, release_due


def refresh_counts(core: Core, queue: Queue, now_ms: int) -> Counts:
    """Set a queue's counts right: what fell due becomes visible, what is too old goes; up to a bound."""
    counts, _ = release_due(core, queue, now_ms, COUNTED_CHANGES_MAX)
    if not counts.visible:
        return counts
    remove_expired(core, queue, now_ms, COUNTED_CHANGES_MAX // 2)
    return core.messages.load_counts(queue.backlog_id)


def remove_expired(core: Core, queue: Queue, now_ms: int, limit: int) -> int:
    """Remove expired messages that are visible, the oldest first, up to ``limit``; how many. There may be more only if
    they were so many."""
    removed, looked_at = 0, 1
    # Most queues have nothing expired: look at one message before looking at many.
    while looked_at:
        oldest = core.messages.find_oldest_visible(queue.backlog_id, looked_at)
        expired = [
            (row_id, group_id)
            for row_id, sent_at_ms, arrived_at_ms, group_id in oldest
            if rules.is_expired(queue, sent_at_ms, arrived_at_ms, now_ms)
        ]
        if not expired:
            break
        core.messages.delete([row_id for row_id, _ in expired])
        core.messages.add_counts(queue.backlog_id, visible=-len(expired))
        refresh_groups(core, queue, [group_id for _, group_id in expired])
        removed += len(expired)
        looked_at = limit - removed if len(expired) == looked_at else 0
    return removed
