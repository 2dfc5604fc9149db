"""Asks for the parameters of a service's endpoint only where an operation or the client has them.

The SDK looks for each of a dozen parameters in four places, and for most operations finds it in none.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from .versions import uses_only

_PLACES = (
    "_resolve_param_as_static_context_param",
    "_resolve_param_as_dynamic_context_param",
    "_resolve_param_as_operation_context_param",
    "_resolve_param_as_client_context_param",
)


def improve(module: ModuleType) -> None:
    """``module`` is botocore.regions."""
    resolver_class = getattr(module, "EndpointRulesetResolver", None)
    search: Any = getattr(resolver_class, "_resolve_param_from_context", None)
    if resolver_class is None or not uses_only(search, *_PLACES):
        return
    # By resolver, of which a client has one, and operation: the parameters that one of the places knows.
    known: WeakKeyDictionary[Any, dict[str, set[str]]] = WeakKeyDictionary()

    def resolve(self: Any, param_name: str, operation_model: Any, call_args: Any) -> Any:
        operations = known.setdefault(self, {})
        names = operations.get(operation_model.name)
        if names is None:
            names = operations[operation_model.name] = {
                *self._get_static_context_params(operation_model),
                *self._get_dynamic_context_params(operation_model),
                *operation_model.operation_context_parameters,
                *self._get_client_context_params(),
            }
        return search(self, param_name, operation_model, call_args) if param_name in names else None

    resolver_class._resolve_param_from_context = resolve
