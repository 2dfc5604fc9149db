"""Subscription filters.

AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
"""

from __future__ import annotations

from onebox.arn import find_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from onebox.services.logs.limits import DESCRIBE_ITEMS_MAX, SUBSCRIPTION_FILTERS_PER_GROUP_MAX
from onebox.services.logs.model import SubscriptionFilter
from onebox.services.logs.patterns import parse_pattern
from onebox.services.logs.tokens import invalid_token
from onebox.services.logs.validation import (
    check_enum,
    check_group_name,
    check_length,
    check_lengths,
    check_stream_name,
    parse_limit,
)
from onebox.services.paging import make_token, read_token

_DISTRIBUTIONS = ("Random", "ByLogStream")
_UNSUPPORTED = ("applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFields")


def put_subscription_filter(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Create a filter, or replace the one of that name."""
    check_lengths(request, filterName=512, logGroupName=512)
    group_name = check_group_name(request["logGroupName"])
    name = check_stream_name(request["filterName"], "filterName")
    pattern = request["filterPattern"]
    check_length(pattern, "filterPattern", 0, 1024)
    parse_pattern(pattern)
    distribution = request.get("distribution", "ByLogStream")
    check_enum(distribution, "distribution", _DISTRIBUTIONS)
    if any(request.get(member) for member in _UNSUPPORTED):
        raise InvalidParameterException("The log group has no transformer or system fields to apply.")
    group = core.load_group(context, group_name)
    _check_destination(core, context, group_name, request["destinationArn"])
    known = {subscription.name for subscription in core.subscriptions.of(group.id)}
    if name not in known and len(known) >= SUBSCRIPTION_FILTERS_PER_GROUP_MAX:
        raise LimitExceededException("Resource limit exceeded.")
    core.subscriptions.put(
        group.id,
        SubscriptionFilter(
            name=name,
            created_at_ms=context.now_ms,
            pattern=pattern,
            destination_arn=request["destinationArn"],
            role_arn=request.get("roleArn"),
            distribution=distribution,
        ),
    )
    return {}


def _check_destination(core: LogsCore, context: RequestContext, group_name: str, destination: str) -> None:
    arn = find_arn(destination)
    if arn is None:
        raise InvalidParameterException("The destinationArn is not a valid ARN.")
    if arn.service != "lambda":
        raise InvalidParameterException(
            f"PutSubscriptionFilter operation cannot work with destinationArn for vendor {arn.service}: onebox delivers"
            " to Lambda functions."
        )
    if not core.destinations.may_invoke(context, destination, f"{core.arn(context, f'log-group:{group_name}')}:*"):
        raise InvalidParameterException(
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your"
            " function."
        )


def delete_subscription_filter(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Delete a filter. Events that it has not delivered yet are dropped."""
    check_lengths(request, filterName=512, logGroupName=512)
    group = core.load_group(context, check_group_name(request["logGroupName"]))
    if not core.subscriptions.delete(group.id, request["filterName"]):
        raise ResourceNotFoundException("The specified subscription filter does not exist.")
    return {}


def describe_subscription_filters(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """The filters of a group by name."""
    check_lengths(request, filterNamePrefix=512, logGroupName=512)
    limit = parse_limit(request, DESCRIBE_ITEMS_MAX)
    group = core.load_group(context, check_group_name(request["logGroupName"]))
    (after,) = read_token(request.get("nextToken"), invalid_token, str) or ("",)
    found = core.subscriptions.page(group.id, request.get("filterNamePrefix", ""), after, limit + 1)
    return {
        "subscriptionFilters": [
            {
                "filterName": subscription.name,
                "logGroupName": group.name,
                "filterPattern": subscription.pattern,
                "destinationArn": subscription.destination_arn,
                "roleArn": subscription.role_arn,
                "distribution": subscription.distribution,
                "applyOnTransformedLogs": False,
                "creationTime": subscription.created_at_ms,
            }
            for subscription in found[:limit]
        ],
        "nextToken": make_token(found[limit - 1].name) if len(found) > limit else None,
    }
