"""Goal: the next steps that `orders demo` names work where they are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orders.cli import demo


def test_where_orders_is_not_found_the_first_step_is_to_activate_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    for name in ("activate", "python", "orders"):
        (folder / name).touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.executable", str(folder / "python"))
    monkeypatch.setenv("PATH", os.devnull)
    demo._show_next_steps()
    steps = capsys.readouterr().out.splitlines()
    assert steps[1].split()[:2] == [".", ".venv/bin/activate"]
    monkeypatch.setenv("PATH", str(folder))
    demo._show_next_steps()
    assert "activate" not in capsys.readouterr().out
