"""Programs that others wrote, each in an environment of its own: made once from its lock file, kept in `.peers`.

``python -m tests.peers.environments`` makes all of them; a test or a benchmark that needs one makes what is missing.
Nothing here is skipped: without the package registry whoever needs a program fails, and says why.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ENVIRONMENTS = Path(__file__).parents[2] / ".peers"
LOCKS = Path(__file__).parent / "requirements"
NAMES = ("ministack", "moto", "sam", "schemathesis")


class NotInstalled(Exception):
    """A program cannot be had, so nothing can be shown with it."""


def programs_of(name: str) -> Path:
    """The folder of an environment's programs, made if it is not there or its lock file changed.

    Raises NotInstalled. Several processes may ask at once: one of them makes it, the others wait.
    """
    folder = ENVIRONMENTS / name
    stamp = folder / ".installed"
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / f"{name}.turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        wanted = _fingerprint(name)
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            print(f"Installing {name} into {folder.relative_to(ENVIRONMENTS.parent)}", flush=True)
            _install(name, folder)
            stamp.write_text(wanted)
    return folder / "bin"


def version_of(name: str, package: str) -> str:
    """The version that the lock file names."""
    for line in _lock(name).read_text().splitlines():
        pinned, equals, version = line.split(";")[0].strip().partition("==")
        if equals and pinned.partition("[")[0] == package:
            return version.rstrip(" \\")
    raise LookupError(f"{package} is not in {_lock(name)}")


def _lock(name: str) -> Path:
    return LOCKS / f"{name}.lock"


def _fingerprint(name: str) -> str:
    """What an environment was made from: the pinned packages, the Python, and the place, which its programs name."""
    made_of = f"{_lock(name).read_text()}\n{sys.version}\n{ENVIRONMENTS}"
    return hashlib.sha256(made_of.encode()).hexdigest()


def _install(name: str, folder: Path) -> None:
    """Quicker than usual by half: the checkout's own pip, which need not resolve what is pinned nor compile it all."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "--disable-pip-version-check"]
    command = [*pip, "install", "-q", "--no-deps", "--no-compile", "--require-hashes", "-r", str(_lock(name))]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled(
            f"{name} cannot be installed from {_lock(name).name}, so nothing is shown with it. "
            f"Is the package registry within reach? pip says:\n{done.stderr.strip()[-1500:]}"
        )


def main() -> None:
    with ThreadPoolExecutor(len(NAMES)) as pool:
        made = [pool.submit(programs_of, name) for name in NAMES]
    for error in filter(None, [one.exception() for one in made]):
        if not isinstance(error, NotInstalled):
            raise error
        print(error, file=sys.stderr)  # the other tests can still run: those that need it will fail and say this again


if __name__ == "__main__":
    main()
