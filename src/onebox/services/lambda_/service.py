"""The Lambda service: functions that really run, and the queues that feed them.

AWS: https://docs.aws.amazon.com/lambda/latest/api/welcome.html
"""

from __future__ import annotations

import asyncio

from onebox.errors import AwsError
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.iam.internal import IamInternal
from onebox.services.lambda_.core import FetchObject, LambdaCore
from onebox.services.lambda_.internal import LambdaInternal
from onebox.services.lambda_.naming import parse_function_reference
from onebox.services.lambda_.operations import OPERATIONS
from onebox.services.lambda_.settings import LambdaSettings
from onebox.services.logs.internal import LogsInternal
from onebox.services.registry import Access, access_to, bind
from onebox.services.sqs.internal import SqsInternal

_GRACE_STEP_S = 0.02


class Lambda(LambdaCore):
    """AWS Lambda."""

    name = "lambda"

    def __init__(
        self,
        deps: Deps,
        sqs: SqsInternal,
        logs: LogsInternal,
        iam: IamInternal,
        settings: LambdaSettings,
        *,
        fetch_object: FetchObject | None = None,
    ) -> None:
        self.operations = bind(OPERATIONS, self)
        super().__init__(deps, sqs, logs, iam, settings, fetch_object)
        self.internal = LambdaInternal(self)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The operation's action on each resource that the request names."""
        resources = self._resources(context, operation, request)
        return access_to("lambda", OPERATIONS, operation, resources)

    def _resources(self, context: RequestContext, operation: str, request: Wire) -> list[str]:
        """The function, mapping or tagged resource that a request is about."""
        if "FunctionName" in request and operation != "CreateEventSourceMapping":
            try:
                reference = parse_function_reference(
                    context, request["FunctionName"], request.get("Qualifier"), any_account=True
                )
            except AwsError:
                return ["*"]  # The operation itself says what is wrong with the name.
            return [reference.arn]
        if "UUID" in request:
            mapping = self.mappings.find_mapping(context.account, context.region, request["UUID"])
            return ["*" if mapping is None else mapping.arn]
        if "Resource" in request:
            return [request["Resource"]]
        return ["*"]

    async def start(self) -> None:
        """Resume mappings and asynchronous invocations."""
        self.environments.tidy(self.functions.code_hashes())
        for mapping in self.mappings.all_enabled():
            self.pollers.apply(mapping)
        self.events.start()

    async def stop(self) -> None:
        """Begin nothing new, give running invocations a short grace, end every child."""
        self.pollers.stop()
        self.events.stop()
        # Real time on purpose: the grace is for real processes.
        for _ in range(int(self.settings.stop_grace_ms / 1000 / _GRACE_STEP_S)):
            if not self.invoker.running:
                break
            await asyncio.sleep(_GRACE_STEP_S)
        await self.pool.stop()
        await self.environments.stop()
        self.log_buffer.flush()
        self.invoker.metrics.flush()
