"""Calls to the other services with the rights of a stack."""

from __future__ import annotations

import re

from onebox.clock import sleep_until
from onebox.errors import AwsError
from onebox.services.cloudformation.deploy.callbacks import Callbacks, Interrupted
from onebox.services.cloudformation.model import Stack
from onebox.services.cloudformation.resources.existing import error_names, means_exists, means_gone
from onebox.services.cloudformation.resources.types import PlainFailure
from onebox.services.context import Deps, Principal, RequestContext, Wire
from onebox.services.registry import ApiCaller

_PAUSE_MS = 50
"""Between polls of a resource that is not ready. The services here are ready in milliseconds."""
_SERVICES = {
    "cloudwatch": "CloudWatch",
    "dynamodb": "DynamoDb",
    "iam": "Iam",
    "lambda": "Lambda",
    "logs": "CloudWatchLogs",
    "s3": "S3",
    "sns": "Sns",
    "sqs": "Sqs",
}


class StackClient:
    """A client with the rights of the stack's role, or of the caller of CloudFormation."""

    def __init__(self, deps: Deps, caller: ApiCaller, stack: Stack, callbacks: Callbacks) -> None:
        self.account = stack.account
        self.region = stack.region
        self._deps = deps
        self._caller = caller
        self._stack = stack
        self._callbacks = callbacks

    @property
    def stack_id(self) -> str:
        """See :class:`onebox.services.cloudformation.resources.types.Client`."""
        return self._stack.stack_id

    @property
    def capabilities(self) -> list[str]:
        """The capabilities that the stack was given."""
        return self._stack.source.capabilities

    async def open_callback(self) -> str:
        """The URL of a new address for answers by HTTP PUT."""
        return await self._callbacks.open(self._stack)

    async def wait_for_callback(self, url: str, count: int, timeout_s: int) -> list[Wire]:
        """The answers at an address, as soon as there are ``count`` or the time is up. Raises Interrupted."""
        until_ms = self._deps.clock.steady_ms() + timeout_s * 1_000
        return await self._callbacks.wait(url, count, until_ms, self._stack, self._stack.operation)

    async def close_callback(self, url: str) -> None:
        """Take no more answers at an address."""
        await self._callbacks.close(url)

    async def call(self, service: str, operation: str, request: Wire, *, region: str | None = None) -> Wire:
        """Run an operation, in the stack's region unless another is given.

        An error keeps the service's name, for the status reason of the resource."""
        context = RequestContext(
            account=self.account,
            region=region or self.region,
            principal=principal_of(self._stack),
            now_ms=self._deps.clock.now_ms(),
            request_id=self._deps.ids.uuid(),
            endpoint_url=self._stack.settings.endpoint_url,
            called_via="cloudformation.amazonaws.com",
        )
        try:
            return await self._caller.call(context, service, operation, request)
        except AwsError as error:
            raise HandlerError(error, service, context.request_id) from error

    async def pause(self) -> None:
        """Wait before the next poll."""
        await sleep_until(self._deps.clock, self._deps.clock.steady_ms() + _PAUSE_MS)

    def token(self, characters: int) -> str:
        """Unguessable capitals and digits."""
        return self._deps.ids.token(characters)


class HandlerError(AwsError):
    """An error of a service with the service's name. Keeps the code of the original."""

    def __init__(self, error: AwsError, service: str, request_id: str) -> None:
        super().__init__(error.message, **error.members)
        self.original = error
        self.service = service
        self.request_id = request_id

    @property
    def wire_code(self) -> str:
        return self.original.wire_code


def principal_of(stack: Stack) -> Principal:
    """The stack's role as CloudFormation assumes it, else the caller of CloudFormation."""
    settings = stack.settings
    if settings.role_arn is None:
        return Principal(
            account=settings.principal_account,
            arn=settings.principal_arn,
            user_id=settings.principal_user_id,
            role_name=settings.principal_role_name,
            session_policies=settings.principal_session_policies,
            user_name=settings.principal_user_name,
            entity_id=settings.principal_entity_id,
            entity_arn=settings.principal_entity_arn,
            session_tags=settings.principal_session_tags,
        )
    match = re.fullmatch(r"arn:([^:]+):iam::(\d+):role/(?:.*/)?([^/]+)", settings.role_arn)
    assert match is not None, "checked when the request was accepted"
    partition, account, role_name = match.groups()
    session = "AWSCloudFormation"
    arn = f"arn:{partition}:sts::{account}:assumed-role/{role_name}/{session}"
    return Principal(
        account=account,
        arn=arn,
        user_id=f"{role_name}:{session}",
        role_name=role_name,
        entity_arn=settings.role_arn,
    )


def failure_reason(error: AwsError, token: str) -> str:
    """A resource's status reason, as AWS words a handler's failure."""
    if isinstance(error, (PlainFailure, Interrupted)):
        return error.message
    message = error.message
    if isinstance(error, HandlerError):
        name = _SERVICES.get(error.service, error.service)
        status = error.original.status
        message = f"{message} (Service: {name}, Status Code: {status}, Request ID: {error.request_id})"
    code = _handler_error_code(error)
    return f'Resource handler returned message: "{message}" (RequestToken: {token}, HandlerErrorCode: {code})'


def _handler_error_code(error: AwsError) -> str:
    original = error.original if isinstance(error, HandlerError) else error
    names = error_names(original)
    if means_exists(original) or "AlreadyExists" in names:
        return "AlreadyExists"
    if means_gone(original):
        return "NotFound"
    if names & {"AccessDenied", "AuthorizationError", "AccessDeniedFault"}:
        return "AccessDenied"
    if names & {"Throttling", "ThrottlingException", "TooManyRequests", "RequestThrottled"}:
        return "Throttling"
    if names & {"LimitExceeded", "QuotaExceeded", "ServiceQuotaExceeded", "LimitExceededFault"}:
        return "ServiceLimitExceeded"
    return "InvalidRequest" if original.status < 500 else "ServiceInternalError"
