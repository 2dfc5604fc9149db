"""What every operation works with: the store, the supervisor, the resource types, the other services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onebox.services.cloudformation.deploy.callbacks import Callbacks
from onebox.services.cloudformation.deploy.journal import Journal
from onebox.services.cloudformation.deploy.notifications import Notifications
from onebox.services.cloudformation.deploy.run import Tools
from onebox.services.cloudformation.deploy.supervisor import Supervisor
from onebox.services.cloudformation.resources.catalog import RESOURCE_TYPES
from onebox.services.cloudformation.resources.types import ResourceType
from onebox.services.cloudformation.store import Store
from onebox.services.cloudformation.workbench import Workbench
from onebox.services.context import Deps
from onebox.services.iam.internal import IamInternal
from onebox.services.registry import ApiCaller


@dataclass(frozen=True, slots=True)
class Core:
    """Built once by :class:`onebox.services.cloudformation.service.CloudFormation`."""

    deps: Deps
    caller: ApiCaller
    iam: IamInternal
    workbench: Workbench
    types: Mapping[str, ResourceType]
    store: Store
    journal: Journal
    supervisor: Supervisor
    notifications: Notifications
    callbacks: Callbacks


def make_core(deps: Deps, caller: ApiCaller, iam: IamInternal, workbench: Workbench) -> Core:
    """The parts, put together."""
    store = Store(deps.storage)
    callbacks = Callbacks(deps, store)
    notifications = Notifications(deps, caller, callbacks)
    journal = Journal(store, deps, notifications.listen)
    tools = Tools(
        deps=deps,
        store=store,
        journal=journal,
        caller=caller,
        types=RESOURCE_TYPES,
        workbench=workbench,
        callbacks=callbacks,
    )
    return Core(
        deps=deps,
        caller=caller,
        iam=iam,
        workbench=workbench,
        types=RESOURCE_TYPES,
        store=store,
        journal=journal,
        supervisor=Supervisor(tools),
        notifications=notifications,
        callbacks=callbacks,
    )
