"""Which IAM actions a request needs, on which stream.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Access


def required_access(context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The right to the operation on the stream that the request names; ListStreams knows no resource."""
    if operation == "GetRecords":
        resource = request.get("ShardIterator", "").partition("|")[0]
    else:
        resource = request.get("StreamArn", "")
    return [Access(f"dynamodb:{operation}", "*" if operation == "ListStreams" else resource)]
