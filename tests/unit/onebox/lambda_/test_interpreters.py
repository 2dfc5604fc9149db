"""Goal: a runtime gets an interpreter that really is what it says, else the one that runs onebox."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from onebox.services.lambda_.execution.interpreters import Interpreter, Interpreters, own_interpreter

OWN = f"python{sys.version_info[0]}.{sys.version_info[1]}"


def find(runtime: str) -> Interpreter:
    return asyncio.run(Interpreters({}).find(runtime))


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_find_own_version_is_the_interpreter_that_runs_onebox() -> None:
    found = find(OWN)
    assert found == own_interpreter()
    assert not found.stands_in_for(OWN)


@pytest.mark.parametrize("text", ["exit 127", "echo 3.10.1 /usr/bin/python3.10", "echo nonsense; exit 0"])
def test_find_program_that_lies_or_fails_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    program(tmp_path, "python3.99", text)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find("python3.99")
    assert found == own_interpreter()
    assert found.stands_in_for("python3.99")


def test_find_program_of_the_right_version_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "python3.99", "echo 3.99.2 /opt/python3.99")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("python3.99") == Interpreter(Path("/opt/python3.99"), "3.99.2", own=False)


def test_stands_in_for_compares_whole_minor_versions() -> None:
    assert Interpreter(Path("p"), "3.1.5", own=False).stands_in_for("python3.10")
    assert not Interpreter(Path("p"), "3.10.5", own=False).stands_in_for("python3.10")


def find_node(runtime: str, preferred: Path) -> Interpreter | None:
    return asyncio.run(Interpreters({runtime: preferred}).find_node(runtime))


def test_find_node_takes_what_works_though_the_version_be_another(tmp_path: Path) -> None:
    exact = find_node("nodejs22.x", program(tmp_path, "node22", "echo 22.1.0 /opt/node22"))
    assert exact == Interpreter(Path("/opt/node22"), "22.1.0", own=False, language="nodejs")
    assert not exact.stands_in_for("nodejs22.x")
    other = find_node("nodejs22.x", program(tmp_path, "node2", "echo 2.2.0 /opt/node2"))
    assert other is not None
    assert (other.stands_in_for("nodejs22.x"), other.name) == (True, "Node.js 2.2.0")


def test_find_node_without_one_finds_none(tmp_path: Path) -> None:
    assert find_node("nodejs22.x", tmp_path / "absent") is None
