"""The shell commands of a page of docs/, run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.polling import PATIENCE_S

DOCS = Path(__file__).parents[1] / "docs"


def read_commands(page: str) -> list[str]:
    """The blocks of shell commands of a page."""
    return re.findall(r"^```sh\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def run_page(page: str, environment: Mapping[str, str], folder: Path, programs: Path, *, first: str = "") -> str:
    """What the commands of a page print, run in one shell. ``programs`` goes before PATH; ``first`` is run before."""
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), environment["PATH"]])
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", "\n".join([first, *read_commands(page)])],
        cwd=folder,
        env={**environment, "PATH": path, "XDG_STATE_HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 5,  # some thirty commands
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
