"""First code of a process that runs a wrapper script, a bootstrap or another language's runtime: ties its life to
onebox's and becomes the program.

Run as ``python -I -S guard.py PARENT_PID PROGRAM ARGUMENT…``. Standard library only, Python 3.10 to 3.14.
"""

from __future__ import annotations

import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_SIGKILL = 9


def main() -> None:
    parent_pid, *command = sys.argv[1:]
    if sys.platform == "linux":
        import ctypes

        # Both outlive the change of the program.
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.getppid() != int(parent_pid):
        os._exit(1)
    try:
        os.execv(command[0], command)  # noqa: S606 - there is no shell, and the program is the function's own
    except OSError as error:
        sys.stderr.write(f"fork/exec {command[0]}: {error.strerror}\n")
        os._exit(1)


if __name__ == "__main__":
    main()
