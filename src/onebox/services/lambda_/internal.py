"""Lambda for the other services: asynchronous invocation inside their own transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onebox.arn import find_arn
from onebox.errors import AccessDeniedException
from onebox.services.context import RequestContext
from onebox.services.iam.policy import (
    PolicyRequest,
    compile_policy,
    condition_keys,
    evaluate,
    service_caller,
)
from onebox.services.lambda_.errors import ResourceNotFoundException
from onebox.services.lambda_.naming import parse_function_reference
from onebox.services.lambda_.operations.permissions import policy_document

if TYPE_CHECKING:
    from onebox.services.lambda_.core import LambdaCore


class LambdaInternal:
    """Typed calls for SNS and CloudWatch."""

    def __init__(self, core: LambdaCore) -> None:
        self._core = core

    def invoke_async(
        self,
        context: RequestContext,
        function_arn: str,
        payload: bytes,
        *,
        source_service: str = "sns.amazonaws.com",
        source_arn: str = "",
    ) -> str:
        """Accept an asynchronous (Event) invocation, durable with the caller's transaction; the request id is
        returned. ``source_service`` needs ``lambda:InvokeFunction`` from the function's resource policy.

        Raises ResourceNotFoundException or AccessDeniedException."""
        arn = find_arn(function_arn)
        if arn is None or arn.service != "lambda":
            raise ResourceNotFoundException(f"Function not found: {function_arn}")
        reference = parse_function_reference(context, function_arn)
        self._core.load_qualified(reference.key, reference.qualifier)
        found = self._core.policies.find_policy(reference.key, reference.qualifier or "")
        statements = compile_policy(policy_document(found[0] if found else []))
        keys = condition_keys({"aws:SourceArn": source_arn, "aws:SourceAccount": context.account})
        caller = service_caller(source_service)
        request = PolicyRequest("lambda:InvokeFunction", reference.arn, caller, keys)
        if not evaluate(statements, request).allowed:
            raise AccessDeniedException(
                f"User: {source_service} is not authorized to perform: lambda:InvokeFunction on resource: "
                f"{reference.arn} because no resource-based policy allows the lambda:InvokeFunction action"
            )
        return self._core.events.accept(context, reference.key, reference.qualifier, payload)
