"""What every operation works with: the store, the supervisor, the resource types, the other services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from onebox.services.cloudformation.deploy.journal import Journal
from onebox.services.cloudformation.deploy.notifications import Notifications
from onebox.services.cloudformation.deploy.run import Tools
from onebox.services.cloudformation.deploy.supervisor import Supervisor
from onebox.services.cloudformation.resources.catalog import RESOURCE_TYPES
from onebox.services.cloudformation.resources.types import ResourceType
from onebox.services.cloudformation.store import Store
from onebox.services.context import Deps, RequestContext
from onebox.services.registry import ApiCaller

FetchObject = Callable[[RequestContext, str, str], bytes]
"""The content of an object of onebox's own S3; raises AwsError as GetObject does."""


@dataclass(frozen=True, slots=True)
class Core:
    """Built once by :class:`onebox.services.cloudformation.service.CloudFormation`."""

    deps: Deps
    caller: ApiCaller
    fetch_object: FetchObject | None
    types: Mapping[str, ResourceType]
    store: Store
    journal: Journal
    supervisor: Supervisor
    notifications: Notifications


def make_core(deps: Deps, caller: ApiCaller, fetch_object: FetchObject | None) -> Core:
    """The parts, put together."""
    store = Store(deps.storage)
    notifications = Notifications(deps, caller)
    journal = Journal(store, deps, notifications.listen)
    return Core(
        deps=deps,
        caller=caller,
        fetch_object=fetch_object,
        types=RESOURCE_TYPES,
        store=store,
        journal=journal,
        supervisor=Supervisor(Tools(deps, store, journal, caller, RESOURCE_TYPES)),
        notifications=notifications,
    )
