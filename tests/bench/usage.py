"""What a server has used until now: processor time of it and its functions, and the bytes it gave to the disk.

The kernel's own figures, so Linux only: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html and
https://man7.org/linux/man-pages/man5/proc_pid_io.5.html.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.long_life.growth import children
from tests.peers.servers import Peer

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Usage(NamedTuple):
    """Totals until a moment, or between two."""

    server_s: float
    functions_s: float
    client_s: float
    """Of this process, which publishes."""
    written_bytes: int

    def since(self, earlier: Usage) -> Usage:
        """What came between."""
        return Usage(
            self.server_s - earlier.server_s,
            self.functions_s - earlier.functions_s,
            self.client_s - earlier.client_s,
            self.written_bytes - earlier.written_bytes,
        )


def read_usage(peer: Peer) -> Usage:
    """Until now. Function processes that have ended in between are not counted."""
    pid = peer.process.pid
    own = resource.getrusage(resource.RUSAGE_SELF)
    return Usage(
        server_s=_seconds_of(pid),
        functions_s=sum(map(_seconds_of, _descendants(pid))),
        client_s=own.ru_utime + own.ru_stime,
        written_bytes=parse_io((Path(f"/proc/{pid}/io")).read_text(), "write_bytes"),
    )


def parse_seconds(stat: str) -> float:
    """User and system time of a /proc/PID/stat."""
    # The second field is the command's name in parentheses and may hold anything, spaces included.
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS_PER_S


def parse_io(io: str, name: str) -> int:
    """The value ``name`` of a /proc/PID/io: ``read_bytes`` and ``write_bytes`` are what went from and to the disk."""
    fields = dict(line.split(": ") for line in io.splitlines())
    return int(fields[name])


def _descendants(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from _descendants(child)


def _seconds_of(pid: int) -> float:
    """User and system time of a process; 0 for one that has ended."""
    try:
        return parse_seconds(Path(f"/proc/{pid}/stat").read_text())
    except OSError:
        return 0.0
