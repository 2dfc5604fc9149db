"""DynamoDB Streams as the gateway sees it."""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.dynamodb.internal import DynamoDbInternal
from onebox.services.dynamodbstreams.authorization import required_access
from onebox.services.dynamodbstreams.core import Core
from onebox.services.dynamodbstreams.operations import OPERATIONS
from onebox.services.registry import Access, bind


class DynamoDbStreams:
    """The service: its operations and the rights they need. It has no background work."""

    name = "dynamodbstreams"
    condition_keys: tuple[str, ...] = ()

    def __init__(self, deps: Deps, dynamodb: DynamoDbInternal) -> None:
        self.operations = bind(OPERATIONS, Core(dynamodb, deps.clock))

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The IAM action that a request needs, with its stream."""
        return required_access(context, operation, request)

    async def start(self) -> None:
        """Nothing to resume."""

    async def stop(self) -> None:
        """Nothing to end."""
