"""The parts of the Lambda service, joined: what its operations work with.

Knows nothing of HTTP; every method is a step that several operations share.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Protocol

from onebox.arn import find_arn
from onebox.services.context import Deps, RequestContext
from onebox.services.dynamodb.internal import DynamoDbInternal
from onebox.services.iam.internal import IamInternal
from onebox.services.lambda_.archives import Archives
from onebox.services.lambda_.background.async_invocations import AsyncInvocations, AsyncParts
from onebox.services.lambda_.background.destinations import Destinations
from onebox.services.lambda_.background.poller_parts import PollerParts
from onebox.services.lambda_.background.pollers import Pollers
from onebox.services.lambda_.concurrency import Concurrency
from onebox.services.lambda_.downloads import CodeDownloads
from onebox.services.lambda_.errors import InvalidParameterValueException, PreconditionFailedException
from onebox.services.lambda_.execution.environment_maker import EnvironmentMaker
from onebox.services.lambda_.execution.log_buffer import LogBuffer
from onebox.services.lambda_.execution.pool import WorkerPool
from onebox.services.lambda_.finding import FunctionFinder
from onebox.services.lambda_.invocations import Invoker
from onebox.services.lambda_.model import LATEST, FunctionKey, FunctionVersion
from onebox.services.lambda_.naming import FunctionReference, parse_function_reference
from onebox.services.lambda_.principals import role_principal
from onebox.services.lambda_.provisioning import Provisioning
from onebox.services.lambda_.resource_policies import check_account
from onebox.services.lambda_.settings import LambdaSettings
from onebox.services.lambda_.store.code import CodeStore
from onebox.services.lambda_.store.events import EventStore
from onebox.services.lambda_.store.functions import FunctionStore
from onebox.services.lambda_.store.layers import LayerStore
from onebox.services.lambda_.store.mappings import MappingStore
from onebox.services.lambda_.store.policies import PolicyStore
from onebox.services.lambda_.store.provisioned import ProvisionedStore
from onebox.services.lambda_.store.settings import SettingStore
from onebox.services.lambda_.store.urls import UrlStore
from onebox.services.logs.internal import LogsInternal
from onebox.services.pieces import Pieces
from onebox.services.registry import Access
from onebox.services.sqs.internal import SqsInternal


class StoredObjects(Protocol):
    """What Lambda asks of S3; see :class:`onebox.services.s3.internal.S3Internal`."""

    def read_access(self, context: RequestContext, bucket: str, key: str, version_id: str | None = None) -> Access: ...
    async def fetch(
        self, context: RequestContext, bucket: str, key: str, version_id: str | None = None, *, bytes_max: int
    ) -> Pieces | None: ...


@dataclass(frozen=True, slots=True)
class LambdaCore:
    """Stores, execution environments, pollers and asynchronous invocations of one onebox."""

    deps: Deps
    sqs: SqsInternal
    streams: DynamoDbInternal
    iam: IamInternal
    settings: LambdaSettings
    objects: StoredObjects | None
    functions: FunctionStore
    code: CodeStore
    archives: Archives
    policies: PolicyStore
    mappings: MappingStore
    urls: UrlStore
    layers: LayerStore
    settings_of_functions: SettingStore
    provisioned: ProvisionedStore
    finder: FunctionFinder
    log_buffer: LogBuffer
    environments: EnvironmentMaker
    pool: WorkerPool
    invoker: Invoker
    provisioning: Provisioning
    pollers: Pollers
    destinations: Destinations
    events: AsyncInvocations
    downloads: CodeDownloads

    def parse(
        self, context: RequestContext, text: str, qualifier: str | None = None, action: str | None = None
    ) -> FunctionReference:
        """The function a request names; another account's if its policy admits the caller to ``action``."""
        reference = parse_function_reference(context, text, qualifier, any_account=action is not None)
        if action is not None:
            check_account(self.policies, reference, context, f"lambda:{action}")
        return reference

    def load_referenced(
        self, context: RequestContext, text: str, qualifier: str | None = None, action: str | None = None
    ) -> tuple[FunctionReference, FunctionVersion]:
        """The function a request names, in the version it names. Raises ResourceNotFoundException."""
        reference = self.parse(context, text, qualifier, action)
        return reference, self.finder.load(reference.key, reference.qualifier)

    def load_unqualified(self, context: RequestContext, text: str, action: str | None = None) -> FunctionVersion:
        """``$LATEST`` of the function that a request names without a qualifier."""
        reference, _ = self.load_referenced(context, text, None, action)
        if reference.qualifier not in (None, LATEST):
            raise InvalidParameterValueException(
                f"This operation is permitted on the function itself, not on its versions or aliases: {reference.arn}"
            )
        return self.finder.load(reference.key, None)

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

    def retire_after_commit(self, key: FunctionKey, version: str | None = None) -> None:
        """A version of the function (None: all) changed: once that is durable, its execution environments end."""

        def retire() -> None:
            self.pool.retire(key, version)
            self.environments.forget(key, version)

        self.deps.storage.after_commit(retire)


def make_core(
    deps: Deps,
    *,
    sqs: SqsInternal,
    streams: DynamoDbInternal,
    logs: LogsInternal,
    iam: IamInternal,
    settings: LambdaSettings,
    objects: StoredObjects | None,
) -> LambdaCore:
    """Build and join the parts; nothing runs yet."""
    code = CodeStore(deps.storage)
    functions, policies = FunctionStore(deps.storage, code), PolicyStore(deps.storage)
    finder = FunctionFinder(functions, deps.ids)
    log_buffer = LogBuffer(deps.storage, deps.clock, logs, deps.log)
    archives = Archives(code, deps.storage, deps.clock, deps.log)
    environments = EnvironmentMaker(deps, functions, archives, iam=iam, logs=log_buffer, settings=settings)
    pool = WorkerPool(deps.clock, environments.make, deps.log, settings.pool, lambda: deps.storage.is_disk_slow)
    concurrency = Concurrency(functions)
    invoker = Invoker(deps, concurrency, pool)
    destinations = Destinations(deps, sqs, iam, settings.endpoint_url)
    mappings, provisioned = MappingStore(deps.storage), ProvisionedStore(deps.storage)
    polling = PollerParts(
        deps=deps,
        sqs=sqs,
        iam=iam,
        invoker=invoker,
        pool=pool,
        resolve=finder.load_mapped,
        endpoint_url=settings.endpoint_url,
        destinations=destinations,
        load_position=mappings.load_position,
        save_position=mappings.save_position,
    )
    events = AsyncParts(
        deps=deps,
        store=EventStore(deps.storage),
        destinations=destinations,
        invoker=invoker,
        resolve=finder.load_for_invocation,
        find_config=policies.load_event_invoke_config,
    )
    return LambdaCore(
        deps=deps,
        sqs=sqs,
        streams=streams,
        iam=iam,
        settings=settings,
        objects=objects,
        functions=functions,
        code=code,
        archives=archives,
        policies=policies,
        mappings=mappings,
        urls=UrlStore(deps.storage),
        layers=LayerStore(deps.storage),
        settings_of_functions=SettingStore(deps.storage),
        provisioned=provisioned,
        finder=finder,
        log_buffer=log_buffer,
        environments=environments,
        pool=pool,
        invoker=invoker,
        provisioning=Provisioning(deps.storage, provisioned, functions, pool, concurrency),
        pollers=Pollers(polling, streams),
        destinations=destinations,
        events=AsyncInvocations(events),
        downloads=CodeDownloads(deps.clock, archives),
    )
