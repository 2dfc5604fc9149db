"""The parts of the Lambda service, joined: what its operations work with.

Knows nothing of HTTP; every method is a step that several operations share.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from onebox.arn import find_arn
from onebox.services.context import Deps, RequestContext
from onebox.services.iam.internal import IamInternal
from onebox.services.lambda_.async_invocations import AsyncInvocations, AsyncParts
from onebox.services.lambda_.errors import (
    InvalidParameterValueException,
    PreconditionFailedException,
    ResourceNotFoundException,
)
from onebox.services.lambda_.execution.environments import EnvironmentMaker
from onebox.services.lambda_.execution.log_buffer import LogBuffer
from onebox.services.lambda_.execution.pool import WorkerPool
from onebox.services.lambda_.invocations import Invoker
from onebox.services.lambda_.limits import EVENT_AGE_S_MAX, EVENT_RETRIES_MAX, EVENTS_UNDER_WAY_MAX
from onebox.services.lambda_.model import LATEST, EventInvokeConfig, FunctionKey, FunctionVersion, Mapping
from onebox.services.lambda_.naming import VERSION_NUMBER, FunctionReference, parse_function_reference
from onebox.services.lambda_.pollers import PollerParts, Pollers
from onebox.services.lambda_.principals import role_principal
from onebox.services.lambda_.settings import LambdaSettings
from onebox.services.lambda_.store.events import EventStore
from onebox.services.lambda_.store.functions import FunctionStore
from onebox.services.lambda_.store.mappings import MappingStore
from onebox.services.lambda_.store.policies import PolicyStore
from onebox.services.logs.internal import LogsInternal
from onebox.services.sqs.internal import SqsInternal

FetchObject = Callable[[RequestContext, str, str], bytes]


class LambdaCore:
    """Stores, children, pollers and asynchronous invocations of one onebox."""

    def __init__(
        self,
        deps: Deps,
        sqs: SqsInternal,
        logs: LogsInternal,
        iam: IamInternal,
        settings: LambdaSettings,
        fetch_object: FetchObject | None,
    ) -> None:
        self.deps = deps
        self.sqs = sqs
        self.iam = iam
        self.settings = settings
        self.fetch_object = fetch_object
        self.functions = FunctionStore(deps.storage)
        self.policies = PolicyStore(deps.storage)
        self.mappings = MappingStore(deps.storage)
        self.log_buffer = LogBuffer(deps.storage, deps.clock, logs, deps.log)
        self.environments = EnvironmentMaker(deps, self.functions, iam, self.log_buffer, settings)
        self.pool = WorkerPool(deps.clock, self.environments.make, deps.log, settings.workers_max, settings.idle_ms)
        self.invoker = Invoker(deps, self.functions, self.pool)
        self.pollers = Pollers(
            PollerParts(deps, sqs, iam, self.invoker, self.pool, self._mapped_version, settings.endpoint_url)
        )
        self.events = AsyncInvocations(
            AsyncParts(
                deps,
                EventStore(deps.storage),
                sqs,
                iam,
                self.invoker,
                self.load_for_invocation,
                self.find_event_invoke_config,
                settings.endpoint_url,
                under_way_max=EVENTS_UNDER_WAY_MAX,
            )
        )

    # Finding functions

    def load_referenced(
        self, context: RequestContext, text: str, qualifier: str | None = None
    ) -> tuple[FunctionReference, FunctionVersion]:
        """The function a request names, in the version it names. Raises ResourceNotFoundException."""
        reference = parse_function_reference(context, text, qualifier)
        return reference, self.load_qualified(reference.key, reference.qualifier)

    def load_qualified(self, key: FunctionKey, qualifier: str | None) -> FunctionVersion:
        """``$LATEST``, a version by number or the one an alias stands for. Raises ResourceNotFoundException."""
        version = qualifier or LATEST
        if version != LATEST and not VERSION_NUMBER.fullmatch(version):
            alias = self.functions.find_alias(key, version)
            version = alias.version if alias else ""
            if alias and alias.additional_version_weights:
                version = self._draw_version(version, alias.additional_version_weights)
        function = self.functions.find_version(key, version) if version else None
        if function is None:
            arn = f"{key.arn}:{qualifier}" if qualifier else key.arn
            raise ResourceNotFoundException(f"Function not found: {arn}")
        return function

    def load_for_invocation(self, key: FunctionKey, qualifier: str | None) -> FunctionVersion:
        """As :meth:`load_qualified`, from memory where possible; not for use inside a job that writes."""
        function = self.functions.find_remembered(key, qualifier)
        if function is None:
            function = self.load_qualified(key, qualifier)
            alias = self.functions.find_alias(key, qualifier) if qualifier else None
            if alias is None or not alias.additional_version_weights:
                self.functions.remember(key, qualifier, function)
        return function

    def load_unqualified(self, context: RequestContext, text: str) -> FunctionVersion:
        """``$LATEST`` of the function that a request names without a qualifier."""
        reference, _ = self.load_referenced(context, text)
        if reference.qualifier not in (None, LATEST):
            raise InvalidParameterValueException(
                f"This operation is permitted on the function itself, not on its versions or aliases: {reference.arn}"
            )
        return self.load_qualified(reference.key, None)

    def _draw_version(self, version: str, weights: dict[str, float]) -> str:
        drawn = int(self.deps.ids.hex(8), 16) / 2**32
        for other, weight in weights.items():
            if drawn < weight:
                return other
            drawn -= weight
        return version

    def _mapped_version(self, mapping: Mapping) -> FunctionVersion:
        return self.load_for_invocation(mapping.key, mapping.qualifier)

    # Rules that several operations share

    def check_revision(self, function: FunctionVersion, revision_id: str | None) -> None:
        """Raise PreconditionFailedException unless the client knows the latest revision or doesn't care."""
        if revision_id is not None and revision_id != function.revision_id:
            raise PreconditionFailedException(
                "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias "
                "API to retrieve the latest Revision Id"
            )

    def role_may(self, context: RequestContext, role_arn: str, session_name: str, action: str, resource: str) -> bool:
        """Whether the policies of an execution role allow an action on a resource of its own account."""
        arn = find_arn(resource)
        if arn is None or arn.account != context.account:
            return False
        acting = role_principal(context.account, context.region, role_arn, session_name)
        acting_context = dataclasses.replace(context, principal=acting)
        return self.iam.check(acting_context, action, [resource]).allowed

    def find_event_invoke_config(self, key: FunctionKey, qualifier: str | None) -> EventInvokeConfig:
        """How asynchronous invocations are retried: as configured, else AWS's defaults."""
        found = self.policies.find_event_invoke_config(key, qualifier or LATEST)
        if found is None:
            return EventInvokeConfig(EVENT_RETRIES_MAX, EVENT_AGE_S_MAX)
        configuration, _ = found
        destinations = configuration.get("DestinationConfig", {})
        return EventInvokeConfig(
            configuration.get("MaximumRetryAttempts", EVENT_RETRIES_MAX),
            configuration.get("MaximumEventAgeInSeconds", EVENT_AGE_S_MAX),
            destinations.get("OnFailure", {}).get("Destination"),
            destinations.get("OnSuccess", {}).get("Destination"),
        )

    def retire_after_commit(self, key: FunctionKey) -> None:
        """The function changed: once that is durable, its children end."""
        self.deps.storage.after_commit(lambda: self.pool.retire(key))
