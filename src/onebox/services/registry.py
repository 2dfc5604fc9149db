"""What a service is to the gateway: a name, a table of operations, and the ARNs that a request touches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from onebox.services.context import RequestContext, Wire

# ``handler(service, context, request)``. A plain function runs inside one atomic piece of the group transaction and
# is answered after its commit; what it raises undoes all it wrote. A coroutine function runs outside any transaction
# (it waits: long polls, invocations) and writes through ``await service.storage.write(job)``.
Handler = Callable[[Any, RequestContext, Wire], Wire | Awaitable[Wire]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One API operation. ``waits`` marks a coroutine function; ``reads_only`` one that never writes."""

    handler: Handler
    waits: bool = False
    reads_only: bool = False
    action: str | None = None
    """The IAM action without prefix where it is not the operation's name (SendMessageBatch -> SendMessage)."""
    anonymous: bool = False
    """AWS answers it without a signature as well: the links in SNS's messages. The caller is then ANONYMOUS."""


class Service(Protocol):
    @property
    def name(self) -> str:
        """The folder and endpoint name in botocore's data (``sqs``, ``dynamodb``, ``lambda``, ``logs``, …)."""

    @property
    def iam_prefix(self) -> str:
        """The prefix of its IAM actions (``sqs``, ``cloudwatch``, …)."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """What it can do, by AWS's names."""

    def resources(self, context: RequestContext, operation: str, request: Wire) -> list[str]:
        """The ARNs on which the caller needs the action; ``["*"]`` where AWS knows no resource."""

    async def start(self) -> None:
        """Resume background work; called once, after the database is open and before requests arrive."""

    async def stop(self) -> None:
        """End background work; called once; afterwards nothing of the service runs."""


class ApiCaller(Protocol):
    """Calls any operation from inside, with the caller's rights (CloudFormation's hands)."""

    async def call(self, context: RequestContext, service: str, operation: str, request: Wire) -> Wire:
        """Authorise and run an operation, durable when it returns. Raises AwsError as the API would."""
