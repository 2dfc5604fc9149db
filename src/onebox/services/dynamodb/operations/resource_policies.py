"""Resource-based policies: onebox takes none, and answers that tables and streams have none.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetResourcePolicy.html
"""

from __future__ import annotations

from onebox.arn import find_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import PolicyNotFoundException, ResourceNotFoundException, invalid_values
from onebox.services.dynamodb.table_cache import table_key


def get_resource_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A table or stream that exists has no policy."""
    arn = _load_resource(core, context, request)
    raise PolicyNotFoundException(f"Resource-based policy not found for the provided ResourceArn: {arn}")


def delete_resource_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Deleting the policy that is not there is a success, unless the caller expects a revision of it."""
    arn = _load_resource(core, context, request)
    if request.get("ExpectedRevisionId") is not None:
        raise PolicyNotFoundException(f"Resource-based policy not found for the provided ResourceArn: {arn}")
    return {}


def _load_resource(core: Core, context: RequestContext, request: Wire) -> str:
    """The ARN of a table or stream that exists."""
    text: str = request["ResourceArn"]
    if not text.startswith("arn:"):
        raise invalid_values(f"ARNs must start with 'arn:': {text}")
    arn = find_arn(text)
    parts = [] if arn is None else arn.resource.split("/")
    if arn is None or arn.service != "dynamodb" or len(parts) < 2 or parts[0] != "table":
        raise invalid_values(f"Provided Arn is not a DynamoDB resource arn: {text}")
    if len(parts) not in (2, 4) or parts[2:3] not in ([], ["stream"]):
        raise invalid_values(
            f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {text}"
        )
    key = table_key(context, str(arn._replace(resource=f"table/{parts[1]}")))
    if core.table_cache.find_usable(key) is None:
        raise ResourceNotFoundException(f"Requested resource not found: Table: {key.name} not found")
    if len(parts) == 4 and core.streams.find(*key, parts[3]) is None:
        raise ResourceNotFoundException(
            f"Requested resource not found: Stream: {parts[3]} not found for Table: {key.name}"
        )
    return text
