"""Third-party programs that tests run to their end: without the user's AWS settings, without input, with patience."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

PATIENCE_S = 300.0
"""Some of these programs take half a minute on a quiet machine."""


def run_program(
    *command: str, folder: Path, environment: Mapping[str, str], must_succeed: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a program in ``folder``. ``environment`` stands beside that of the tests without its ``AWS_`` variables."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert not must_succeed or done.returncode == 0, done.stdout + done.stderr
    return done


def place_of(endpoint_url: str) -> dict[str, str]:
    """The environment that sends a program to what listens there, with plain credentials."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
