"""The disk space a function may use, watched from outside.

Twice a second the files in the folders of running functions are added up, beside the event loop. A process whose files
take more than EphemeralStorage can enlarge no file (EFBIG) until it has removed enough of them. What it writes between
two looks, and outside of its own folder (HOME and TMPDIR), is not counted. Sizes in bytes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from onebox.services.lambda_.execution.worker import Worker

_INTERVAL_S = 0.5
_BLOCK_BYTES = 512
"""The unit of st_blocks, whatever the file system's own."""
_ENTRY_BYTES = 4096
"""What a file or folder takes at least; it also bounds how many are looked at."""


class StorageGuard:
    """Looks at the files of busy workers while there are any."""

    def __init__(self, busy_workers: Callable[[], Iterable[Worker]]) -> None:
        self._busy_workers = busy_workers
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.Task[None] | None = None
        self._stopped = False

    def watch(self) -> None:
        """An invocation begins."""
        if self._timer is None and self._look is None and not self._stopped:
            # The loop's own timer: the files of real processes know nothing of simulated time.
            self._timer = asyncio.get_running_loop().call_later(_INTERVAL_S, self._begin)

    def stop(self) -> None:
        """No longer look."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._look is not None:
            self._look.cancel()

    def _begin(self) -> None:
        self._timer = None
        self._look = asyncio.get_running_loop().create_task(self._look_at_all())

    async def _look_at_all(self) -> None:
        running = list(self._busy_workers())
        for worker in running:
            folder, bytes_max = worker.environment.scratch_folder, worker.storage_bytes_max
            used = await asyncio.get_running_loop().run_in_executor(None, used_bytes, folder, bytes_max)
            worker.hold_to_storage(used)
        self._look = None
        if running:
            self.watch()


def used_bytes(folder: Path, enough: int) -> int:
    """The space that the files below a folder take; of more than ``enough`` only so much is counted."""
    total = 0
    folders = [str(folder)]
    while folders and total <= enough:
        with suppress(OSError), os.scandir(folders.pop()) as entries:  # removed meanwhile
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    blocks = entry.stat(follow_symlinks=False).st_blocks
                    total += max(_ENTRY_BYTES, blocks * _BLOCK_BYTES)
                if total > enough:
                    break
    return total
