"""The import graph of a package, read from its source: every import counts, also those for types only."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"

Graph = Mapping[str, set[str]]


def module_paths(package: str) -> dict[str, Path]:
    """Every module of a package by its dotted name; a package's ``__init__`` under the package's name."""
    paths = sorted((SOURCE / package).rglob("*.py"))
    return {".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


@cache
def imported_names(path: Path) -> list[str]:
    """The dotted name of every import; of ``from a import b`` both ``a`` and ``a.b``."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += (f"{node.module}.{alias.name}" for alias in node.names)
    return names


def import_graph(package: str) -> dict[str, set[str]]:
    """For each module of a package those modules of it that it imports.

    ``from a import b`` counts as an import of the module ``a.b`` where there is one, else of ``a``.
    """
    paths = module_paths(package)
    graph: dict[str, set[str]] = {}
    for module, path in paths.items():
        names = set(imported_names(path))
        packages = {name for name in names if any(other.startswith(f"{name}.") and other in paths for other in names)}
        graph[module] = {name for name in names - packages if name in paths and name != module}
    return graph


def folder_graph(graph: Graph) -> dict[str, set[str]]:
    """The graph between the package's folders, each with all that lies in it, and the modules beside them."""
    folders: dict[str, set[str]] = {}
    for module, targets in graph.items():
        folder = _folder_of(module)
        folders.setdefault(folder, set()).update(_folder_of(one) for one in targets if _folder_of(one) != folder)
    return folders


def _folder_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def find_circles(graph: Graph) -> list[list[str]]:
    """The strongly connected components of more than one module (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    circles: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in graph.get(node, ()):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            at = stack.index(node)
            component = stack[at:]
            del stack[at:]
            if len(component) > 1:
                circles.append(sorted(component))

    for node in graph:
        if node not in index:
            visit(node)
    return circles
