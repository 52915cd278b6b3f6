"""Benchmarks run seldom; that the names they import are still there is seen each time."""

from importlib import import_module
from pkgutil import iter_modules

import pytest

import benchmarks


@pytest.mark.parametrize("name", [module.name for module in iter_modules(benchmarks.__path__)])
def test_benchmark_can_be_imported(name: str) -> None:
    if name != "__main__":
        assert import_module(f"benchmarks.{name}").__doc__
