"""The services, what each is built from, and what is loaded together. The only place that knows all of them.

A service is imported and built at its first use: a start imports none of them (:mod:`onebox.services.loading`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from onebox.config import Settings
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.registry import ApiCaller, Service

if TYPE_CHECKING:
    from onebox.services.cloudformation.service import CloudFormation
    from onebox.services.cloudwatch.service import CloudWatch
    from onebox.services.dynamodb.service import DynamoDb
    from onebox.services.dynamodbstreams.service import DynamoDbStreams
    from onebox.services.ecr.service import Ecr
    from onebox.services.iam.core import Core as IamCore
    from onebox.services.iam.internal import IamInternal
    from onebox.services.iam.service import Iam
    from onebox.services.lambda_.internal import LambdaInternal
    from onebox.services.lambda_.service import Lambda
    from onebox.services.logs.service import Logs
    from onebox.services.s3.destinations import Destinations
    from onebox.services.s3.service import S3
    from onebox.services.sns.service import Sns
    from onebox.services.sqs.service import Sqs
    from onebox.services.ssm.service import Ssm
    from onebox.services.sts.service import Sts

# They call each other: functions write logs, logs are delivered to functions, topics invoke functions, what functions
# answer goes to topics. Functions come last: their mappings begin to poll, and their processes to call the others.
_FUNCTIONS = ("s3", "sqs", "dynamodb", "logs", "sns", "lambda")

LOADED_WITH: Mapping[str, tuple[str, ...]] = {
    "iam": ("iam",),
    "sts": ("sts",),
    "ssm": ("ssm",),
    "ecr": ("ecr",),
    "s3": ("s3",),
    "sqs": ("sqs",),
    "dynamodb": ("dynamodb",),
    "dynamodbstreams": ("dynamodb", "dynamodbstreams"),
    "logs": _FUNCTIONS,
    "sns": _FUNCTIONS,
    "lambda": _FUNCTIONS,
    "cloudwatch": (*_FUNCTIONS, "cloudwatch"),
    "cloudformation": ("cloudformation",),
}
"""Each service, and those that are built and started with it, in this order."""

RECORDS_METRICS = frozenset(_FUNCTIONS)
"""Whose use is followed by that of CloudWatch, which stores what they record."""


class LateCaller:
    """The API, for services that are built before the pipeline that answers it."""

    def __init__(self) -> None:
        self._caller: ApiCaller | None = None

    def connect(self, caller: ApiCaller) -> None:
        """Hand over the real caller."""
        self._caller = caller

    async def call(self, context: RequestContext, service: str, operation: str, request: Wire) -> Wire:
        """See :class:`onebox.services.registry.ApiCaller`."""
        assert self._caller is not None, "called before the engine started"
        return await self._caller.call(context, service, operation, request)


class Catalog:
    """Builds each service once, when it is first asked for, after those it needs."""

    def __init__(self, deps: Deps, folder: Path, endpoint_url: Callable[[], str], settings: Settings) -> None:
        self.deps = deps
        self._folder = folder
        self._endpoint_url = endpoint_url
        self._settings = settings
        self.caller = LateCaller()
        self._load: Callable[[str], Awaitable[Service]] | None = None

    def connect(self, load: Callable[[str], Awaitable[Service]]) -> None:
        """Hand over what loads a service, which is built after the catalog."""
        self._load = load

    def build(self, name: str) -> Service:
        """The service of that name in :data:`LOADED_WITH`, built with those that are loaded with it."""
        builders: dict[str, Callable[[], Service]] = {
            "iam": lambda: self.iam,
            "sts": lambda: self.sts,
            "ssm": lambda: self.ssm,
            "ecr": lambda: self.ecr,
            "s3": lambda: self.s3,
            "sqs": lambda: self.sqs,
            "dynamodb": lambda: self.dynamodb,
            "dynamodbstreams": lambda: self.dynamodbstreams,
            "logs": lambda: self.logs,
            "sns": lambda: self.sns,
            "lambda": lambda: self.functions,
            "cloudwatch": lambda: self.cloudwatch,
            "cloudformation": lambda: self.cloudformation,
        }
        return builders[name]()

    def build_all(self) -> list[Service]:
        """Every service; none is started."""
        return [self.build(name) for name in LOADED_WITH]

    @cached_property
    def iam(self) -> Iam:
        from onebox.services.iam.service import Iam

        return Iam(self._iam_core)

    @cached_property
    def iam_internal(self) -> IamInternal:
        """Who calls and what they may: asked at every request, so built at the start, and without IAM's operations."""
        from onebox.services.iam.internal import IamInternal

        return IamInternal(self._iam_core, self.deps.log)

    @cached_property
    def _iam_core(self) -> IamCore:
        from onebox.services.iam.core import make_core

        return make_core(self.deps)

    @cached_property
    def sts(self) -> Sts:
        from onebox.services.sts.service import Sts

        return Sts(self.iam_internal)

    @cached_property
    def ssm(self) -> Ssm:
        from onebox.services.ssm.service import Ssm

        return Ssm(self.deps)

    @cached_property
    def ecr(self) -> Ecr:
        from onebox.services.ecr.service import Ecr

        return Ecr(self.deps)

    @cached_property
    def s3(self) -> S3:
        from onebox.services.s3.service import S3

        return S3(self.deps, self._load_destinations)

    async def _load_destinations(self) -> Destinations:
        """What S3 sends event notifications to; loaded when a bucket first has one."""
        from onebox.services.s3.destinations import Destinations

        assert self._load is not None, "called before the engine started"
        await self._load("lambda")
        return Destinations(self.sqs.internal, self.sns.internal, self.functions.internal)

    @cached_property
    def sqs(self) -> Sqs:
        from onebox.services.sqs.service import Sqs

        return Sqs(self.deps)

    @cached_property
    def dynamodb(self) -> DynamoDb:
        from onebox.services.dynamodb.service import DynamoDb

        return DynamoDb(self.deps)

    @cached_property
    def dynamodbstreams(self) -> DynamoDbStreams:
        from onebox.services.dynamodbstreams.service import DynamoDbStreams

        return DynamoDbStreams(self.deps, self.dynamodb.internal)

    @property
    def logs(self) -> Logs:
        return self._functions[0]

    @property
    def functions(self) -> Lambda:
        return self._functions[1]

    @property
    def built_functions(self) -> LambdaInternal | None:
        """Lambda for the engine; None while it is not built, and no function's process can be there."""
        return self.functions.internal if "_functions" in self.__dict__ else None

    @property
    def sns(self) -> Sns:
        return self._functions[2]

    @cached_property
    def _functions(self) -> tuple[Logs, Lambda, Sns]:
        """Three that call each other; each gets its way to those that are built after it."""
        from onebox.services.lambda_.service import Lambda
        from onebox.services.lambda_.settings import LambdaSettings, default_pool_limits
        from onebox.services.logs.service import Logs
        from onebox.services.sns.service import Sns

        settings = LambdaSettings(
            data_dir=self._folder,
            endpoint_url=self._endpoint_url,
            pool=default_pool_limits(self._settings.function_calls_max),
            speeds_up_sdk=self._settings.fast_sdk,
            stop_grace_ms=self._settings.stop_grace_ms,
        )
        logs = Logs(self.deps)
        functions = Lambda(
            self.deps,
            sqs=self.sqs.internal,
            streams=self.dynamodb.internal,
            logs=logs.internal,
            iam=self.iam_internal,
            settings=settings,
            objects=self.s3.internal,
        )
        logs.connect(functions.internal)
        sns = Sns(self.deps, self.sqs.internal, functions.internal, logs.internal, self.iam_internal)
        functions.connect(sns.internal.publish_as_caller)
        return logs, functions, sns

    @cached_property
    def cloudwatch(self) -> CloudWatch:
        from onebox.services.cloudwatch.gauges import queue_gauge
        from onebox.services.cloudwatch.service import CloudWatch

        gauges = (queue_gauge(self.sqs.internal.gauges),)
        return CloudWatch(self.deps, self.sns.internal, gauges, self.functions.internal)

    @cached_property
    def cloudformation(self) -> CloudFormation:
        from onebox.services.cloudformation.service import CloudFormation

        return CloudFormation(self.deps, self.caller, self.iam_internal)
