"""The command line: verbs, help, messages and exit codes as docs/cli.md has them."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from cli.main import main
from cli.verbs import app
from pipeline.places import SCHEMES
from pipeline.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
VERBS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
SQUARE = [[120.13, 32.51], [120.133, 32.51], [120.133, 32.513], [120.13, 32.513], [120.13, 32.51]]


def cells_file(folder: Path, codes: list[str]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": f"cell {code}"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[lon + 0.004 * index, lat] for lon, lat in SQUARE]],
            },
        }
        for index, code in enumerate(codes)
    ]
    path = folder / "cells.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["aerogrid", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself_with_an_example(verb, monkeypatch, capsys):
    assert run(monkeypatch, verb, "--help") == 0
    told = capsys.readouterr().out
    assert f"aerogrid {verb}" in told
    assert "[]" not in told  # what the markup of the help leaves of [[sources]]


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_in_the_docs_once(verb):
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8").count(f"| `{verb}` |") == 1


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "given",
    [
        ["photos", "retire", "{}", "--before", "2025-01-01T00:00Z", "--yes"],
        ["photos", "add", "here", "{}"], ["photos", "find", "--at=1,2", "--index={}"],
        ["file", "{}"], ["report", "{}"], ["serve", "{}"], ["ingest", "{}", "--out", "here"],
    ],
)  # fmt: skip
def test_urls_are_refused_with_what_to_do_instead(scheme, given, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    url = f"{scheme}://land/patrols/north"
    assert run(monkeypatch, *(part.format(url) for part in given)) == 1
    told = " ".join(capsys.readouterr().err.split())
    assert f"{url}: lies in an object store" in told
    assert "Mount the bucket" in told
    assert list(tmp_path.iterdir()) == []


def setting_names(model: type[BaseModel], prefix: str = "") -> list[str]:
    names = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += setting_names(field.annotation, f"{name}.")
        else:
            names.append(prefix + name)
    return names


@pytest.mark.parametrize("name", setting_names(Settings))
def test_each_setting_is_in_the_docs(name):
    section, _, key = name.partition(".")
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith(f"| `{section}.")]
    assert any(f"`{name}`" in line or f"`{key}`" in line for line in lines)


def test_the_command_line_loads_nothing_heavy():
    heavy = "numpy|shapely|pandas|onnxruntime|sqlalchemy|matplotlib|pymavlink|fastapi"
    listing = f"import sys, cli.verbs; print([m for m in sys.modules if m in {heavy.split('|')!r}])"
    loaded = subprocess.run(
        [sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


AS_MODULE = "import runpy; runpy.run_module('cli.main', run_name='__main__')"
AS_SCRIPT = "from cli.main import main; sys.exit(main())"
INTERRUPTED_AT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["aerogrid", "plan", "--grids", "none.geojson"]
"""


@pytest.mark.parametrize("entry", [AS_MODULE, AS_SCRIPT])
@pytest.mark.parametrize("name", ["cli.verbs", "typer", "rich.console", "geo.errors", "shapely"])
def test_an_interruption_is_told_while_the_program_loads_too(name, entry):
    code = INTERRUPTED_AT.format(name=name) + entry
    stopped = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in stopped.stderr
    assert (stopped.returncode, stopped.stdout) == (130, "")
    assert stopped.stderr == "note: Stopped. Every file that is there is whole.\n"


