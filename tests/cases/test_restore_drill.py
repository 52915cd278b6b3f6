"""The drill of docs/operations.md brings a backup back, and says so where that fails."""

import runpy
import shutil
import sys
from pathlib import Path

import pytest

from cases.registry import Registry
from tests.cases.conftest import _execute, patrol_on, tamper
from tests.cases.test_registry import decide, file, first, sights

DRILL = Path(__file__).resolve().parents[2] / "deploy" / "restore_drill.py"


@pytest.fixture
def drill(monkeypatch, capsys):
    """Run the drill on a registry; what it prints, or the error that ends it."""

    def run(registry: str) -> str:
        monkeypatch.setattr(sys, "argv", [str(DRILL), registry])
        try:
            runpy.run_path(str(DRILL), run_name="__main__")
        except SystemExit as end:
            return str(end.code)
        return capsys.readouterr().out

    return run


def filled(where: str, rulebook) -> str:
    with Registry.open(where) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
        decide(registry, first(registry), "reject")
        report = registry.verify_chain()
    return f"{report.events} {report.head}"


def test_a_registry_in_a_file_comes_back(tmp_path, rulebook, drill):
    where = str(tmp_path / "cases.sqlite")
    head = filled(where, rulebook)
    assert drill(where) == f"came back: {head}\n"
    tamper(where, "UPDATE cases SET score = 0.1")
    assert "history is broken" in drill(where)
    assert "none.sqlite: no such file" in drill(str(tmp_path / "none.sqlite"))


def test_a_registry_on_a_server_comes_back(postgresql, rulebook, drill):
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    server, where = (postgresql.format(name=name) for name in ("postgres", "drilled"))
    _execute(server, "CREATE DATABASE drilled TEMPLATE template")
    head = filled(where, rulebook)
    assert drill(where) == f"came back: {head}\n"
    tamper(where, "UPDATE cases SET score = 0.1")
    assert "history is broken" in drill(where)
