"""The examples in docstrings give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "geo", "missions", "flight", "simulations", "vision",
    "cases", "dispatch", "pipeline", "review", "cli",
)  # fmt: skip
WITH_EXAMPLES = sorted(
    path.relative_to(ROOT).with_suffix("")
    for package in PACKAGES
    for path in (ROOT / package).glob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=str)
def test_examples_hold(path: Path):
    found = doctest.testmod(importlib.import_module(".".join(path.parts)))
    assert found.attempted > 0
    assert found.failed == 0
