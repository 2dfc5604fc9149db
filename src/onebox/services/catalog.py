"""The list of services, and what each is built from. The only place that knows all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from onebox.config import Settings
from onebox.services.cloudformation.internal import CloudFormationInternal
from onebox.services.cloudformation.service import CloudFormation
from onebox.services.cloudwatch.gauges import queue_gauge
from onebox.services.cloudwatch.service import CloudWatch
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.dynamodb.service import DynamoDb
from onebox.services.dynamodbstreams.service import DynamoDbStreams
from onebox.services.iam.internal import IamInternal
from onebox.services.iam.service import Iam
from onebox.services.lambda_.internal import LambdaInternal
from onebox.services.lambda_.service import Lambda
from onebox.services.lambda_.settings import LambdaSettings, default_pool_limits
from onebox.services.logs.service import Logs
from onebox.services.registry import ApiCaller, Service
from onebox.services.s3.service import S3
from onebox.services.sns.service import Sns
from onebox.services.sqs.service import Sqs
from onebox.services.ssm.service import Ssm
from onebox.services.sts.service import Sts


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


@dataclass(frozen=True, slots=True)
class Catalog:
    """The services by name."""

    services: dict[str, Service]
    iam: IamInternal
    functions: LambdaInternal
    cloudformation: CloudFormationInternal
    _late: LateCaller

    def connect(self, caller: ApiCaller) -> None:
        """Give the services their way to call each other's APIs."""
        self._late.connect(caller)


def build_services(deps: Deps, folder: Path, endpoint_url: Callable[[], str], settings: Settings) -> Catalog:
    """Build every service, each after those it needs. Their order is that of their start."""
    late = LateCaller()
    iam = Iam(deps)
    sts = Sts(iam.internal)
    logs = Logs(deps)
    s3 = S3(deps)
    sqs = Sqs(deps)
    lambda_settings = LambdaSettings(
        data_dir=folder,
        endpoint_url=endpoint_url,
        pool=default_pool_limits(settings.function_calls_max),
        caches_sdk=settings.sdk_cache,
        stop_grace_ms=settings.stop_grace_ms,
    )
    fetch = s3.internal.fetch
    dynamodb = DynamoDb(deps)
    functions = Lambda(
        deps,
        sqs=sqs.internal,
        streams=dynamodb.internal,
        logs=logs.internal,
        iam=iam.internal,
        settings=lambda_settings,
        fetch_object=fetch,
    )
    logs.connect(functions.internal)
    sns = Sns(deps, sqs.internal, functions.internal, logs.internal, iam.internal)
    functions.connect(sns.internal.publish_as_caller)
    dynamodb_streams = DynamoDbStreams(deps, dynamodb.internal)
    gauges = (queue_gauge(sqs.internal.gauges),)
    cloudwatch = CloudWatch(deps, sns.internal, gauges, functions.internal)
    cloudformation = CloudFormation(deps, late, iam.internal)
    services: tuple[Service, ...] = (
        iam,
        sts,
        Ssm(deps),
        logs,
        s3,
        sqs,
        sns,
        dynamodb,
        dynamodb_streams,
        cloudwatch,
        cloudformation,
        functions,  # last: its mappings begin to poll, and its children to call the others
    )
    return Catalog(
        services={service.name: service for service in services},
        iam=iam.internal,
        functions=functions.internal,
        cloudformation=cloudformation.internal,
        _late=late,
    )
