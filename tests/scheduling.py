"""How pytest-xdist spreads the tests over its workers: a file is one worker's, so that what its tests share is made
once. The files that take long come first, so that no worker ends with one while the others have nothing left to do;
files that mostly wait (for processes that were killed, for timeouts) alternate with files that compute, so that the
processor is busy meanwhile. There are more workers than processors for the same reason."""

from __future__ import annotations

from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent
# Folders that are one worker's: they share a browser or a server, or measure and would disturb each other.
TOGETHER = {
    "browser": "browser",
    "peers": "peers",
    "neighbours": "measurements",
    "stalls": "measurements",
    "long_life": "measurements",
}
# The beginnings of paths, the longest first.
FIRST = ("browser", "peers")
WAITING = ("outbox", "neighbours", "stalls", "long_life", "crash")
COMPUTING = ("api/test_orders", "fuzz", "api", "")


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]  # the package has no types
    """A file is given to a worker as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return TOGETHER.get(file.split("/")[1], file)


def make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    """For the hook of pytest-xdist. The order of the files stays that of the collection."""
    config.option.loadscopereorder = False
    return FileScheduling(config, log)


def arrange(items: list[pytest.Item]) -> None:
    """Put the files into their order; within a file the tests' order stays."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    first, waiting, computing = (_select(list(files), begins) for begins in (FIRST, WAITING, COMPUTING))
    alternating = [file for file in chain(*zip_longest(waiting, computing)) if file is not None]
    items[:] = [item for file in (*first, *alternating) for item in files[file]]


def _select(files: list[Path], begins: tuple[str, ...]) -> list[Path]:
    """The files that belong to these beginnings before all others, in the beginnings' order."""
    ranks = {file: begins.index(begin) for file in files if (begin := _find_begin(file)) in begins}
    return sorted(ranks, key=ranks.__getitem__)


def _find_begin(file: Path) -> str:
    inside = file.relative_to(TESTS).as_posix()
    return next(begin for begin in (*FIRST, *WAITING, *COMPUTING) if inside.startswith(begin))
