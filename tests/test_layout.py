"""Guards of the layout: our top-level packages are ours and carry plain names."""

import importlib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ["geo", "missions", "flight", "vision", "cases", "simulations"]
PACKAGES = [*CORE, "dispatch", "pipeline", "review", "cli"]


@pytest.mark.parametrize("name", PACKAGES)
def test_package_lies_in_this_checkout(name: str) -> None:
    module = importlib.import_module(name)
    assert Path(str(module.__file__)).resolve().parent == ROOT / name


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_distribution_claims_the_name(name: str) -> None:
    owners = set(packages_distributions().get(name, []))
    assert owners <= {"aerogrid"}


@pytest.mark.parametrize("name", PACKAGES)
def test_tests_mirror_the_packages(name: str) -> None:
    assert (ROOT / "tests" / name / "__init__.py").is_file()
    assert list((ROOT / "tests" / name).glob("test_*.py"))
