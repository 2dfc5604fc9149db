"""Goal: docs/order-contract.md is true: its commands run as they stand and print what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.polling import PATIENCE_S

PAGE = (Path(__file__).parents[3] / "docs" / "order-contract.md").read_text("utf-8")


def test_commands_of_the_page_print_what_it_shows(tmp_path: Path) -> None:
    blocks = re.findall(r"^```(sh|)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    commands = [text for kind, text in blocks if kind == "sh"]
    # The first block without a language shows a violation of `orders publish`.
    shown = [text for kind, text in blocks if not kind][1:]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", "\n".join(commands)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(shown)
