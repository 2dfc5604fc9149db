"""Goal: the completion that docs/operations.md describes works in bash, zsh and fish."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
INPUT = {
    "bash": {"COMP_WORDS": "orders dlq re", "COMP_CWORD": "2"},
    "zsh": {"COMP_WORDS": "orders dlq re", "COMP_CWORD": "2"},
    "fish": {"COMP_WORDS": "orders dlq re", "COMP_CWORD": "re"},
}


def run(command: str, instruction: str, **environment: str) -> str:
    environment = {"PATH": "/usr/bin:/bin", f"_{command.upper()}_COMPLETE": instruction, **environment}
    return subprocess.run([BIN / command], env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_command_is_completed(shell: str) -> None:
    assert "redrive" in run("orders", f"{shell}_complete", **INPUT[shell])


@pytest.mark.parametrize("command", ["orders", "onebox"])
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_script_of_a_shell_is_printed(command: str, shell: str) -> None:
    assert f"_{command.upper()}_COMPLETE" in run(command, f"{shell}_source")


@pytest.mark.parametrize("command", ["orders", "onebox"])
def test_bash_loads_the_script(command: str, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    (tmp_path / "script").write_text(run(command, "bash_source"))
    complete = f"source {tmp_path / 'script'}; complete -p {command}"
    answer = subprocess.run([bash, "-c", complete], capture_output=True, text=True, check=True)
    assert answer.stdout.strip().endswith(f" {command}")