def test_plan_writes_the_files_of_each_sortie(tmp_path, monkeypatch, capsys):
    cells = cells_file(tmp_path, ["320623101201001", "320623101201002"])
    out = tmp_path / "plans"
    assert run(monkeypatch, "plan", "--grids", cells, "--out", out, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    for sortie in told["sorties"]:
        for suffix in (".plan", ".waypoints", ".mission.json"):
            assert (out / f"{sortie['code']}{suffix}").stat().st_size > 0
    assert {code for sortie in told["sorties"] for code in sortie["cells"]} == {
        "320623101201001",
        "320623101201002",
    }
    assert (out / "320623101201001.png").exists()


def test_planning_twice_gives_the_same_bytes(tmp_path, monkeypatch):
    cells = cells_file(tmp_path, ["320623101201001"])
    out = tmp_path / "plans"
    run(monkeypatch, "plan", "--grids", cells, "--out", out)
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    run(monkeypatch, "plan", "--grids", cells, "--out", out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "--grids", "nowhere.gpkg"], "nowhere.gpkg"),
        (["plan", "--grids", "{cells}", "--drone", "dji-m3x"], "dji-m3e"),
        (["plan", "--grids", "{cells}", "--height", "150"], "above ceiling_agl_m 120"),
        (["plan", "--grids", "{cells}", "--home", "here"], "--home here"),
        (["plan", "--grids", "{cells}", "--home", "32.5,120.1"], "not LAT,LON"),
        (["plan", "--grids", "{cells}", "--cell", "9"], "no cell has the code '9'"),
        (["plan", "--grids", "{cells}", "--config", "none.toml"], "none.toml"),
        (["simulate", "{empty}"], "holds no *.mission.json"),
        (["ingest", "{empty}", "--out", "{full}/patrol"], "holds no photos"),
        (["detect", "{empty}"], "aerogrid ingest"),
        (["serve", "{empty}"], "aerogrid analyze"),
        (["demo", "{full}"], "is not empty and was not made by a demonstration"),
    ],
)
def test_bad_input_is_explained_and_leaves_nothing(arguments, said, tmp_path, monkeypatch, capsys):
    (tmp_path / "empty").mkdir()
    cells = cells_file(tmp_path, ["320623101201001"])
    names = {"cells": cells, "empty": tmp_path / "empty", "full": tmp_path}
    monkeypatch.chdir(tmp_path / "empty")
    code = run(monkeypatch, *(text.format(**names) for text in arguments))
    message = re.sub(r"\s+", " ", capsys.readouterr().err)
    assert code == 1
    assert said in message
    assert list((tmp_path / "empty").iterdir()) == []


def test_plan_never_replaces_a_folder_of_somebody_else(tmp_path, monkeypatch, capsys):
    cells = cells_file(tmp_path, ["320623101201001"])
    (tmp_path / "own.plan").write_text("drawn by hand")
    assert run(monkeypatch, "plan", "--grids", cells, "--out", tmp_path) == 1
    assert "holds cells.geojson, which no plan wrote" in re.sub(
        r"\s+", " ", capsys.readouterr().err
    )
    assert (tmp_path / "own.plan").read_text() == "drawn by hand"


def test_a_plan_without_a_sortie_leaves_the_one_before(tmp_path, monkeypatch):
    cells = cells_file(tmp_path, ["320623101201001"])
    out = tmp_path / "plans"
    run(monkeypatch, "plan", "--grids", cells, "--out", out)
    before = sorted(path.name for path in out.iterdir())
    assert run(monkeypatch, "plan", "--grids", cells, "--out", out, "--home", "121,33") == 1
    assert sorted(path.name for path in out.iterdir()) == before


def test_brackets_in_a_path_are_printed_as_they_are(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "photos[old]"
    folder.mkdir()
    assert run(monkeypatch, "ingest", folder, "--out", tmp_path / "patrol") == 1
    assert "photos[old]" in re.sub(r"\s", "", capsys.readouterr().err)


def test_duplicate_codes_are_refused_by_name(tmp_path, monkeypatch, capsys):
    cells = cells_file(tmp_path, ["320623101201001", "320623101201001"])
    assert run(monkeypatch, "plan", "--grids", cells, "--out", tmp_path / "plans") == 1
    assert "320623101201001" in capsys.readouterr().err
    assert not (tmp_path / "plans").exists()


def test_wrong_arguments_are_a_usage_error(monkeypatch):
    assert run(monkeypatch, "simulate") == 2


def test_the_version_is_that_of_the_package(monkeypatch, capsys):
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.split() == ["aerogrid", metadata.version("aerogrid")]


@pytest.mark.parametrize("verb", ["plan", "simulate"])
def test_a_target_that_cannot_be_written_is_told_before_anything_is_read(
    verb, tmp_path, monkeypatch, capsys
):
    (tmp_path / "file").touch()
    missing = {"plan": ("--grids", tmp_path / "none"), "simulate": (tmp_path / "none",)}[verb]
    assert run(monkeypatch, verb, *missing, "--out", tmp_path / "file" / "out") == 1
    assert "cannot be written" in " ".join(capsys.readouterr().err.split())
