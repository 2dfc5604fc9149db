"""Goal: the examples of docs/testing.md run as they are, with pytest finding the fixtures by itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


def test_the_examples_of_the_page_pass_outside_of_this_repository(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    (example,) = re.findall(r"<!-- test_shop.py -->\n```python\n(.*?)```", text, re.DOTALL)
    (plain,) = re.findall(r"Without pytest:\n\n```python\n(.*?)```", text, re.DOTALL)
    indented = "".join(f"    {line}\n" for line in plain.splitlines())
    (tmp_path / "test_shop.py").write_text(f"{example}\n\ndef test_without_fixtures():\n{indented}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop.py"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert "4 passed" in done.stdout, done.stdout + done.stderr
