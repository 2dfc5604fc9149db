"""The machine's page cache: what a thread had to read from disks, how much memory there is, and reading pieces ahead.

Linux only; elsewhere :func:`find_page_cache` finds none.
Linux: https://man7.org/linux/man-pages/man2/getrusage.2.html, https://man7.org/linux/man-pages/man2/sendfile.2.html,
https://man7.org/linux/man-pages/man5/proc_meminfo.5.html,
https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Protocol

_BLOCK_BYTES = 512


class PageCache(Protocol):
    """The cache of one machine."""

    def bytes_read(self) -> int:
        """What the calling thread has read from disks since its start; what was in the cache does not count."""

    def bytes_available(self) -> int:
        """Memory that can be given without swapping, the cache's clean pages included; 0 if it is unknown."""

    def read(self, file: int, offset: int, length: int) -> None:
        """Returns when a piece of a file is in the cache. Raises OSError."""


class LinuxPageCache:
    """See :class:`PageCache`. ``root`` is where the kernel's file systems are mounted."""

    def __init__(self, root: Path = Path("/")) -> None:
        import resource  # not on Windows

        self._usage = resource.getrusage
        self._of_thread = resource.RUSAGE_THREAD
        self._root = root

    def bytes_read(self) -> int:
        """See :class:`PageCache`."""
        return self._usage(self._of_thread).ru_inblock * _BLOCK_BYTES

    def bytes_available(self) -> int:
        """See :class:`PageCache`. Bounded by the limit of this process's control group (version 2), if it has one."""
        machine = _read_table(self._root / "proc/meminfo").get("MemAvailable:", 0) * 1024
        group = self._group_bytes()
        return machine if group is None else min(machine, group)

    def read(self, file: int, offset: int, length: int) -> None:
        """See :class:`PageCache`. The kernel sends the piece to nowhere: no page is copied, and it goes as far ahead as
        the disk is set up for. A seventh of the processor time of advice (``posix_fadvise``), which takes single pages.
        """
        end = offset + length
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            while offset < end and (sent := os.sendfile(nowhere, file, offset, end - offset)):
                offset += sent
        finally:
            os.close(nowhere)

    def _group_bytes(self) -> int | None:
        """What the control group may still take, its clean pages of files included; None without a limit."""
        for line in _read_text(self._root / "proc/self/cgroup").splitlines():
            if line.startswith("0::/"):
                folder = self._root / "sys/fs/cgroup" / line[len("0::/") :]
                limit, used = (_read_text(folder / name).strip() for name in ("memory.max", "memory.current"))
                if limit.isdecimal() and used.isdecimal():
                    cached = _read_table(folder / "memory.stat").get("file", 0)
                    return max(0, int(limit) - int(used) + cached)
        return None


def find_page_cache() -> PageCache | None:
    """The cache of this machine; None where its kernel is another one."""
    return LinuxPageCache() if sys.platform == "linux" else None


def _read_table(path: Path) -> dict[str, int]:
    """The first number behind each name."""
    rows = (line.split() for line in _read_text(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}


def _read_text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""
