"""Where event notifications go: queues, topics and functions, and what S3 needs of their services.

They are loaded when the first notification needs them: a bucket without notifications starts no other service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

import orjson

from onebox.arn import find_arn
from onebox.errors import AwsError
from onebox.services.context import RequestContext
from onebox.services.s3.event_records import SERVICE
from onebox.services.sqs.model import Delivery

SUBJECT = "Amazon S3 Notification"
UNREACHABLE = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationErrorException",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)
"""The errors that concern the destination, not one message: it is gone, or its policy does not let S3 in."""


class Queues(Protocol):
    """SQS (``sqs/internal.py``)."""

    def deliver(
        self, context: RequestContext, queue_arn: str, delivery: Delivery, *, source_service: str, source_arn: str
    ) -> None:
        """Store one message; raises what SQS refuses it with."""


class Topics(Protocol):
    """SNS (``sns/internal.py``)."""

    def publish(
        self,
        context: RequestContext,
        topic_arn: str,
        subject: str | None,
        message: str,
        *,
        source_service: str,
        source_arn: str,
    ) -> str:
        """Publish; raises what SNS refuses it with."""


class Functions(Protocol):
    """Lambda (``lambda_/internal.py``)."""

    def invoke_async(
        self, context: RequestContext, function_arn: str, payload: bytes, *, source_service: str, source_arn: str
    ) -> str:
        """Accept an event for a function; raises what Lambda refuses it with."""

    def check_invocation(
        self, context: RequestContext, function_arn: str, *, source_service: str, source_arn: str
    ) -> None:
        """Raise what :meth:`invoke_async` would raise."""


class Destinations(NamedTuple):
    """The services that take notifications."""

    queues: Queues
    topics: Topics
    functions: Functions

    def deliver(self, context: RequestContext, destination_arn: str, message: object, source_arn: str) -> None:
        """Deliver one message of a bucket, in the caller's transaction. Raises AwsError."""
        text = orjson.dumps(message)
        source = {"source_service": SERVICE, "source_arn": source_arn}
        arn = find_arn(destination_arn)
        if arn is not None and arn.service == "sqs":
            self.queues.deliver(context, destination_arn, Delivery(text.decode(), {}), **source)
        elif arn is not None and arn.service == "sns":
            self.topics.publish(context, destination_arn, SUBJECT, text.decode(), **source)
        else:
            self.functions.invoke_async(context, destination_arn, text, **source)

    def find_objection(
        self, context: RequestContext, destination_arn: str, message: object, source_arn: str
    ) -> tuple[str, str] | None:
        """Why S3 cannot deliver to a destination, as ``(argument, reason)`` in AWS's words; None if it can. A queue or
        topic gets the message, which shows it; a function is asked."""
        arn = find_arn(destination_arn)
        if arn is not None and arn.service == "lambda":
            try:
                self.functions.check_invocation(context, destination_arn, source_service=SERVICE, source_arn=source_arn)
            except AwsError:
                return f"{destination_arn}, null", f"Not authorized to invoke function [{destination_arn}]"
            return None
        kind = "queue" if arn is not None and arn.service == "sqs" else "topic"
        if destination_arn.endswith(".fifo"):
            return destination_arn, f"FIFO {'SQS queues' if kind == 'queue' else 'SNS topics'} are not supported."
        try:
            self.deliver(context, destination_arn, message, source_arn)
        except AwsError as error:
            return destination_arn, _objection(kind, error)
        return None


LoadDestinations = Callable[[], Awaitable[Destinations]]
"""Loads the services that take notifications, and waits for them."""


def _objection(kind: str, error: AwsError) -> str:
    name = type(error).__name__
    if name in ("QueueDoesNotExist", "NotFoundException"):
        return f"The destination {kind} does not exist"
    if name in UNREACHABLE:
        return f"Permissions on the destination {kind} do not allow S3 to publish notifications from this bucket"
    return error.message
