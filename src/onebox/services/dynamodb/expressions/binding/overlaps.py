"""Finds paths of which one is, contains or contradicts another, in time linear in their length."""

from __future__ import annotations

from collections.abc import Iterator

from onebox.services.dynamodb.expressions.lexer import ExpressionError
from onebox.services.dynamodb.expressions.nodes import Path, PathPart


def check_no_overlap(paths: tuple[Path, ...]) -> None:
    """Refuse paths of which one is or contains another, then paths of which one takes for a list what another takes
    for a map. Raises ExpressionError that names the first such pair in writing order."""
    if len(paths) < 2 or len({path.parts[0] for path in paths}) == len(paths):
        return
    for problem, find in (("overlap", _find_overlap), ("conflict", _find_conflict)):
        pair = find(paths)
        if pair is not None:
            one, two = pair
            raise ExpressionError(
                f"Two document paths {problem} with each other; must remove or rewrite one of these paths; "
                f"path one: {one}, path two: {two}"
            )


class _Node:
    """A place in the tree of all paths before the present one."""

    __slots__ = ("branches", "ends", "first", "first_of_type")

    def __init__(self, first: Path) -> None:
        self.first = first
        """The first path that leads through or to this place."""
        self.ends: Path | None = None
        """The path that ends here."""
        self.branches: dict[PathPart, _Node] = {}
        self.first_of_type: dict[type, Path] = {}
        """The first path that goes on with a name, and the first that goes on with a list index."""


def _find_overlap(paths: tuple[Path, ...]) -> tuple[Path, Path] | None:
    root = _Node(paths[0])
    for path in paths:
        node = root
        for node in _walk(root, path):
            if node.ends is not None:
                return node.ends, path
        if node.first is not path:
            return node.first, path
        node.ends = path
    return None


def _find_conflict(paths: tuple[Path, ...]) -> tuple[Path, Path] | None:
    root = _Node(paths[0])
    for path in paths:
        node = root
        for part in path.parts:
            other = node.first_of_type.get(str if isinstance(part, int) else int)
            if other is not None:
                return other, path
            node.first_of_type.setdefault(type(part), path)
            node = node.branches.setdefault(part, _Node(path))
    return None


def _walk(root: _Node, path: Path) -> Iterator[_Node]:
    node = root
    for part in path.parts:
        node = node.branches.setdefault(part, _Node(path))
        yield node
