"""DynamoDB as the gateway sees it."""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.dynamodb.authorization import required_access
from onebox.services.dynamodb.condition_keys import CONDITION_KEYS
from onebox.services.dynamodb.core import make_core
from onebox.services.dynamodb.internal import DynamoDbInternal
from onebox.services.dynamodb.operations import OPERATIONS
from onebox.services.registry import Access, bind


class DynamoDb:
    """The service: its operations, the rights they need, and its background work."""

    name = "dynamodb"
    condition_keys: tuple[str, ...] = CONDITION_KEYS

    def __init__(self, deps: Deps) -> None:
        self._core = make_core(deps)
        self.internal = DynamoDbInternal(self._core)
        self.operations = bind(OPERATIONS, self._core)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The IAM actions that a request needs, each with its resource and condition keys."""
        return required_access(self._core.table_cache, context, operation, request)

    async def start(self) -> None:
        """Resume filling, dropping and expiring."""
        self._core.background.start()

    async def stop(self) -> None:
        """Stop between two steps."""
        self._core.background.stop()
