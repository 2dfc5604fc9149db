"""The Lambda service as the gateway and the engine see it.
AWS: https://docs.aws.amazon.com/lambda/latest/api/welcome.html"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.dynamodb.internal import DynamoDbInternal
from onebox.services.iam.internal import IamInternal
from onebox.services.lambda_.authorization import required_access
from onebox.services.lambda_.background.destinations import Publish
from onebox.services.lambda_.condition_keys import CONDITION_KEYS
from onebox.services.lambda_.core import StoredObjects, make_core
from onebox.services.lambda_.internal import LambdaInternal
from onebox.services.lambda_.operations import OPERATIONS
from onebox.services.lambda_.settings import LambdaSettings
from onebox.services.logs.internal import LogsInternal
from onebox.services.registry import Access, bind
from onebox.services.sqs.internal import SqsInternal

_GRACE_STEP_S = 0.02


class Lambda:
    """AWS Lambda."""

    name = "lambda"
    condition_keys: tuple[str, ...] = CONDITION_KEYS

    def __init__(
        self,
        deps: Deps,
        sqs: SqsInternal,
        streams: DynamoDbInternal,
        logs: LogsInternal,
        iam: IamInternal,
        settings: LambdaSettings,
        *,
        objects: StoredObjects | None = None,
    ) -> None:
        self._core = make_core(deps, sqs=sqs, streams=streams, logs=logs, iam=iam, settings=settings, objects=objects)
        self.operations = bind(OPERATIONS, self._core)
        self.internal = LambdaInternal(self._core)
        self._core.destinations.connect(invoke=self.internal.invoke_for_role)

    def connect(self, publish: Publish) -> None:
        """Give the way to topics, which are built after functions."""
        self._core.destinations.connect(publish=publish)

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> Sequence[Access]:
        """See :func:`onebox.services.lambda_.authorization.required_access`."""
        return required_access(self._core, context, operation, request)

    async def start(self) -> None:
        """Resume mappings, asynchronous invocations and provisioned concurrency."""
        core = self._core
        await asyncio.get_running_loop().run_in_executor(None, core.environments.clean_up)
        for mapping in core.mappings.all_enabled():
            core.pollers.apply(mapping)
        core.archives.start()
        core.provisioning.start()
        core.events.start()

    async def stop(self) -> None:
        """Begin nothing new, give running invocations a short grace, end every execution environment."""
        core = self._core
        core.pollers.stop()
        core.events.stop()
        # Real time on purpose: the grace is for real processes.
        for _ in range(int(core.settings.stop_grace_ms / 1000 / _GRACE_STEP_S)):
            if not core.invoker.running:
                break
            await asyncio.sleep(_GRACE_STEP_S)
        await core.archives.stop()
        await core.pool.stop()
        await core.environments.stop()
        core.log_buffer.flush()
        core.invoker.metrics.flush()
