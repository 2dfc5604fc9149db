"""Builds the User-Agent of a client again only when something that it tells has changed.

The SDK builds the same text twice for each request, which takes a twelfth of the time of a call.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary


class _Built(NamedTuple):
    """A text, and what it was built from."""

    text: str
    creator: dict[str, Any]
    config: dict[str, Any]
    context: dict[str, Any]


def improve(module: ModuleType) -> None:
    """``module`` is botocore.useragent."""
    creator_class, modify = getattr(module, "UserAgentString", None), getattr(module, "modify_components", None)
    # Where a program has put a function of its own in the place of modify_components, anything may decide.
    if creator_class is None or getattr(modify, "__module__", None) != module.__name__:
        return
    build, get_context = creator_class.to_string, getattr(module, "get_context", lambda: None)
    built: WeakKeyDictionary[Any, _Built] = WeakKeyDictionary()

    def to_string(self: Any) -> str:
        if type(self) is not creator_class or module.__dict__["modify_components"] is not modify:
            return str(build(self))
        try:
            creator, config, context = vars(self), _attributes(self._client_config), _values(get_context())
        except (AttributeError, TypeError):
            return str(build(self))  # what another version of the SDK looks at is not known
        last = built.get(self)
        if last is not None and (last.creator, last.config, last.context) == (creator, config, context):
            return last.text
        text = str(build(self))
        built[self] = _Built(text, _copied(creator), _copied(config), context)
        return text

    creator_class.to_string = to_string


def _attributes(thing: Any) -> dict[str, Any]:
    return {} if thing is None else vars(thing)


def _values(context: Any) -> dict[str, Any]:
    """The context's attributes, sets in their order: the text shows the features in it."""
    return {name: list(value) if isinstance(value, set) else value for name, value in _attributes(context).items()}


def _copied(attributes: dict[str, Any]) -> dict[str, Any]:
    """What may be changed in place is copied."""
    return {name: value.copy() if isinstance(value, (dict, list, set)) else value for name, value in attributes.items()}
