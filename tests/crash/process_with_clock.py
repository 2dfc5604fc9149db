"""onebox on a machine whose wall clock a test sets: ``python -m tests.crash.process_with_clock DATA OFFSET``.

``OFFSET`` is a file of eight bytes: the nanoseconds by which the wall clock is ahead.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from pathlib import Path

from onebox import steady_clock
from onebox.cli.serve import run
from onebox.config import Settings

OFFSET = struct.Struct("<q")


class SettableSource(steady_clock.SystemSource):
    """This machine's clocks, the wall clock moved."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), OFFSET.size, access=mmap.ACCESS_READ)
        self.wall_ns = lambda: time.time_ns() + int(OFFSET.unpack_from(self._map)[0])


def main(data: Path, offset: Path) -> int:
    """Serve until killed."""
    steady_clock.SystemSource = lambda: SettableSource(offset)  # type: ignore[assignment,misc]
    return run(Settings(port=0, data=data))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
