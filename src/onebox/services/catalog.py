"""The list of services, and what each is built from. The only place that knows all of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onebox.services.cloudwatch.gauges import queue_gauge
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.iam.internal import IamInternal
from onebox.services.registry import ApiCaller, Service


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
    _late: LateCaller

    def connect(self, caller: ApiCaller) -> None:
        """Give the services their way to call each other's APIs."""
        self._late.connect(caller)


def _find(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        import sys

        print("missing", module, name, error, file=sys.stderr)
        return None


def build_services(deps: Deps, folder: Path, endpoint_url: Callable[[], str]) -> Catalog:
    """Build every service, in the order of what they need of each other."""
    late = LateCaller()
    services: dict[str, Service] = {}
    made: dict[str, Any] = {}

    def add(name: str, module: str, cls: str, *args: Any, **kw: Any) -> None:
        made_class = _find(f"onebox.services.{module}.service", cls)
        if made_class is None or any(a is None for a in args):
            made[name] = None
            return
        made[name] = made_class(*args, **kw)
        services[name] = made[name]

    def internal(name: str) -> Any:
        found = getattr(made.get(name), "internal", None)
        if found is None and name == "iam":
            found = IamInternal(deps)
        return found

    add("iam", "iam", "Iam", deps)
    add("sts", "sts", "Sts", deps, internal("iam"))
    add("logs", "logs", "Logs", deps)
    add("s3", "s3", "S3", deps)
    add("sqs", "sqs", "Sqs", deps)
    ls = _find("onebox.services.lambda_.settings", "LambdaSettings")
    fetch = internal("s3").fetch if internal("s3") else None
    add(
        "lambda",
        "lambda_",
        "Lambda",
        deps,
        internal("sqs"),
        internal("logs"),
        internal("iam"),
        ls(data_dir=folder, endpoint_url=endpoint_url) if ls else None,
        fetch_object=fetch,
    )
    add("sns", "sns", "Sns", deps, internal("sqs"), internal("lambda"))
    add("dynamodb", "dynamodb", "DynamoDb", deps)
    gauges = []
    if internal("sqs"):
        gauges.append(queue_gauge(internal("sqs").gauges))
    add(
        "cloudwatch",
        "cloudwatch",
        "CloudWatch",
        deps,
        internal("sns"),
        gauges=gauges,
        lambda_internal=internal("lambda"),
    )
    add("cloudformation", "cloudformation", "CloudFormation", deps, late, fetch_object=fetch)
    return Catalog(services, internal("iam") or IamInternal(deps), late)
