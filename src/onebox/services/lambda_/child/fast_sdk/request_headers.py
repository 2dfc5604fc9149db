"""Looks up header fields without a new object for each name.

The SDK's dictionary of headers makes an object for a name whenever it is used, seventy of them for a request, and
prepares a whole request to show its body. Here the objects, which never change, are kept by name.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from types import ModuleType
from typing import Any

from .versions import uses_only

_NAMES_MAX = 512
# What the SDK's AWSRequestPreparer.prepare() uses: its body is _prepare_body()'s result, whatever else a request has.
_PREPARE = ("_prepare_url", "_prepare_body", "_prepare_headers", "method", "stream_output", "context")


def improve(module: ModuleType) -> None:
    """``module`` is botocore.awsrequest."""
    headers = getattr(module, "HeadersDict", None)
    if headers is not None and _is_known(headers):
        _improve_headers(headers, lru_cache(maxsize=_NAMES_MAX, typed=True)(module._HeaderKey))
    request = getattr(module, "AWSRequest", None)
    body = getattr(getattr(request, "body", None), "fget", None)
    prepare = getattr(getattr(module, "AWSRequestPreparer", None), "prepare", None)
    if uses_only(body, "prepare", "body", "isinstance", "str", "encode") and uses_only(
        prepare, *_PREPARE, "AWSPreparedRequest"
    ):
        _improve_body(request, module)


def _is_known(headers: Any) -> bool:
    return (
        uses_only(headers.__init__, "_dict", "update")
        and uses_only(headers.__getitem__, "_dict", "_HeaderKey")
        and uses_only(headers.__setitem__, "_dict", "_HeaderKey")
        and uses_only(headers.copy, "HeadersDict", "items")
        and (headers.get, headers.__contains__) == (Mapping.get, Mapping.__contains__)
        and headers.update is MutableMapping.update
    )


def _improve_headers(headers: Any, key_of: Any) -> None:
    update_from_any = headers.update

    def set_item(self: Any, key: str, value: Any) -> None:
        self._dict[key_of(key)] = value

    def get_item(self: Any, key: str) -> Any:
        return self._dict[key_of(key)]

    def contains(self: Any, key: str) -> bool:
        return key_of(key) in self._dict

    def get(self: Any, key: str, default: Any = None) -> Any:
        return self._dict.get(key_of(key), default)

    def update(self: Any, /, *args: Any, **fields: Any) -> None:
        if len(args) == 1 and type(args[0]) is list and not fields:
            self._dict.update([(key_of(name), value) for name, value in args[0]])
        else:
            update_from_any(self, *args, **fields)

    def copy(self: Any) -> Any:
        duplicate = headers()
        duplicate._dict = self._dict.copy()
        return duplicate

    headers.__setitem__, headers.__getitem__, headers.__contains__ = set_item, get_item, contains
    headers.get, headers.update, headers.copy = get, update, copy


def _improve_body(request: Any, module: ModuleType) -> None:
    prepared = request.body.fget

    def body(self: Any) -> Any:
        preparer = self._request_preparer
        if type(self) is not request or type(preparer) is not module.AWSRequestPreparer:
            return prepared(self)  # a program's own class may prepare in its own way
        content = preparer._prepare_body(self)
        return content.encode("utf-8") if isinstance(content, str) else content

    request.body = property(body)
