"""Programs on Node.js, pinned by a ``package-lock.json``: installed once, kept in a folder that git ignores."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.peers.environments import ENVIRONMENTS, NotInstalled

PEERS_LOCK = Path(__file__).parent / "node"


def install(lock: Path, folder: Path) -> Path:
    """The folder `node_modules` of what a lock's folder names, installed into ``folder`` if it is not there yet.

    Raises NotInstalled without Node.js or without the npm registry. Several processes may ask at once.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NotInstalled("Node.js with npm is not installed")
    wanted = hashlib.sha256((lock / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / ".installed"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_name(f"{folder.name}.turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(lock, folder)
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                raise NotInstalled(f"npm cannot install {folder.name}: {done.stderr.strip()[-300:]}")
            stamp.write_text(wanted)
    return folder / "node_modules"


def peer_packages() -> Path:
    """The servers on Node.js that onebox is compared with. Raises NotInstalled."""
    return install(PEERS_LOCK, ENVIRONMENTS / "node")
