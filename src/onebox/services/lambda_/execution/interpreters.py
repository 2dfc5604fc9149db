"""Finding the Python or the Node.js a runtime name asks for: one that starts and has what functions need.

Promises: a path that was tried (a pyenv shim may name a Python that isn't there), or the interpreter that runs
onebox. Each runtime is looked up once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LANGUAGES = {"python": "Python", "nodejs": "Node.js"}
_NODE_PROBE = ("-p", "process.versions.node + ' ' + process.execPath")
_PROBE = "import sys, ctypes, decimal, json, ssl; print('%d.%d.%d' % sys.version_info[:3], sys.executable)"


@dataclass(frozen=True, slots=True)
class Interpreter:
    path: Path
    version: str
    """As ``3.13.1``."""
    own: bool
    """The version that runs onebox: bytecode of the installed packages is at hand."""
    language: str = "python"
    """As runtimes' names begin: ``python`` or ``nodejs``."""

    @property
    def name(self) -> str:
        """For people."""
        return f"{_LANGUAGES[self.language]} {self.version}"

    def stands_in_for(self, runtime: str) -> bool:
        """True if it is not the version that the runtime asks for."""
        return not f"{self.language}{self.version}.".startswith(f"{runtime.removesuffix('.x')}.")


class Interpreters:
    """The interpreters of this machine, by runtime name."""

    def __init__(self, preferred: Mapping[str, Path]) -> None:
        self._preferred = preferred
        self._found: dict[str, asyncio.Future[Interpreter]] = {}
        self._found_nodes: dict[str, asyncio.Future[Interpreter | None]] = {}

    async def find(self, runtime: str) -> Interpreter:
        """The interpreter of a runtime, or the one that runs onebox if the machine has no such version."""
        future = self._found.get(runtime)
        if future is None:
            future = asyncio.ensure_future(_find(runtime, self._preferred.get(runtime)))
            self._found[runtime] = future
        return await asyncio.shield(future)

    async def find_node(self, runtime: str) -> Interpreter | None:
        """The Node.js of a runtime, or another that the machine has; None if it has none."""
        future = self._found_nodes.get(runtime)
        if future is None or (future.done() and future.result() is None):  # it may have been installed meanwhile
            future = asyncio.ensure_future(_find_node(runtime, self._preferred.get(runtime)))
            self._found_nodes[runtime] = future
        return await asyncio.shield(future)

    async def stop(self) -> None:
        """Give up what is still being looked for; no program that was asked runs on."""
        futures: list[asyncio.Future[Any]] = [*self._found.values(), *self._found_nodes.values()]
        searches = [future for future in futures if not future.done()]
        for search in searches:
            search.cancel()
        await asyncio.gather(*searches, return_exceptions=True)


async def _find(runtime: str, preferred: Path | None) -> Interpreter:
    own = own_interpreter()
    if preferred is None and not own.stands_in_for(runtime):
        return own
    for candidate in [preferred] if preferred else _candidates(runtime):
        found = await _probe(candidate, "python", ("-S", "-s", "-c", _PROBE))
        if found is not None and not found.stands_in_for(runtime):
            return found
    return own


def own_interpreter() -> Interpreter:
    """The interpreter that runs onebox, outside its virtual environment: children get packages of their own."""
    path = getattr(sys, "_base_executable", None) or sys.executable
    return Interpreter(Path(path), platform.python_version(), own=True)


def _candidates(runtime: str) -> Iterator[Path]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which(runtime, path=folder) if folder else None
        if found:
            yield Path(found)
    minor = runtime.removeprefix("python")
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{minor}.*/bin/{runtime}"), reverse=True)
    yield from sorted((home / ".local/share/uv/python").glob(f"cpython-{minor}*/bin/{runtime}"), reverse=True)
    for folder in ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"):
        if (path := Path(folder, runtime)).exists():
            yield path


async def _find_node(runtime: str, preferred: Path | None) -> Interpreter | None:
    other: Interpreter | None = None
    for candidate in [preferred] if preferred else _node_candidates(runtime):
        found = await _probe(candidate, "nodejs", _NODE_PROBE)
        if found is not None and not found.stands_in_for(runtime):
            return found
        other = other or found
    return other


def _node_candidates(runtime: str) -> Iterator[Path]:
    major = runtime.removeprefix("nodejs").removesuffix(".x")
    home = Path.home()
    nvm = Path(os.environ.get("NVM_DIR", home / ".nvm"))
    yield from sorted(nvm.glob(f"versions/node/v{major}.*/bin/node"), reverse=True)
    folders = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"]
    for folder in dict.fromkeys(folders):
        for name in (f"node{major}", "node", "nodejs"):
            if folder and (found := shutil.which(name, path=folder)):
                yield Path(found)


async def _probe(path: Path, language: str, arguments: tuple[str, ...]) -> Interpreter | None:
    """What the program at ``path`` says it is, or None if it doesn't work."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "PYENV_ROOT") if name in os.environ}
    try:
        process = await asyncio.create_subprocess_exec(
            path,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
        )
    except OSError:
        return None
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout=10)
    except asyncio.TimeoutError:
        return None
    finally:
        if process.returncode is None:  # too slow, or the search was given up
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    version, _, executable = output.decode().strip().partition(" ")
    if process.returncode != 0 or not executable:
        return None
    return Interpreter(Path(executable), version, own=False, language=language)
