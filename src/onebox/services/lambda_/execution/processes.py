"""The processes of this machine, as Linux shows them in /proc: who descends from whom, and who holds a socket.

Answers are empty where the system has no /proc (macOS).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator

_DESCENDANTS_MAX = 1000


def descendants(pid: int) -> list[int]:
    """A process and all that descend from it, at most 1,000; the process itself comes first."""
    found = [pid]
    for parent in found:
        if len(found) >= _DESCENDANTS_MAX:
            break
        found += _children(parent)
    return found


def holds_socket(pids: Iterable[int], inode: int) -> bool:
    """Whether one of the processes has the socket with this inode open."""
    wanted = f"socket:[{inode}]"
    return any(wanted == link for pid in pids for link in _open_files(pid))


def resident_memory_kib(pids: Iterable[int]) -> int:
    """The resident memory of the processes together. What they share by forking is counted once for each, but for the
    pages of files."""
    return sum(_memory_kib(pid, "RssAnon:") + _memory_kib(pid, "RssShmem:") for pid in pids)


def peak_memory_kib(pid: int | None) -> int:
    """A live process's peak resident memory."""
    return 0 if pid is None else _memory_kib(pid, "VmHWM:")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as children:
                found += map(int, children.read().split())
    except OSError:
        pass  # It has ended.
    return found


def _open_files(pid: int) -> Iterator[str]:
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return  # It has ended.
    for name in names:
        with contextlib.suppress(OSError):
            yield os.readlink(f"/proc/{pid}/fd/{name}")


def _memory_kib(pid: int, line: str) -> int:
    try:
        with open(f"/proc/{pid}/status") as status:
            found = status.read().partition(line)[2].split(maxsplit=1)
    except OSError:
        return 0
    return int(found[0]) if found else 0
