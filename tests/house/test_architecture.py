"""Goal: the trees and paths in ARCHITECTURE.md are those of the files."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.house.imports import SOURCE

TEXT = (SOURCE.parent / "docs" / "ARCHITECTURE.md").read_text("utf-8")
WALK_ROWS_MIN = 10
_is_folder_line = re.compile(r"  (\w+)/(?: |$)").match
_row = re.compile(r"^\| .+ \| `(src/[^`]+)` \|$", re.MULTILINE)


def _tree(package: str) -> list[str]:
    """The lines below the package's name in its tree."""
    _, _, rest = TEXT.partition(f"```\n{package}/\n")
    tree, _, _ = rest.partition("```")
    assert tree, f"ARCHITECTURE.md has no tree of {package}"
    return tree.splitlines()


def _folders(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each folder of the tree with the names on the lines below it."""
    folder, names = "", list[str]()
    for line in lines:
        found = _is_folder_line(line)
        if found is None:
            names += line.split()
            continue
        yield folder, names
        folder, names = found[1], []
    yield folder, names


def test_the_tree_of_orders_lists_every_module_and_folder() -> None:
    package = SOURCE / "orders"
    listed = {folder: sorted(names) for folder, names in _folders(_tree("orders"))}
    actual = {"": [*(path.name for path in package.glob("*.py") if not path.stem.startswith("__")), "template.yaml"]}
    for folder in (path for path in package.iterdir() if (path / "__init__.py").is_file()):
        modules = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
        inner = [f"{path.name}/" for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"]
        actual[folder.name] = sorted(modules + inner)
    assert listed == {folder: sorted(names) for folder, names in actual.items()}


def test_the_tree_of_onebox_lists_every_folder_and_module_at_its_top() -> None:
    package = SOURCE / "onebox"
    listed = {
        name.rstrip("/")
        for line in _tree("onebox")
        if re.match(r"  \w", line)
        for name in re.split(r"\s{2,}", line.strip())[0].split()
    }
    modules = {path.name for path in package.glob("*.py") if not path.stem.startswith("__")}
    folders = {path.name for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert listed == modules | folders


def test_the_walk_has_its_rows() -> None:
    assert len(_row.findall(TEXT)) >= WALK_ROWS_MIN


@pytest.mark.parametrize("path", _row.findall(TEXT))
def test_the_walk_leads_to_files_that_exist(path: str) -> None:
    assert (SOURCE.parent / path).is_file()
