"""The rights that a request to SQS requires of its caller: IAM actions on queues.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
"""

from __future__ import annotations

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Access, access_to
from onebox.services.sqs.errors import InvalidAddress
from onebox.services.sqs.operations import OPERATIONS
from onebox.services.sqs.queue_urls import parse_queue_url
from onebox.services.sqs.task_handles import parse_task_handle


def required_access(context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on the queue that the request names."""
    return access_to("sqs", OPERATIONS, operation, [_find_resource(context, request)])


def _find_resource(context: RequestContext, request: Wire) -> str:
    """The queue's ARN, named by URL, name or ARN; ``*`` where AWS knows no resource."""
    if "QueueUrl" in request:
        try:
            account, name = parse_queue_url(request["QueueUrl"])
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
