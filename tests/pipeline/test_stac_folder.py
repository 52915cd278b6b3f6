"""One catalogue leads to all patrols of a folder, their photos and their cases."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from cli.main import main
from pipeline import reporting
from pipeline.errors import PipelineError
from pipeline.settings import Settings
from pipeline.stac_folder import gather_stac
from pipeline.workspace import Workspace
from tests.pipeline.test_reporting import BUILDING, SMOKE, patrol

__all__ = ["patrol"]

pystac = pytest.importorskip("pystac", reason="pystac is not installed (extra dev)")


def run(monkeypatch: pytest.MonkeyPatch, folder: Path) -> int:
    monkeypatch.setattr(sys, "argv", ["aerogrid", "stac", str(folder)])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


def test_all_patrols_of_a_folder_are_reached_from_its_catalogue(
    patrol: Workspace, monkeypatch, capsys
):
    out = patrol.root.parent
    reporting.report(patrol, Settings())
    shutil.copytree(patrol.root, out / "tuesday")
    (out / "notes").mkdir()  # no patrol, and nobody's business
    assert run(monkeypatch, out) == 0
    assert "2 patrols in" in capsys.readouterr().out
    catalog = pystac.Catalog.from_file(str(out / "catalog.json"))
    catalog.validate()
    children = list(catalog.get_children())
    assert [Path(child.get_self_href()).parents[2].name for child in children] == [
        "patrol", "tuesday",
    ]  # fmt: skip
    items = [item for item in catalog.get_items(recursive=True)]
    assert [item.id for item in items] == ["p", "a", "b", "c", BUILDING, SMOKE] * 2
    moved = shutil.move(out, out.with_name("elsewhere"))
    again = pystac.Catalog.from_file(str(Path(moved) / "catalog.json"))
    assert len(list(again.get_items(recursive=True))) == len(items)


def test_a_patrol_without_a_report_is_named(patrol: Workspace, monkeypatch, capsys):
    out = patrol.root.parent
    with pytest.raises(PipelineError, match="holds no patrol with a catalogue"):
        gather_stac(out)
    assert not (out / "catalog.json").exists()
    shutil.copytree(patrol.root, out / "tuesday")
    reporting.report(patrol, Settings())
    assert run(monkeypatch, out) == 3
    told = " ".join(capsys.readouterr().err.split())
    assert "tuesday: has no catalogue" in told
    assert len(list(pystac.Catalog.from_file(str(out / "catalog.json")).get_children())) == 1
    reporting.report(Workspace(out / "tuesday"), Settings())
    assert gather_stac(out).patrols == ("patrol", "tuesday")


@pytest.mark.parametrize("text", ["[]", '{"type": "Catalog", "id": "mine"}'])
def test_a_catalogue_of_somebody_else_is_not_written_over(patrol: Workspace, text: str):
    reporting.report(patrol, Settings())
    path = patrol.root.parent / "catalog.json"
    path.write_text(text)
    with pytest.raises(PipelineError, match=r"catalog\.json: was not written"):
        gather_stac(path.parent)
    assert json.loads(path.read_text()) == json.loads(text)
