"""AddPermission and RemovePermission."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.sqs.core import Core
from onebox.services.sqs.model import Queue
from onebox.services.sqs.permissions import add_statement, remove_statement
from onebox.services.sqs.queue_access import load_queue


def add_permission(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Let other accounts use the queue."""
    queue = load_queue(core, context, request["QueueUrl"], "AddPermission")
    policy = add_statement(queue, request["Label"], request["AWSAccountIds"], request["Actions"])
    _set_policy(core, queue, policy, core.clock.steady_ms())
    return {}


def remove_permission(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove a statement from the queue's policy."""
    queue = load_queue(core, context, request["QueueUrl"], "RemovePermission")
    _set_policy(core, queue, remove_statement(queue, request["Label"]), core.clock.steady_ms())
    return {}


def _set_policy(core: Core, queue: Queue, policy: str, now_ms: int) -> None:
    attributes = {**queue.attributes, "Policy": policy}
    core.queues.set_attributes(queue, {n: v for n, v in attributes.items() if v}, now_ms)
