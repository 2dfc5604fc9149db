"""The order of resources: who needs whom.

Promises: an order in which everything comes after what it needs, or a ValidationError naming the circle. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from onebox.services.cloudformation.errors import ValidationError

Dependencies = Mapping[str, Set[str]]
"""For each logical id those it needs. Ids outside the mapping are ignored."""


def decide_order(dependencies: Dependencies) -> list[str]:
    """The ids so that each comes after all it needs; ties in the order of the mapping."""
    needs = {name: {need for need in needed if need in dependencies} for name, needed in dependencies.items()}
    dependants: dict[str, list[str]] = {name: [] for name in needs}
    for name, needed in needs.items():
        for need in needed:
            dependants[need].append(name)
    open_needs = {name: len(needed) for name, needed in needs.items()}
    place = {name: index for index, name in enumerate(needs)}
    order: list[str] = []
    ready = [name for name, count in open_needs.items() if not count]
    while ready:
        order.extend(ready)
        freed = []
        for name in ready:
            for dependant in dependants[name]:
                open_needs[dependant] -= 1
                if not open_needs[dependant]:
                    freed.append(dependant)
        ready = sorted(freed, key=place.__getitem__)
    if len(order) < len(needs):
        done = set(order)
        left = {name: needed - done for name, needed in needs.items() if name not in done}
        raise ValidationError(f"Circular dependency between resources: [{', '.join(_in_circles(left))}]")
    return order


def _in_circles(needs: dict[str, set[str]]) -> list[str]:
    """Those of a graph without free nodes that lie on a circle, not those that merely need one."""
    remaining = {name: set(needed) for name, needed in needs.items()}
    while True:
        needed_by_someone = {need for needed in remaining.values() for need in needed}
        loose = [name for name in remaining if name not in needed_by_someone]
        if not loose:
            return list(remaining)
        for name in loose:
            del remaining[name]


def reverse(dependencies: Dependencies) -> dict[str, set[str]]:
    """The graph of deletion: each waits for those that need it."""
    waits: dict[str, set[str]] = {name: set() for name in dependencies}
    for name, needed in dependencies.items():
        for need in needed:
            if need in waits:
                waits[need].add(name)
    return waits
