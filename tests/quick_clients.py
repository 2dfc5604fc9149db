"""Makes boto3's clients from what is made once for the process. Tests make thousands of sessions and clients, and each
would read the same descriptions, compile the same rules and load the same certificates: half of a client's cost.

All of it follows from botocore's own files alone. What differs among clients (credentials, endpoint, configuration,
handlers, connections) is each client's own, as ever.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import botocore.client
import botocore.httpsession
import botocore.regions
import botocore.session
from botocore.hooks import HierarchicalEmitter
from botocore.loaders import Loader


class SharedLoader(Loader):
    """Reads each description once. A boto3 session adds its own folder to a list; here that folder is known already."""

    def __init__(self) -> None:
        super().__init__(extra_search_paths=[str(Path(boto3.__file__).parent / "data")])

    @property
    def search_paths(self) -> list[str]:
        """A copy: the folders of all sessions are the same."""
        return list(super().search_paths)


def share_what_clients_are_made_of() -> None:
    """For all boto3 sessions of this process."""
    botocore.session.create_loader = functools.cache(lambda _data_path: SharedLoader())
    # Requests over TLS bring their certificates with their connection.
    botocore.httpsession.create_urllib3_context = functools.cache(botocore.httpsession.create_urllib3_context)
    _share_builtin_handlers(botocore.session.Session)
    _share_methods(botocore.client.ClientCreator)
    _share_endpoint_rules()


def _share_builtin_handlers(session: Any) -> None:
    """A session copies the handlers that every session begins with, in place of registering each."""
    register, registered = session._register_builtin_handlers, list[HierarchicalEmitter]()

    def copy_handlers(self: Any, events: Any) -> None:
        if not registered:
            first: Any = botocore.session.Session(include_builtin_handlers=False)
            register(first, first._events)
            registered.append(first._original_handler)
        if self._original_handler._unique_id_handlers or self._original_handler._handlers._root.get("children"):
            register(self, events)  # given by whoever made the session, with handlers of their own
        else:
            vars(self._original_handler).update(vars(copy.copy(registered[0])))

    session._register_builtin_handlers = copy_handlers


def _share_methods(creator: Any) -> None:
    """The methods of a service's clients are made once for its description."""
    create, find = creator._create_methods, _Made()

    def find_methods(self: Any, service_model: Any) -> dict[str, Any]:
        methods = find(lambda: create(self, service_model), service_model._service_description)
        return dict(methods)  # sessions add methods of their own

    creator._create_methods = find_methods


def _share_endpoint_rules() -> None:
    regions: Any = botocore.regions
    provider, find = regions.EndpointProvider, _Made()

    def find_provider(ruleset_data: Any, partition_data: Any, **options: Any) -> Any:
        make = functools.partial(provider, ruleset_data, partition_data, **options)
        return find(make, ruleset_data, partition_data)

    regions.EndpointProvider = find_provider


class _Made:
    """What was made of descriptions, by the identity of these: the loader gives the same ones again."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, ...], tuple[tuple[Any, ...], Any]] = {}

    def __call__(self, make: Callable[[], Any], *descriptions: Any) -> Any:
        key = tuple(map(id, descriptions))
        if key not in self._made:
            self._made[key] = (descriptions, make())  # kept, so that no other gets its identity
        return self._made[key][1]
