"""ReceiveMessage, with short and long polling.

AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from onebox.clock import wait_for
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Waiting
from onebox.services.sqs import rules
from onebox.services.sqs.core import Core
from onebox.services.sqs.limits import LOOKS_OF_SHORT_POLL_MAX, SECOND_MS, SHORT_POLL_MS_MAX
from onebox.services.sqs.message_attributes import NameFilter
from onebox.services.sqs.message_view import choose_system_attributes, show_message
from onebox.services.sqs.model import Queue
from onebox.services.sqs.queue_access import load_queue
from onebox.services.sqs.receive_attempts import receive_attempt
from onebox.services.sqs.receiving import receive


@dataclass(frozen=True, slots=True)
class _Call:
    """A checked request; what the queue decides by default is None."""

    queue_url: str
    limit: int
    visibility_timeout_s: int | None
    wait_s: int | None
    attempt_id: str | None
    system_names: Collection[str]
    user_names: NameFilter


def receive_message(core: Core, context: RequestContext, request: Wire) -> Wire | Waiting:
    """Hand out messages, waiting for them if the request or the queue says so."""
    call = _read_call(request)
    begun_at_ms = core.clock.steady_ms()
    queue, shown, left = _take(core, context, call, begun_at_ms)
    wait_ms = queue.wait_ms if call.wait_s is None else call.wait_s * SECOND_MS
    if shown or not (left or wait_ms) or core.watchers.is_closed:
        core.metrics.received(queue, len(shown), begun_at_ms)
        return _answer(shown)
    return Waiting(partial(_look_on, core, context, call, queue, begun_at_ms + wait_ms))


async def _look_on(core: Core, context: RequestContext, call: _Call, queue: Queue, deadline_at_ms: int) -> Wire:
    """Look again until there is something or the wait is over."""
    woken = asyncio.Event()
    subscription = core.watchers.watch(queue.arn, woken.set)
    looks = 1
    look_until_ms = core.clock.monotonic_ms() + SHORT_POLL_MS_MAX
    try:
        # The first time at once: no notice came for messages from before the subscription.
        while True:
            woken.clear()
            _, shown, left = await core.looks.look(queue.arn, partial(_take_now, core, context, call))
            looks += 1
            if shown or core.watchers.is_closed:
                break
            if left and looks < LOOKS_OF_SHORT_POLL_MAX and core.clock.monotonic_ms() < look_until_ms:
                continue  # no notice comes for what a look has left
            if core.clock.steady_ms() >= deadline_at_ms:
                break
            if not left and not await wait_for(core.clock, woken, deadline_at_ms):
                break
    finally:
        subscription.cancel()
    core.metrics.received(queue, len(shown), core.clock.steady_ms())
    await core.storage.durable()
    return _answer(shown)


def _answer(shown: list[Wire]) -> Wire:
    return {"Messages": shown} if shown else {}


def _take_now(core: Core, context: RequestContext, call: _Call) -> tuple[Queue, list[Wire], int]:
    now_ms = core.clock.steady_ms()
    return core.storage.run(lambda: _take(core, context, call, now_ms))


def _take(core: Core, context: RequestContext, call: _Call, now_ms: int) -> tuple[Queue, list[Wire], int]:
    """Receive what is there now, and how many messages are left (see Received). Raises the errors of
    ReceiveMessage."""
    queue = load_queue(core, context, call.queue_url, "ReceiveMessage")
    timeout_ms = (
        queue.visibility_timeout_ms if call.visibility_timeout_s is None else call.visibility_timeout_s * SECOND_MS
    )
    if queue.is_fifo and call.attempt_id is not None:
        messages, left = receive_attempt(
            core, queue, attempt_id=call.attempt_id, limit=call.limit, visibility_timeout_ms=timeout_ms, now_ms=now_ms
        )
    else:
        messages, left = receive(core, queue, call.limit, timeout_ms, now_ms)
    wall_of, system_names, user_names = core.clock.wall_of, call.system_names, call.user_names
    shown = [
        show_message(queue, message, now_ms=now_ms, wall_of=wall_of, system_names=system_names, user_names=user_names)
        for message in messages
    ]
    return queue, shown, left


def _read_call(request: Wire) -> _Call:
    limit = request.get("MaxNumberOfMessages", 1)
    rules.check_receive_limit(limit)
    wait_s, timeout_s = request.get("WaitTimeSeconds"), request.get("VisibilityTimeout")
    if wait_s is not None:
        rules.check_wait(wait_s)
    if timeout_s is not None:
        rules.check_visibility_timeout(timeout_s)
    attempt_id = request.get("ReceiveRequestAttemptId")
    if attempt_id is not None:
        rules.check_attempt_id(attempt_id)
    return _Call(
        queue_url=request["QueueUrl"],
        limit=limit,
        visibility_timeout_s=timeout_s,
        wait_s=wait_s,
        attempt_id=attempt_id,
        system_names=choose_system_attributes(request),
        user_names=NameFilter(request.get("MessageAttributeNames") or ()),
    )
