"""What every operation of the container registry works with."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.ecr.errors import RepositoryNotFoundException
from onebox.services.ecr.model import Repository
from onebox.services.ecr.store.repositories import RepositoryStore


@dataclass(frozen=True, slots=True)
class Core:
    """Built once by :func:`make_core`."""

    repositories: RepositoryStore


def make_core(deps: Deps) -> Core:
    """The parts, put together."""
    return Core(RepositoryStore(deps.storage))


def load_repository(core: Core, context: RequestContext, request: Wire) -> Repository:
    """The repository that ``repositoryName`` and ``registryId`` name. Raises RepositoryNotFoundException."""
    return load_named(core, context, request["repositoryName"], request.get("registryId"))


def load_named(core: Core, context: RequestContext, name: str, registry: str | None = None) -> Repository:
    """A repository by name. Another account's registry holds nothing for this caller."""
    account = registry or context.account
    repository = core.repositories.find(account, context.region, name) if account == context.account else None
    if repository is None:
        raise RepositoryNotFoundException(
            f"The repository with name '{name}' does not exist in the registry with id '{account}'"
        )
    return repository
