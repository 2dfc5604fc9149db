"""Goal: the benchmarks, which no test runs, at least start."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import tests.bench

MODULES = sorted(module.name for module in pkgutil.iter_modules(tests.bench.__path__, "tests.bench."))


@pytest.mark.parametrize("module", MODULES)
def test_a_benchmark_finds_all_that_it_imports(module: str) -> None:
    assert importlib.import_module(module).__doc__
