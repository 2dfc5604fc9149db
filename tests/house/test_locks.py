"""Goal: what is installed is what was locked: every package is pinned with its hashes, and pip checks them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = [
    ROOT / "requirements.lock",
    ROOT / "requirements-outbox.lock",
    ROOT / "requirements-dev.lock",
    *sorted((ROOT / "tests" / "peers" / "requirements").glob("*.lock")),
]
NODE_LOCKS = sorted((ROOT / "tests").glob("*/node/package-lock.json"))
_ENTRY = re.compile(r"[\w.\[\],-]+==[^\s;]+( ; [^\\]+)? \\(\n    --hash=sha256:[0-9a-f]{64}( \\)?)+(\n    #.*)*")


def _entries(lock: Path) -> list[str]:
    return re.split(r"\n(?=[a-z0-9])", lock.read_text("utf-8").strip())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_pinned_with_hashes(lock: Path) -> None:
    entries = _entries(lock)
    assert len(entries) > 5
    assert [entry.partition("\n")[0] for entry in entries if not _ENTRY.fullmatch(entry)] == []


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=lambda lock: lock.parents[1].name)
def test_every_package_of_node_is_pinned_with_a_hash(lock: Path) -> None:
    packages = {name: found for name, found in json.loads(lock.read_text("utf-8"))["packages"].items() if name}
    assert len(packages) > 5
    bundled = {name for name, found in packages.items() if found.get("inBundle")}
    assert [name for name in packages.keys() - bundled if not packages[name]["integrity"].startswith("sha512-")] == []


def test_what_the_project_needs_is_locked() -> None:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    pinned = {re.split(r"[=\[]", entry)[0] for entry in _entries(ROOT / "requirements.lock")}
    assert {re.split(r"[>=\[;]", name)[0].strip() for name in wanted} <= pinned
    wanted_by_relay = project["project"]["optional-dependencies"]["outbox"]
    pinned = {re.split(r"[=\[]", entry)[0] for entry in _entries(ROOT / "requirements-outbox.lock")}
    assert {re.split(r"[>=\[;]", name)[0].strip() for name in wanted_by_relay} <= pinned
    wanted_by_tests = project["project"]["optional-dependencies"]["dev"]
    pinned = {re.split(r"[=\[]", entry)[0] for entry in _entries(ROOT / "requirements-dev.lock")}
    assert {re.split(r"[>=\[;]", name)[0].strip() for name in wanted_by_tests} <= pinned


def test_pip_is_told_to_check_the_hashes() -> None:
    for path in (ROOT / "Makefile", ROOT / "tests" / "peers" / "environments.py"):
        for line in path.read_text("utf-8").splitlines():
            if '"-r"' in line or " -r " in line:
                assert "--require-hashes" in line, f"{path.name}: {line.strip()}"
    assert "--no-build-isolation" in (ROOT / "Makefile").read_text("utf-8"), "the build back end is locked too"
