"""The rights that a request to the container registry requires: the action on each repository that it names.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from onebox.services.context import RequestContext, Wire
from onebox.services.ecr.core import Core
from onebox.services.ecr.model import repository_arn, repository_name
from onebox.services.registry import Access

CONDITION_KEYS = ("aws:RequestTag/…", "aws:ResourceTag/…", "aws:TagKeys", "ecr:ResourceTag/…")


def required_access(core: Core, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on the repositories, or on all."""
    return [
        Access(
            f"ecr:{operation}",
            repository_arn(context.account, context.region, name) if name else "*",
            partial(_find_condition_keys, core, context, request, name),
        )
        for name in _names(request) or [""]
    ]


def _names(request: Wire) -> list[str]:
    if "repositoryName" in request:
        return [request["repositoryName"]]
    if "resourceArn" in request:
        return [repository_name(request["resourceArn"])]
    return list(request.get("repositoryNames") or [])


def _find_condition_keys(
    core: Core, context: RequestContext, request: Wire, name: str
) -> dict[str, str | Iterable[str]]:
    keys: dict[str, str | Iterable[str]] = {}
    tags = request.get("tags") or []
    if tags:
        keys.update({f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in tags})
        keys["aws:TagKeys"] = [tag["Key"] for tag in tags]
    elif "tagKeys" in request:
        keys["aws:TagKeys"] = list(request["tagKeys"])
    repository = core.repositories.find(context.account, context.region, name) if name else None
    if repository is not None:
        for key, value in repository.tags.items():
            keys[f"aws:ResourceTag/{key}"] = keys[f"ecr:ResourceTag/{key}"] = value
    return keys
