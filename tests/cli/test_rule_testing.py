"""`aerogrid rules test` tells which rules fire at a place, and why the others do not."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pytest

from cases.rule_files import load_rulebook
from cases.rules import Rulebook
from cli.main import main
from pipeline.inputs import Inputs, write_inputs
from pipeline.workspace import Workspace
from tests.cases.world import square
from vision.frame_table import write_frames
from vision.model import Frame

PERMIT = square(100, 100, 40)


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    path = tmp_path / "zones.gpkg"
    for layer, polygon in (("permitted", PERMIT), ("farmland", square(-200, 0, 300))):
        gpd.GeoDataFrame(geometry=[polygon], crs=4326).to_file(path, layer=layer)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["aerogrid", "rules", "test", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def at(x_m: float, y_m: float) -> str:
    place = square(x_m, y_m).centroid
    return f"{place.x},{place.y}"


def test_a_house_on_its_permit_fires_nothing_and_beside_it_the_rule(
    zones: Path, monkeypatch, capsys
):
    told = {}
    for name, place in (("on", at(100, 100)), ("beside", at(200, 100))):
        given = ("--class", "building", "--at", place, "--zones", zones, "--json")
        assert run(monkeypatch, *given) == 0
        told[name] = json.loads(capsys.readouterr().out)["told"]
    [on], [beside] = told["on"], told["beside"]
    assert (on["rule"], on["fires"]) == ("building-outside-permit", False)
    assert on["why"][0]["en"].startswith("100% in permitted footprints")
    assert (beside["fires"], beside["to_check"]) == (True, False)


def test_a_flame_out_of_doubt_is_told_with_its_department(zones: Path, monkeypatch, capsys):
    given = ("--class", "flame", "--at", at(-200, 0), "--zones", zones, "--area", 2)
    assert run(monkeypatch, *given, "--seen", "2026-06-10T10:00+08:00") == 0
    told = capsys.readouterr().out
    assert "flame-on-farmland: fires (to check)" in told  # no layer of industrial zones
    assert "Ecology and environment" in told
    assert "40 minutes" in told
    rulebook: Rulebook = load_rulebook()
    assert all(rule.id in told for rule in rulebook.rules)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--class", "castle", "--at", "120,32"), "choose one of building"),
        (("--class", "flame", "--at", "120"), "--at 120: give longitude,latitude"),
        (("--class", "flame", "--at", "320,32"), "give longitude,latitude"),
        (("--class", "flame", "--at", "120,32", "--seen", "noon"), "ISO time with its zone"),
        (("--class", "flame", "--at", "120,32", "--seen", "2026-06-10T10:00"), "ISO time"),
    ],
)
def test_what_cannot_be_asked_is_explained(given, words: str, monkeypatch, capsys):
    assert run(monkeypatch, *given) == 1
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_patrol_tells_its_day(zones: Path, tmp_path: Path, monkeypatch, capsys):
    patrol = Workspace(tmp_path / "patrol")
    patrol.root.mkdir()
    (tmp_path / "photos").mkdir()
    write_inputs(patrol, Inputs(tmp_path / "photos", zones=zones))
    day = datetime(2026, 6, 10, 2, 0, tzinfo=UTC)
    write_frames(patrol.frames, [Frame("p", "p.jpg", "00", 9, 9, day, None, None, None)])
    given = ("--class", "flame", "--at", at(-200, 0), "--json")
    why = {}
    for name, where in (("patrol", ("--patrol", patrol.root)), ("zones", ("--zones", zones))):
        assert run(monkeypatch, *given, *where) == 0
        why[name] = capsys.readouterr().out
    assert "day unknown" in why["zones"]
    assert "day unknown" not in why["patrol"]
