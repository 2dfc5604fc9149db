"""Tools on Node.js: installed once from `node/package-lock.json`, kept in `.clients`.

A machine without Node.js, or without the npm registry, skips what needs them, loudly.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.programs import place_of, run_program

FOLDER = Path(__file__).parents[2] / ".clients"
LOCK = Path(__file__).parent / "node"


def node_modules() -> Path:
    """The folder of the installed packages."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("SKIPPED LOUDLY: Node.js with npm is not installed")
    wanted = hashlib.sha256((LOCK / "package-lock.json").read_bytes()).hexdigest()
    stamp = FOLDER / "node" / ".installed"
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "node.turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(FOLDER / "node", ignore_errors=True)
            shutil.copytree(LOCK, FOLDER / "node")
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=FOLDER / "node", capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"SKIPPED LOUDLY: npm cannot install the tools: {done.stderr.strip()[-300:]}")
            stamp.write_text(wanted)
    return FOLDER / "node" / "node_modules"


def run_tool(folder: Path, endpoint_url: str, *command: str, more: Mapping[str, str] | None = None) -> str:
    """What a command prints that must succeed: plain credentials, settings of its own, no telemetry."""
    environment = {
        **place_of(endpoint_url),
        "HOME": str(folder),
        "NODE_PATH": str(FOLDER / "node" / "node_modules"),
        "NO_COLOR": "1",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "SLS_TELEMETRY_DISABLED": "1",
        **(more or {}),
    }
    done = run_program(*command, folder=folder, environment=environment)
    return done.stdout + done.stderr
