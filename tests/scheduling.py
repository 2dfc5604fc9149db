"""How pytest-xdist spreads the tests over its workers: a file is one worker's, so that what its tests share is made
once; the files that take long come first, so that no worker ends with one while the other has nothing left to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent
# Folders whose files start processes or whole systems, the longest first; all others are quick.
LONG = ("browser", "peers", "outbox", "crash", "api/test_orders", "neighbours", "stalls", "long_life", "fuzz", "api")
# Folders that are one worker's: they share a browser or a server, or measure and would disturb each other.
TOGETHER = {
    "browser": "browser",
    "peers": "peers",
    "neighbours": "measurements",
    "stalls": "measurements",
    "long_life": "measurements",
}


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]  # the package has no types
    """A file is given to a worker as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return TOGETHER.get(file.split("/")[1], file)


def make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    """For the hook of pytest-xdist. The order of the files stays that of the collection."""
    config.option.loadscopereorder = False
    return FileScheduling(config, log)


def put_long_files_first(items: list[pytest.Item]) -> None:
    """Sort the tests by folder; within a folder their order stays."""
    items.sort(key=lambda item: find_rank(item.path))


def find_rank(path: Path) -> int:
    """The place of a test file's folder in ``LONG``."""
    inside = path.relative_to(TESTS).as_posix()
    return next((rank for rank, begin in enumerate(LONG) if inside.startswith(begin)), len(LONG))
