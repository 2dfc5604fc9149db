"""The rights that a request to SNS requires of its caller: IAM actions on topics and subscriptions.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
"""

from __future__ import annotations

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Access, access_to
from onebox.services.sns.operations import OPERATIONS


def required_access(context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on the topic or subscription that the request names."""
    # AWS writes the prefix in capitals in its denials; IAM ignores case.
    return access_to("SNS", OPERATIONS, operation, [_find_resource(context, operation, request)])


def _find_resource(context: RequestContext, operation: str, request: Wire) -> str:
    """The ARN in the request; ``*`` for lists and phone numbers."""
    for member in ("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn"):
        if member in request:
            arn: str = request[member]
            return arn
    if operation == "CreateTopic":
        return make_arn("sns", context.region, context.account, request["Name"])
    return "*"
