"""Goal: every service of onebox has the same anatomy, so that whoever knows one folder knows them all."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "src" / "onebox" / "services"
FOLDERS = sorted(path for path in SERVICES.iterdir() if (path / "service.py").exists())
REQUIRED = {"service.py", "core.py", "authorization.py", "errors.py", "operations"}
PACKAGES = {"operations", "store"}
"""Parts that are always folders."""
# The ways in which these parts were called once, or are called elsewhere.
REPLACED = {
    "store.py": "store/",
    "operations.py": "operations/",
    "access.py": "authorization.py",
    "resources.py": "authorization.py",
    "actions.py": "authorization.py",
    "sweeping.py": "background.py",
    "sweeper.py": "background.py",
    "pollers.py": "background/",
    "exceptions.py": "errors.py",
    "constants.py": "limits.py",
    "types.py": "model.py",
    "utils.py": "a module named after what it decides",
    "helpers.py": "a module named after what it decides",
}
SEAM = ("gateway/pipeline.py", "services/registry.py", "services/catalog.py", "engine.py")


def _parts(folder: Path) -> set[str]:
    """Modules and packages; what is no Python (data, a child's own files) is not part of the anatomy."""
    modules = {path.name for path in folder.glob("*.py") if path.name != "__init__.py"}
    return modules | {path.parent.name for path in folder.glob("*/__init__.py")}


def _imports(path: Path) -> list[str]:
    """What a module imports, type-only imports included."""
    names = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_service_has_the_parts_of_every_service(folder: Path) -> None:
    parts = _parts(folder)
    assert not REQUIRED - parts
    assert not {name: REPLACED[name] for name in parts if name in REPLACED}
    assert not {name for name in PACKAGES if f"{name}.py" in parts}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_map_of_a_service_names_every_part(folder: Path) -> None:
    map_of_folder = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    missing = [name for name in sorted(_parts(folder)) if name.removesuffix(".py") not in map_of_folder]
    assert not missing, "the docstring of __init__.py is the map of the folder"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_operations_are_one_table(folder: Path) -> None:
    package = importlib.import_module(f"onebox.services.{folder.name}.operations")
    names = list(package.OPERATIONS)
    assert names
    assert all(name[:1].isupper() for name in names), "AWS's names"


def test_only_the_catalog_imports_a_service() -> None:
    source = SERVICES.parent
    faces = {f"onebox.services.{folder.name}.service" for folder in FOLDERS}
    wrong = [
        f"{path.relative_to(source)} imports {name}"
        for path in source.rglob("*.py")
        if path != SERVICES / "catalog.py"
        for name in _imports(path)
        if name in faces
    ]
    assert not wrong, "operations take the core, never the service"


@pytest.mark.parametrize("name", SEAM)
def test_the_seam_is_typed(name: str) -> None:
    """No getattr, no cast, no handler of type Any between gateway and services."""
    tree = ast.parse((SERVICES.parent / name).read_text("utf-8"))
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not {"getattr", "setattr", "hasattr", "cast"} & set(calls)
    annotations = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, (ast.Subscript, ast.AnnAssign))]
    assert not [text for text in annotations if "Callable[..., Any]" in text or "Callable[[Any" in text]
