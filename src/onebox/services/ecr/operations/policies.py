"""The policy and the lifecycle policy of a repository: kept and given back; no image is there that they could act on.

AWS: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.ecr.core import Core, load_repository
from onebox.services.ecr.errors import LifecyclePolicyNotFoundException, RepositoryPolicyNotFoundException
from onebox.services.ecr.model import Repository
from onebox.services.ecr.validation import check_lifecycle_policy, check_policy


def set_repository_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Replace the policy."""
    repository, text = load_repository(core, context, request), request["policyText"]
    check_policy(text)
    core.repositories.set_policy(repository, text)
    return {**_identity(repository), "policyText": text}


def get_repository_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The policy. Raises RepositoryPolicyNotFoundException."""
    repository = load_repository(core, context, request)
    return {**_identity(repository), "policyText": _policy(repository)}


def delete_repository_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove the policy. Raises RepositoryPolicyNotFoundException."""
    repository = load_repository(core, context, request)
    text = _policy(repository)
    core.repositories.set_policy(repository, None)
    return {**_identity(repository), "policyText": text}


def put_lifecycle_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Replace the lifecycle policy."""
    repository, text = load_repository(core, context, request), request["lifecyclePolicyText"]
    check_lifecycle_policy(text)
    core.repositories.set_lifecycle_policy(repository, text, context.now_ms)
    return {**_identity(repository), "lifecyclePolicyText": text}


def get_lifecycle_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The lifecycle policy. Raises LifecyclePolicyNotFoundException."""
    return _lifecycle_view(load_repository(core, context, request))


def delete_lifecycle_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove the lifecycle policy. Raises LifecyclePolicyNotFoundException."""
    repository = load_repository(core, context, request)
    view = _lifecycle_view(repository)
    core.repositories.set_lifecycle_policy(repository, None, None)
    return view


def _policy(repository: Repository) -> str:
    if repository.policy is None:
        raise RepositoryPolicyNotFoundException(
            f"Repository policy does not exist for the repository with name '{repository.name}' in the registry with"
            f" id '{repository.account}'"
        )
    return repository.policy


def _lifecycle_view(repository: Repository) -> Wire:
    if repository.lifecycle_policy is None:
        raise LifecyclePolicyNotFoundException(
            f"Lifecycle policy does not exist for the repository with name '{repository.name}' in the registry with"
            f" id '{repository.account}'"
        )
    return {
        **_identity(repository),
        "lifecyclePolicyText": repository.lifecycle_policy,
        "lastEvaluatedAt": repository.lifecycle_evaluated_at_ms,
    }


def _identity(repository: Repository) -> Wire:
    return {"registryId": repository.account, "repositoryName": repository.name}
