"""Cuts an item down to the paths that were asked for.

Promises: pure; the result shares values with the item; lists keep the order of the item and close their gaps.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
"""

from __future__ import annotations

from typing import Any

from onebox.services.dynamodb.expressions.nodes import Path, PathPart
from onebox.services.dynamodb.values.attributes import AttributeValue, Item

_Tree = dict[PathPart, Any]
"""Parts by part; an empty tree means everything below."""


def project(item: Item, paths: tuple[Path, ...]) -> Item:
    """What of ``item`` lies on the paths."""
    if all(len(path.parts) == 1 for path in paths):
        names = [path.parts[0] for path in paths]
        return {name: item[name] for name in names if name in item}
    tree: _Tree = {}
    for path in paths:
        branch = tree
        for part in path.parts:
            branch = branch.setdefault(part, {})
    return _cut_members(item, tree)


def _cut_members(members: dict[str, AttributeValue], tree: _Tree) -> dict[str, AttributeValue]:
    kept: dict[str, AttributeValue] = {}
    for name, below in tree.items():
        value = members.get(name)  # type: ignore[arg-type]
        if value is None:
            continue
        cut = _cut(value, below)
        if cut is not None:
            kept[name] = cut  # type: ignore[index]
    return kept


def _cut(value: AttributeValue, tree: _Tree) -> AttributeValue | None:
    if not tree:
        return value
    if "M" in value:
        fields = _cut_members(value["M"], tree)
        return {"M": fields} if fields else None
    if "L" in value:
        elements = value["L"]
        indexes = sorted(part for part in tree if isinstance(part, int) and part < len(elements))
        cuts = [_cut(elements[index], tree[index]) for index in indexes]
        kept = [cut for cut in cuts if cut is not None]
        return {"L": kept} if kept else None
    return None
