"""Lambda for the other services: asynchronous invocation inside their own transaction."""

from __future__ import annotations

from onebox.arn import find_arn
from onebox.services.context import RequestContext
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import ResourceNotFoundException
from onebox.services.lambda_.naming import parse_function_reference
from onebox.services.lambda_.resource_policies import check_service


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
        reference = parse_function_reference(context, function_arn, any_account=True)
        self._core.finder.load(reference.key, reference.qualifier)
        policies = self._core.policies
        check_service(policies, reference, service=source_service, source_arn=source_arn, account=context.account)
        return self._core.events.accept(context, reference.key, reference.qualifier, payload)
