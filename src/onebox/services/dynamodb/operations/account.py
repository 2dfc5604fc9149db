"""DescribeLimits and DescribeEndpoints: what concerns the account and no table.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeLimits.html
"""

from __future__ import annotations

from urllib.parse import urlsplit

from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core

_ENDPOINT_CACHE_MINUTES = 1440


def describe_limits(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The quotas that AWS gives an account at first; onebox enforces none of them."""
    return {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }


def describe_endpoints(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Where to send further requests: here."""
    address = urlsplit(context.endpoint_url).netloc
    return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": _ENDPOINT_CACHE_MINUTES}]}
