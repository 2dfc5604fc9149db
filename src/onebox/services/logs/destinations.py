"""Where subscription filters send events: Lambda functions, through Lambda's own service."""

from __future__ import annotations

from typing import Protocol

from onebox.errors import AwsError
from onebox.services.context import RequestContext


class FunctionInvoker(Protocol):
    """Lambda, as far as subscription filters need it."""

    def invoke_async(
        self,
        context: RequestContext,
        function_arn: str,
        payload: bytes,
        *,
        source_service: str,
        source_arn: str,
    ) -> str:
        """Queue an asynchronous invocation inside the caller's transaction; raises AwsError."""

    def check_invocation(
        self, context: RequestContext, function_arn: str, *, source_service: str, source_arn: str
    ) -> None:
        """Raise the error with which such an invocation would be refused."""


class Destinations:
    """Connected once Lambda is built, which itself needs the logs."""

    def __init__(self) -> None:
        self._functions: FunctionInvoker | None = None

    def connect(self, functions: FunctionInvoker) -> None:
        """Give the filters their way to functions."""
        self._functions = functions

    def may_invoke(self, context: RequestContext, function_arn: str, source_arn: str) -> bool:
        """Whether the function exists and its policy lets CloudWatch Logs invoke it for this group."""
        return self._find_service(context, function_arn, source_arn) is not None

    def invoke(self, context: RequestContext, function_arn: str, source_arn: str, payload: bytes) -> bool:
        """Queue an invocation inside the caller's transaction; False if it is refused."""
        service = self._find_service(context, function_arn, source_arn)
        if service is None or self._functions is None:
            return False
        self._functions.invoke_async(context, function_arn, payload, source_service=service, source_arn=source_arn)
        return True

    def _find_service(self, context: RequestContext, function_arn: str, source_arn: str) -> str | None:
        """The name under which the function's policy lets the logs invoke it."""
        for service in (f"logs.{context.region}.amazonaws.com", "logs.amazonaws.com"):
            try:
                assert self._functions is not None, "called before the engine started"
                self._functions.check_invocation(context, function_arn, source_service=service, source_arn=source_arn)
            except AwsError:
                continue
            return service
        return None
