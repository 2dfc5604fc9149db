"""What a service is to the gateway: a name, a table of operations, and the access that a request requires.

A service's operations are plain functions of its core, the request's context and the request
(``OPERATIONS: OperationTable[Core]`` in its ``operations`` package). :func:`bind` joins such a table with the core that
the engine built; the gateway sees the bound operations only and knows no core.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.policy import Statement

CoreT = TypeVar("CoreT")

Handler: TypeAlias = Callable[[CoreT, RequestContext, Wire], Wire]
PollingHandler: TypeAlias = Callable[[CoreT, RequestContext, Wire], "Wire | Waiting"]
WaitingHandler: TypeAlias = Callable[[CoreT, RequestContext, Wire], Awaitable[Wire]]
ConditionKeys: TypeAlias = Mapping[str, "str | Iterable[str]"]


@dataclass(frozen=True, slots=True)
class Operation(Generic[CoreT]):
    """One API operation. It runs inside one atomic piece of the group transaction and is answered after its commit;
    an error that it raises undoes all that it wrote."""

    handler: Handler[CoreT]
    reads_only: bool = False
    """It never writes, and needs no transaction."""
    action: str | None = None
    """The IAM action without prefix where it is not the operation's name (SendMessageBatch -> SendMessage)."""
    anonymous: bool = False
    """AWS answers it without a signature as well: the links in SNS's messages. The caller is then ANONYMOUS."""


@dataclass(frozen=True, slots=True)
class WaitingOperation(Generic[CoreT]):
    """An operation that always waits (invocations). It runs outside any transaction and writes through
    ``await storage.write(job)``."""

    handler: WaitingHandler[CoreT]
    action: str | None = None
    anonymous: bool = False
    ends_durable: bool = False
    """It ends with ``storage.write`` or ``storage.durable()``: its answer need not wait for what others wrote since."""
    may_last: bool = False
    """It may take minutes, and how many run at once is bounded elsewhere: nobody waits for the room of its input."""


Wait: TypeAlias = Callable[[], Awaitable[Wire]]


class Waiting(NamedTuple):
    """What a :class:`PollingOperation` returns if its answer is not there yet."""

    wait: Wait
    """Awaited outside any transaction, for the answer. It ends with ``storage.write`` or ``storage.durable()``."""


@dataclass(frozen=True, slots=True)
class PollingOperation(Generic[CoreT]):
    """An operation that is answered at once, as an :class:`Operation` is, or waits until there is an answer (long
    polls). What it does at once is part of its request's turn of the event loop."""

    handler: PollingHandler[CoreT]
    action: str | None = None


OperationTable: TypeAlias = Mapping[str, "Operation[CoreT] | PollingOperation[CoreT] | WaitingOperation[CoreT]"]


@dataclass(frozen=True, slots=True)
class BoundOperation:
    """An :class:`Operation` joined with its service's core."""

    run: Callable[[RequestContext, Wire], Wire]
    reads_only: bool
    anonymous: bool


@dataclass(frozen=True, slots=True)
class BoundWaitingOperation:
    """A :class:`WaitingOperation` joined with its service's core."""

    run: Callable[[RequestContext, Wire], Awaitable[Wire]]
    anonymous: bool
    ends_durable: bool
    may_last: bool


@dataclass(frozen=True, slots=True)
class BoundPollingOperation:
    """A :class:`PollingOperation` joined with its service's core."""

    run: Callable[[RequestContext, Wire], Wire | Waiting]
    reads_only: bool = False
    anonymous: bool = False


AnyBound: TypeAlias = "BoundOperation | BoundPollingOperation | BoundWaitingOperation"


def bind(table: OperationTable[CoreT], core: CoreT) -> dict[str, AnyBound]:
    """The table's operations, each with ``core`` as its first argument."""
    bound: dict[str, AnyBound] = {}
    for name, operation in table.items():
        if isinstance(operation, WaitingOperation):
            bound[name] = BoundWaitingOperation(
                partial(operation.handler, core), operation.anonymous, operation.ends_durable, operation.may_last
            )
        elif isinstance(operation, PollingOperation):
            bound[name] = BoundPollingOperation(partial(operation.handler, core))
        else:
            run = partial(operation.handler, core)
            bound[name] = BoundOperation(run, operation.reads_only, operation.anonymous)
    return bound


class Access(NamedTuple):
    """One right that a request requires of its caller."""

    action: str
    """With its prefix: ``sqs:SendMessage``."""
    resource: str
    """The resource's ARN; ``*`` where AWS knows no resource for the action."""
    find_condition_keys: Callable[[], ConditionKeys] | None = None
    """The service's own condition keys (``dynamodb:LeadingKeys``), worked out when a policy asks for one."""
    find_resource_policy: Callable[[], Sequence[Statement]] | None = None
    """The policy of the resource itself. Within the account it suffices that it names the caller; it is asked for when
    the caller's own policies do not allow the action."""


def access_to(prefix: str, table: OperationTable[CoreT], operation: str, resources: Iterable[str]) -> list[Access]:
    """The right to an operation's IAM action on each of the resources."""
    action = f"{prefix}:{table[operation].action or operation}"
    return [Access(action, resource) for resource in resources]


class Service(Protocol):
    """A service as the gateway sees it."""

    @property
    def name(self) -> str:
        """The folder and endpoint name in botocore's data (``sqs``, ``dynamodb``, ``lambda``, ``logs``, …)."""

    @property
    def condition_keys(self) -> tuple[str, ...]:
        """The condition keys that its requests supply besides the global ones; ``…`` stands for a tag's key."""

    @property
    def operations(self) -> Mapping[str, AnyBound]:
        """The operations it offers, by AWS's names."""

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> Sequence[Access]:
        """The rights that the caller needs for the request; none where AWS asks for none."""

    async def start(self) -> None:
        """Resume background work; called once, after the database is open and before requests arrive."""

    async def stop(self) -> None:
        """End background work; called once; afterwards nothing of the service runs."""


class ApiCaller(Protocol):
    """Calls any operation from inside, with the caller's rights (CloudFormation's client)."""

    async def call(self, context: RequestContext, service: str, operation: str, request: Wire) -> Wire:
        """Authorise and run an operation, durable when it returns. Raises AwsError as the API would."""
