"""Keys that clients work on: some at a time; one that was used often gives way to a new one, so that the history of
each stays short enough to be searched."""

from __future__ import annotations

import itertools
import random


class Keys:
    """``at_a_time`` keys named ``prefix-1``, ``prefix-2`` and so on, each for ``uses`` operations."""

    def __init__(self, prefix: str, at_a_time: int, uses: int) -> None:
        self._names = (f"{prefix}-{number}" for number in itertools.count(1))
        self.current = [next(self._names) for _ in range(at_a_time)]
        self._uses = [0] * at_a_time
        self._uses_max = uses

    def draw(self, chance: random.Random) -> str:
        """The key of the next operation."""
        place = chance.randrange(len(self.current))
        self._uses[place] += 1
        if self._uses[place] > self._uses_max:
            self.current[place], self._uses[place] = next(self._names), 0
        return self.current[place]
