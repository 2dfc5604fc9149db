"""The SNS service: topics, subscriptions, publishing."""

from __future__ import annotations

from onebox.arn import make_arn
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.registry import Access, access_to, bind
from onebox.services.sns.directory import TopicDirectory
from onebox.services.sns.fanout import Fanout, Functions, Queues
from onebox.services.sns.http_delivery import HttpDeliveries
from onebox.services.sns.internal import SnsInternal
from onebox.services.sns.operations import OPERATIONS
from onebox.services.sns.store import SnsStore


class Sns:
    """Standard and FIFO topics with subscriptions of queues, functions, HTTP endpoints and people."""

    name = "sns"

    def __init__(self, deps: Deps, queues: Queues, functions: Functions) -> None:
        self.operations = bind(OPERATIONS, self)
        self.deps = deps
        self.queues = queues
        self.store = SnsStore(deps.storage)
        self.directory = TopicDirectory(self.store)
        self.http = HttpDeliveries(deps, queues)
        self.fanout = Fanout(queues, functions, self.http)
        self.internal = SnsInternal(deps, self.directory, self.fanout)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The operation's action on each resource that the request names."""
        resources = self._resources(context, operation, request)
        # AWS writes the prefix so in its denials; IAM compares without case.
        return access_to("SNS", OPERATIONS, operation, resources)

    def _resources(self, context: RequestContext, operation: str, request: Wire) -> list[str]:
        """The topic or subscription named in the request; ``*`` for lists and phone numbers."""
        for member in ("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn"):
            if member in request:
                return [request[member]]
        if operation == "CreateTopic":
            return [make_arn("sns", context.region, context.account, request["Name"])]
        return ["*"]

    async def start(self) -> None:
        """Take up the deliveries to HTTP endpoints that a former run left."""
        await self.http.start()

    async def stop(self) -> None:
        """End the deliveries to HTTP endpoints; they are durable."""
        await self.http.stop()
