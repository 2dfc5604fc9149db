"""Receives by event source mappings that ended with the process: they are no attempts.

A message that a mapping received carries a mark until its attempt has ended: deleted, or failed
(:meth:`onebox.services.sqs.internal.SqsInternal.fail_attempt`). What still carries the mark at a start was with a
process that is gone, so it is visible again at once, and the receive does not count. The mark is written with the
receive itself and costs no write of its own.
"""

from __future__ import annotations

import asyncio
from functools import partial

from onebox.services.sqs.core import Core
from onebox.services.sqs.limits import COUNTED_CHANGES_MAX
from onebox.services.sqs.model import Queue
from onebox.services.sqs.receiving import make_visible


async def return_interrupted(core: Core) -> int:
    """Return the messages of an earlier process to their queues, a bounded number at a time; how many they were."""
    returned = 0
    for key in core.queues.list_keys():
        queue = core.queues.find(*key)
        if queue is None:
            continue
        while count := core.storage.run(partial(_return_some, core, queue)):
            returned += count
            await asyncio.sleep(0)
    return returned


def _return_some(core: Core, queue: Queue) -> int:
    if not core.messages.load_counts(queue.backlog_id).in_flight:
        return 0
    messages = core.messages.find_with_mapping(queue.backlog_id, COUNTED_CHANGES_MAX)
    if messages:
        core.messages.uncount_receives([row_id for row_id, _ in messages])
        make_visible(core, queue, messages)
        core.messages.add_counts(queue.backlog_id, visible=len(messages), in_flight=-len(messages))
    return len(messages)
