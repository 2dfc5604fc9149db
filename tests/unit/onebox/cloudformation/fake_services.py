"""A stand-in for the other services: queues and topics in dicts, calls that fail or hang when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire


class QueueDoesNotExist(AwsError):
    """As SQS has it."""

    code = "AWS.SimpleQueueService.NonExistentQueue"


class NotFoundException(AwsError):
    """As SNS has it."""

    code = "NotFound"
    status = 404


class InvalidParameterValue(AwsError):
    """What failing calls raise."""


def refusing(*operations: str) -> Callable[[str, Wire], bool]:
    """For ``FakeServices.fails``: every call of these operations."""

    def fails(operation: str, _request: Wire) -> bool:
        return operation in operations

    return fails


class FakeServices:
    """An ApiCaller over SQS and SNS, as far as the tests' templates need them."""

    def __init__(self) -> None:
        self.queues: dict[str, Wire] = {}
        self.topics: dict[str, Wire] = {}
        self.calls: list[tuple[str, Wire]] = []
        self.contexts: list[RequestContext] = []
        self.fails: Callable[[str, Wire], bool] = refusing()
        self.hang_before: int | None = None
        """The number of the call that never returns and has no effect."""
        self.hang_after: int | None = None
        """The number of the call that has its effect and never returns."""

    async def call(self, context: RequestContext, service: str, operation: str, request: Wire) -> Wire:
        number = len(self.calls)
        self.calls.append((operation, request))
        self.contexts.append(context)
        await asyncio.sleep(0)
        if number == self.hang_before:
            await asyncio.Future()
        try:
            if self.fails(operation, request):
                raise InvalidParameterValue("Value out of range")
            answer: Wire = getattr(self, f"_{operation}")(context, request)
        finally:
            if number == self.hang_after:
                await asyncio.Future()
        return answer

    def made(self, operation: str) -> list[Wire]:
        """The requests of all calls of one operation."""
        return [request for name, request in self.calls if name == operation]

    def _queue(self, request: Wire) -> Wire:
        name = request.get("QueueName") or request["QueueUrl"].rsplit("/", 1)[-1]
        if name not in self.queues:
            raise QueueDoesNotExist("The specified queue does not exist.")
        return self.queues[name]

    def _GetQueueUrl(self, context: RequestContext, request: Wire) -> Wire:
        self._queue(request)
        return {"QueueUrl": f"http://onebox.test/{context.account}/{request['QueueName']}"}

    def _ListQueueTags(self, context: RequestContext, request: Wire) -> Wire:
        return {"Tags": self._queue(request)["tags"]}

    def _CreateQueue(self, context: RequestContext, request: Wire) -> Wire:
        self.queues[request["QueueName"]] = {"attributes": dict(request["Attributes"]), "tags": dict(request["tags"])}
        return self._GetQueueUrl(context, request)

    def _SetQueueAttributes(self, context: RequestContext, request: Wire) -> Wire:
        self._queue(request)["attributes"].update(request["Attributes"])
        return {}

    def _GetQueueAttributes(self, context: RequestContext, request: Wire) -> Wire:
        return {"Attributes": self._queue(request)["attributes"]}

    def _TagQueue(self, context: RequestContext, request: Wire) -> Wire:
        self._queue(request)["tags"].update(request["Tags"])
        return {}

    def _UntagQueue(self, context: RequestContext, request: Wire) -> Wire:
        for key in request["TagKeys"]:
            self._queue(request)["tags"].pop(key, None)
        return {}

    def _DeleteQueue(self, context: RequestContext, request: Wire) -> Wire:
        self._queue(request)
        del self.queues[request["QueueUrl"].rsplit("/", 1)[-1]]
        return {}

    def _topic(self, arn: str) -> Wire:
        if arn not in self.topics:
            raise NotFoundException("Topic does not exist")
        return self.topics[arn]

    def _CreateTopic(self, context: RequestContext, request: Wire) -> Wire:
        arn = f"arn:aws:sns:{context.region}:{context.account}:{request['Name']}"
        self.topics[arn] = {"attributes": dict(request["Attributes"]), "tags": request["Tags"], "messages": []}
        return {"TopicArn": arn}

    def _ListTagsForResource(self, context: RequestContext, request: Wire) -> Wire:
        return {"Tags": self._topic(request["ResourceArn"])["tags"]}

    def _SetTopicAttributes(self, context: RequestContext, request: Wire) -> Wire:
        self._topic(request["TopicArn"])["attributes"][request["AttributeName"]] = request["AttributeValue"]
        return {}

    def _GetTopicAttributes(self, context: RequestContext, request: Wire) -> Wire:
        return {"Attributes": self._topic(request["TopicArn"])["attributes"]}

    def _TagResource(self, context: RequestContext, request: Wire) -> Wire:
        self._topic(request["ResourceArn"])["tags"] += request["Tags"]
        return {}

    def _DeleteTopic(self, context: RequestContext, request: Wire) -> Wire:
        self._topic(request["TopicArn"])
        del self.topics[request["TopicArn"]]
        return {}

    def _Publish(self, context: RequestContext, request: Wire) -> Wire:
        messages: list[Any] = self._topic(request["TopicArn"])["messages"]
        messages.append(request["Message"])
        return {"MessageId": "1"}
