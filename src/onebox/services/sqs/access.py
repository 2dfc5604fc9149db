"""From a QueueUrl to the queue, and whether the caller may do that with it.

The owner's callers were authorised by IAM before the operation began. Everyone else, other accounts and AWS's own
services delivering for a topic or rule, needs the queue's policy to say so. Any host is taken in a QueueUrl: clients
reach onebox under many names. What counts are the last two parts of its path, account and name.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-overview-of-managing-access.html
"""

from __future__ import annotations

from functools import lru_cache

from onebox.services.context import RequestContext
from onebox.services.iam.policy import (
    PolicyRequest,
    Statement,
    account_caller,
    condition_keys,
    evaluate,
    service_caller,
)
from onebox.services.sqs.core import Core
from onebox.services.sqs.errors import AccessDenied, InvalidAddress, QueueDoesNotExist
from onebox.services.sqs.model import Queue

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


def format_queue_url(context: RequestContext, account: str, name: str) -> str:
    """The URL of a queue, at the address under which this client reached us."""
    return f"{context.endpoint_url}/{account}/{name}"


def parse_queue_url(queue_url: str) -> tuple[str, str]:
    """Account and name. Raises InvalidAddress."""
    parts = queue_url.rstrip("/").rsplit("/", 2)
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise InvalidAddress(f"The address {queue_url} is not valid for this endpoint.")
    return parts[1], parts[2]


def load_queue(core: Core, context: RequestContext, queue_url: str, action: str) -> Queue:
    """The queue of a request. Raises InvalidAddress, QueueDoesNotExist or AccessDenied."""
    account, name = parse_queue_url(queue_url)
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
        caller = account_caller(context.account, principal.arn)
        keys = condition_keys({"aws:SourceIp": context.source_ip, "aws:PrincipalArn": principal.arn})
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
