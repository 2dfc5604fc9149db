"""Goal: no module and no folder imports itself by a detour, type-only imports counted."""

from __future__ import annotations

import pytest

from tests.house.imports import find_circles, folder_graph, import_graph


def test_find_circles_names_each_circle_once_and_nothing_else() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a", "d"}, "g": set[str]()}
    assert sorted(find_circles(graph)) == [["a", "b", "c"], ["d", "e"]]


@pytest.mark.parametrize("package", ["orders", "onebox"])
def test_no_module_imports_itself_by_a_detour(package: str) -> None:
    assert not find_circles(import_graph(package))


@pytest.mark.parametrize("package", ["orders", "onebox"])
def test_no_folder_imports_itself_by_a_detour(package: str) -> None:
    assert not find_circles(folder_graph(import_graph(package)))
