"""Vended logs and cross-account destinations, of which an account in onebox has none.

No offered service is a source of vended logs, so nothing can be created; what asks for one gets AWS's answer of an
account without any.
AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import ResourceNotFoundException


def put_delivery_source(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Refused: no service here is a source."""
    raise ResourceNotFoundException("Cannot access provided service.")


def get_delivery_source(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Refused: there is none."""
    raise ResourceNotFoundException("Requested Delivery Source does not exist in this account.")


def get_delivery_destination(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Refused: there is none."""
    raise ResourceNotFoundException("Requested Delivery Destination does not exist in this account.")


def describe_destinations(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """No cross-account destinations."""
    return {"destinations": []}
