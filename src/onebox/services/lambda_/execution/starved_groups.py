"""Groups that wait for a worker and could not have one, because the machine's bound was reached: who is next."""

from __future__ import annotations

from onebox.services.lambda_.execution.group import Group, GroupKey

_PATIENCE_MS = 1000


class StarvedGroups:
    """In order of the time since which they wait."""

    def __init__(self) -> None:
        self._since_ms: dict[GroupKey, float] = {}

    def add(self, group: Group, now_ms: float) -> None:
        """The group could not have a worker; it keeps its place if it waits already."""
        self._since_ms.setdefault(group.key, now_ms)

    def take_first(self) -> tuple[GroupKey, float] | None:
        """The group that has waited for longest, taken out of the line."""
        if not self._since_ms:
            return None
        key = next(iter(self._since_ms))
        return key, self._since_ms.pop(key)

    def put_first(self, key: GroupKey, since_ms: float) -> None:
        """There was no room for the group: it keeps its place in the line."""
        self._since_ms = {key: since_ms, **self._since_ms}

    def __contains__(self, key: GroupKey) -> bool:
        return key in self._since_ms

    def must_yield(self, group: Group, groups: dict[GroupKey, Group], now_ms: float) -> bool:
        """Whether a worker of ``group`` ends in favour of a group without any: at once if this group has more than it
        needs, after a second in any case."""
        starved = [since for key, since in self._since_ms.items() if key in groups and not groups[key].workers]
        if not starved:
            return False
        spare = len(group.workers) > 1 or not group.waiting
        return spare or now_ms - starved[0] > _PATIENCE_MS
