"""How much memory a process uses, as Linux counts it; 0 where the system doesn't tell."""

from __future__ import annotations

from pathlib import Path


def peak_memory_kib(pid: int | None) -> int:
    """A live process's peak resident memory."""
    return _memory_kib(pid, "VmHWM:")


def resident_memory_kib(pid: int | None) -> int:
    """A live process's resident memory at this moment."""
    return _memory_kib(pid, "VmRSS:")


def _memory_kib(pid: int | None, line: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = status.partition(line)[2].split(maxsplit=1)
    return int(found[0]) if found else 0
