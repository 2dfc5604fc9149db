"""Tools on Node.js: installed once from `node/package-lock.json`, kept in `.clients`.

A machine without Node.js, or without the npm registry, skips what needs them, loudly.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.peers.environments import NotInstalled
from tests.peers.node_packages import install
from tests.programs import place_of, run_program

FOLDER = Path(__file__).parents[2] / ".clients"
LOCK = Path(__file__).parent / "node"


def node_modules() -> Path:
    """The folder of the installed packages."""
    try:
        return install(LOCK, FOLDER / "node")
    except NotInstalled as error:
        pytest.skip(f"SKIPPED LOUDLY: {error}")


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
