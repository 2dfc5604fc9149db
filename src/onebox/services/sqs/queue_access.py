"""From a QueueUrl to the queue, and whether the caller may do that with it.

IAM authorised the owner's callers before the operation began. All others (other accounts, AWS's own services that
deliver for a topic or rule) need the queue's policy to allow them.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-overview-of-managing-access.html
"""

from __future__ import annotations

from functools import lru_cache

from onebox.services.context import RequestContext
from onebox.services.iam.policy import (
    PolicyRequest,
    Statement,
    condition_keys,
    evaluate,
    principal_caller,
    service_caller,
)
from onebox.services.iam.request_keys import find_request_keys
from onebox.services.sqs.condition_keys import find_condition_keys
from onebox.services.sqs.core import Core
from onebox.services.sqs.errors import AccessDenied, QueueDoesNotExist
from onebox.services.sqs.model import Queue
from onebox.services.sqs.queue_urls import parse_queue_url

# Operations that AWS lets no other account call, whatever the policy says.
OWNER_ONLY = frozenset(
    {
        "AddPermission",
        "CancelMessageMoveTask",
        "DeleteQueue",
        "ListMessageMoveTasks",
        "ListQueueTags",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    }
)


def load_queue(core: Core, context: RequestContext, queue_url: str, action: str) -> Queue:
    """The queue of a request. Raises InvalidAddress, QueueDoesNotExist or AccessDenied."""
    account, name = parse_queue_url(queue_url, context.account)
    queue = core.queues.find(account, context.region, name)
    if account != context.account:
        _check_other_account(context, queue, action)
    if queue is None:
        raise QueueDoesNotExist
    return queue


def check_service(queue: Queue, source_service: str, source_arn: str, source_account: str) -> None:
    """Check that the queue's policy lets an AWS service send for ``source_arn``. Raises AccessDenied."""
    if not _service_may_send(queue.policy, queue.arn, source_service, source_arn, source_account):
        raise AccessDenied(
            f"User: {source_service} is not authorized to perform: sqs:sendmessage on resource: {queue.arn} "
            "because no resource-based policy allows the sqs:sendmessage action"
        )


def _check_other_account(context: RequestContext, queue: Queue | None, action: str) -> None:
    principal = context.principal
    if queue is not None and action not in OWNER_ONLY:
        caller = principal_caller(principal)
        global_keys = find_request_keys(context, queue.arn, dict(principal.session_tags))
        keys = condition_keys({**global_keys, **find_condition_keys(queue.tags, {})})
        if evaluate(queue.policy, PolicyRequest(f"sqs:{action}", queue.arn, caller, keys)).allowed:
            return
    if queue is None:
        raise QueueDoesNotExist("The specified queue does not exist or you do not have access to it.")
    raise AccessDenied(
        f"User: {principal.arn} is not authorized to perform: sqs:{action.lower()} on resource: {queue.arn} "
        f"because no resource-based policy allows the sqs:{action.lower()} action"
    )


# A pure function of what is asked, so remembering the answer is safe whatever happens to the transaction.
@lru_cache(maxsize=1024)
def _service_may_send(
    policy: tuple[Statement, ...], queue_arn: str, service: str, source_arn: str, source_account: str
) -> bool:
    keys = condition_keys({"aws:SourceArn": source_arn, "aws:SourceAccount": source_account})
    request = PolicyRequest("sqs:SendMessage", queue_arn, service_caller(service), keys)
    return evaluate(policy, request).allowed
