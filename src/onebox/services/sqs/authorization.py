"""The rights that a request to SQS requires of its caller: IAM actions on queues, with their condition keys.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html and, for message move tasks,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from onebox.arn import find_arn, make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.iam.policy import Statement
from onebox.services.registry import Access, ConditionKeys
from onebox.services.sqs.condition_keys import find_condition_keys
from onebox.services.sqs.core import Core
from onebox.services.sqs.errors import InvalidAddress
from onebox.services.sqs.limits import LIST_RESULTS_MAX
from onebox.services.sqs.operations import OPERATIONS
from onebox.services.sqs.queue_urls import parse_queue_url
from onebox.services.sqs.task_handles import parse_task_handle

# Whoever starts or cancels a task moves messages out of the source himself.
_MOVE_SOURCE_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")


def required_access(core: Core, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on the queue that the request names; for a move task, also its rights on both ends."""
    resource = _find_resource(context, request)
    accesses = [_access(core, OPERATIONS[operation].action or operation, resource, request)]
    if operation in ("StartMessageMoveTask", "CancelMessageMoveTask"):
        accesses += [_access(core, action, resource, request) for action in _MOVE_SOURCE_ACTIONS]
    if operation == "StartMessageMoveTask":
        accesses += [_access(core, "SendMessage", arn, request) for arn in _move_destinations(core, resource, request)]
    return accesses


def _access(core: Core, action: str, resource: str, request: Wire) -> Access:
    find_keys, find_policy = partial(_condition_keys, core, resource, request), partial(_policy, core, resource)
    return Access(f"sqs:{action}", resource, find_keys, find_policy)


def _policy(core: Core, resource: str) -> Sequence[Statement]:
    queue = core.queues.find_by_arn(resource)
    return () if queue is None else queue.policy


def _condition_keys(core: Core, resource: str, request: Wire) -> ConditionKeys:
    queue = core.queues.find_by_arn(resource)
    return find_condition_keys({} if queue is None else queue.tags, request)


def _move_destinations(core: Core, source_arn: str, request: Wire) -> Iterable[str]:
    """Where the messages go: the named queue, or every queue whose dead-letter queue the source is."""
    destination = request.get("DestinationArn")
    return [destination] if destination is not None else _dead_letter_sources(core, source_arn)


def _dead_letter_sources(core: Core, source_arn: str) -> Iterator[str]:
    arn = find_arn(source_arn)
    if arn is None:
        return
    last = ""
    while names := core.queues.list_sources(source_arn, last, LIST_RESULTS_MAX):
        for last in names:
            yield make_arn("sqs", arn.region, arn.account, last)


def _find_resource(context: RequestContext, request: Wire) -> str:
    """The queue's ARN, named by URL, name or ARN; ``*`` where AWS knows no resource."""
    if "QueueUrl" in request:
        try:
            account, name = parse_queue_url(request["QueueUrl"], context.account)
        except InvalidAddress:
            return "*"  # the operation says what is wrong with it
        return make_arn("sqs", context.region, account, name)
    if "QueueName" in request:
        account = request.get("QueueOwnerAWSAccountId") or context.account
        return make_arn("sqs", context.region, account, request["QueueName"])
    if "TaskHandle" in request:
        handle = parse_task_handle(request["TaskHandle"])
        return "*" if handle is None else handle.source_arn
    source_arn: str = request.get("SourceArn") or "*"
    return source_arn
