"""What SNS needs of the services that it delivers to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from onebox.errors import AwsError
from onebox.services.context import RequestContext
from onebox.services.sqs.internal import Delivery

SERVICE = "sns.amazonaws.com"
"""SNS's name as a principal."""


class Queues(Protocol):
    """SQS (``sqs/internal.py``)."""

    def deliver(
        self, context: RequestContext, queue_arn: str, delivery: Delivery, *, source_service: str, source_arn: str
    ) -> None:
        """Store one message; raises what SQS refuses it with."""

    def deliver_all(
        self,
        context: RequestContext,
        queue_arn: str,
        deliveries: Sequence[Delivery],
        *,
        source_service: str,
        source_arn: str,
    ) -> list[AwsError | None]:
        """Store messages; for each what SQS refuses it with, or None."""


class Functions(Protocol):
    """Lambda (``lambda_/internal.py``)."""

    def invoke_async(
        self,
        context: RequestContext,
        function_arn: str,
        payload: bytes,
        *,
        source_service: str,
        source_arn: str,
    ) -> str:
        """Accept an event for a function; its request id. Raises what Lambda refuses it with."""
