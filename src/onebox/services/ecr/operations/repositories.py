"""Repositories: made, found, changed, deleted.

AWS: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.ecr.core import Core, load_named, load_repository
from onebox.services.ecr.errors import LimitExceededException, RepositoryAlreadyExistsException
from onebox.services.ecr.limits import NAMES_PER_REQUEST_MAX, REPOSITORIES_MAX
from onebox.services.ecr.model import Repository
from onebox.services.ecr.validation import (
    check_name,
    check_settings,
    invalid,
    invalid_token,
    page_limit,
    parse_tags,
)
from onebox.services.paging import make_token, read_token


def create_repository(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Make a repository. Raises RepositoryAlreadyExistsException."""
    name = request["repositoryName"]
    check_name(name)
    if request.get("registryId", context.account) != context.account:
        raise invalid("registryId", "onebox keeps the registry of the caller's account only")
    settings, tags = check_settings(request), parse_tags(context, request.get("tags") or [])
    if core.repositories.find(context.account, context.region, name) is not None:
        raise RepositoryAlreadyExistsException(
            f"The repository with name '{name}' already exists in the registry with id '{context.account}'"
        )
    if core.repositories.count(context.account, context.region) >= REPOSITORIES_MAX:
        raise LimitExceededException(f"The registry has {REPOSITORIES_MAX} repositories, the most that it may have.")
    repository = Repository(
        account=context.account,
        region=context.region,
        name=name,
        created_at_ms=context.now_ms,
        settings=settings,
        policy=None,
        lifecycle_policy=None,
        lifecycle_evaluated_at_ms=None,
        tags=tags,
    )
    core.repositories.insert(repository)
    return {"repository": _view(repository)}


def delete_repository(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a repository, which is always empty."""
    repository = load_repository(core, context, request)
    core.repositories.delete(repository)
    view = _view(repository)
    return {"repository": {name: view[name] for name in view if not name.endswith("Configuration")}}


def describe_repositories(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The named repositories, or all by name, a page at a time. Raises RepositoryNotFoundException."""
    names = request.get("repositoryNames")
    if names:
        if len(names) > NAMES_PER_REQUEST_MAX:
            raise invalid("repositoryNames", f"Member must have length less than or equal to {NAMES_PER_REQUEST_MAX}")
        named = [load_named(core, context, name, request.get("registryId")) for name in names]
        return {"repositories": [_view(repository) for repository in named]}
    if request.get("registryId", context.account) != context.account:
        return {"repositories": []}
    limit = page_limit(request)
    (after,) = read_token(request.get("nextToken"), invalid_token, str) or ("",)
    found = core.repositories.list_after(context.account, context.region, after, limit + 1)
    page = found[:limit]
    return {
        "repositories": [_view(repository) for repository in page],
        "nextToken": make_token(page[-1].name) if len(found) > limit else None,
    }


def put_image_scanning_configuration(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Say whether pushed images are to be scanned."""
    repository = load_repository(core, context, request)
    scanning = {"scanOnPush": request["imageScanningConfiguration"].get("scanOnPush", False)}
    core.repositories.set_settings(repository, {**repository.settings, "imageScanningConfiguration": scanning})
    return {
        "registryId": repository.account,
        "repositoryName": repository.name,
        "imageScanningConfiguration": scanning,
    }


def put_image_tag_mutability(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Say whether a tag may move to another image."""
    repository = load_repository(core, context, request)
    names = ("imageTagMutability", "imageTagMutabilityExclusionFilters")
    kept = {name: value for name, value in repository.settings.items() if name not in names}
    settings = check_settings({**kept, **{name: request[name] for name in names if name in request}})
    core.repositories.set_settings(repository, settings)
    changed = {name: settings[name] for name in names if name in settings}
    return {"registryId": repository.account, "repositoryName": repository.name, **changed}


def _view(repository: Repository) -> Wire:
    return {
        "repositoryArn": repository.arn,
        "registryId": repository.account,
        "repositoryName": repository.name,
        "repositoryUri": repository.uri,
        "createdAt": repository.created_at_ms,
        **repository.settings,
    }
