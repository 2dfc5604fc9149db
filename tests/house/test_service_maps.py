"""Goal: the docstring of each package's folder is its map: it names every module and folder in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.imports import SOURCE

ONEBOX = SOURCE / "onebox"
SERVICES = [path for path in sorted((ONEBOX / "services").iterdir()) if (path / "service.py").is_file()]
MAPPED = [*SERVICES, ONEBOX / "storage"]
_NOT_LISTED = {"__init__", "__main__"}


@pytest.mark.parametrize("folder", MAPPED, ids=lambda folder: folder.name)
def test_the_map_of_a_folder_names_every_module_and_folder(folder: Path) -> None:
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    named = set(re.findall(r"\w+(?=\.py|/)", text))
    modules = {path.stem for path in folder.glob("*.py")} - _NOT_LISTED
    folders = {path.name for path in folder.iterdir() if path.name != "__pycache__" and any(path.glob("*.*"))}
    assert not (modules | folders) - named, f"the map of {folder.name} leaves out modules"
    stale = set(re.findall(r"(?m)^ {4,}?(\w+)\.py", text)) - modules
    assert not stale, f"the map of {folder.name} names modules that are gone"
