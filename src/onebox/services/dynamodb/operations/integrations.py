"""Contributor Insights and streaming to Kinesis: onebox offers neither, and says that they are off.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContributorInsights.html
"""

from __future__ import annotations

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import ResourceNotFoundException
from onebox.services.dynamodb.model import GLOBAL


def describe_contributor_insights(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Contributor Insights of a table or index: disabled."""
    table = core.table_cache.load_described(context, request["TableName"])
    answer: Wire = {"TableName": table.name, "ContributorInsightsStatus": "DISABLED"}
    name = request.get("IndexName")
    if name is not None:
        index = table.find_index(name)
        if index is None or index.scope != GLOBAL:
            raise ResourceNotFoundException(
                f"Requested resource not found: Index: {name} not found for table: {table.name}"
            )
        answer["IndexName"] = name
    return answer


def list_contributor_insights(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Tables with Contributor Insights: none."""
    name = request.get("TableName")
    if name is not None:
        core.table_cache.load_described(context, name)
    return {"ContributorInsightsSummaries": []}


def describe_kinesis_streaming_destination(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The Kinesis streams that a table writes to: none."""
    table = core.table_cache.load_described(context, request["TableName"])
    return {"TableName": table.name, "KinesisDataStreamDestinations": []}


def disable_kinesis_streaming_destination(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A destination that was never enabled cannot be disabled."""
    core.table_cache.load_described(context, request["TableName"])
    raise ValidationException(
        "Table is not in a valid state to enable Kinesis Streaming Destination: KinesisStreamingDestination must be "
        "ACTIVE to perform DISABLE operation."
    )
