"""REST requests to operations: method, path and the literals and required parameters of each operation's URI.

https://smithy.io/2.0/spec/http-bindings.html. S3 reaches many operations by one path, told apart by the query
parameters and headers that they require: the operation that requires most of what is there wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from onebox.gateway.message import Request
from onebox.gateway.protocols.s3_address import address_path
from onebox.gateway.specs.loader import ServiceModel, load_model


@dataclass(slots=True)
class _Candidate:
    operation: str
    literals: tuple[str, ...]
    """Query literals, ``name`` or ``name=value``."""
    parameters: tuple[str, ...]
    """Required query parameters."""
    headers: tuple[str, ...]

    @property
    def weight(self) -> int:
        return len(self.literals) + len(self.parameters) + len(self.headers)


Table = dict[tuple[str, tuple[str, ...]], list[_Candidate]]
"""``(method, path pattern)`` to candidates, the most demanding first; a label is ``*`` in it, a greedy one ``**``."""


def find_rest_operation(service: str, request: Request) -> str | None:
    """The operation of a rest-json or rest-xml service, or None."""
    table = _table(service)
    path = address_path(request) if service == "s3" else request.path
    query = request.query
    names: set[str] | None = None
    for pattern in _PATTERNS[service](path):
        for candidate in table.get((request.method, pattern), ()):
            if candidate.weight == 0:
                return candidate.operation
            if names is None:
                names = _query_names(query)
            if _fits(candidate, names, request):
                return candidate.operation
    return None


def _fits(candidate: _Candidate, names: set[str], request: Request) -> bool:
    return (
        all(literal in names for literal in candidate.literals)
        and all(parameter in names for parameter in candidate.parameters)
        and all(header in request.headers for header in candidate.headers)
    )


def _query_names(query: str) -> set[str]:
    """Both ``name`` and ``name=value`` of each parameter."""
    names: set[str] = set()
    for pair in query.split("&"):
        name, separator, _ = pair.partition("=")
        names.add(name)
        if separator:
            names.add(pair)
    return names


def _lambda_patterns(path: str) -> list[tuple[str, ...]]:
    """Every pattern that could describe the path: dates and words stand literally, names are labels."""
    parts = path.strip("/").split("/")
    patterns: list[tuple[str, ...]] = [()]
    if len(parts) > 8:
        return []
    for position, part in enumerate(parts):
        options = (part,) if position == 0 or not part else (part, "*")
        patterns = [(*pattern, option) for pattern in patterns for option in options]
    return patterns


def _s3_patterns(path: str) -> list[tuple[str, ...]]:
    bucket, _, key = path.lstrip("/").partition("/")
    if not bucket:
        return [()]
    return [("*", "**")] if key else [("*",)]


_PATTERNS: dict[str, Callable[[str], list[tuple[str, ...]]]] = {"lambda": _lambda_patterns, "s3": _s3_patterns}


@cache
def _table(service: str) -> Table:
    model = load_model(service)
    table: Table = {}
    for name in model.operation_names():
        operation = model.load_operation(name)
        if operation.get("deprecated"):
            continue
        method, pattern, candidate = _candidate(model, name, operation)
        table.setdefault((method, pattern), []).append(candidate)
    for candidates in table.values():
        if len(candidates) == 1 and not candidates[0].literals:
            # It is meant in any case, and its codec says which parameter is missing.
            candidates[0] = replace(candidates[0], parameters=(), headers=())
        candidates.sort(key=lambda candidate: -candidate.weight)
    return table


def _candidate(model: ServiceModel, name: str, operation: dict[str, Any]) -> tuple[str, tuple[str, ...], _Candidate]:
    path, _, query = operation["http"]["requestUri"].partition("?")
    pattern = tuple(_pattern_part(part) for part in path.strip("/").split("/") if part)
    shape = model.load_shape(operation["input"]["shape"]) if "input" in operation else {"members": {}}
    required = [shape["members"][member] for member in shape.get("required", ())]
    candidate = _Candidate(
        operation=name,
        literals=tuple(literal for literal in query.split("&") if literal and not literal.startswith("x-id=")),
        parameters=tuple(member["locationName"] for member in required if member.get("location") == "querystring"),
        headers=tuple(member["locationName"].lower() for member in required if member.get("location") == "header"),
    )
    return operation["http"]["method"], pattern, candidate


def _pattern_part(part: str) -> str:
    if not part.startswith("{"):
        return part
    return "**" if part.endswith("+}") else "*"
