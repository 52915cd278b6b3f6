"""The verbs from photos to cases, as a person runs them."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cases.registry import Registry
from pipeline.inputs import Inputs
from tests.pipeline.rendered import NOW, make_photos

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Inputs:
    return make_photos(tmp_path_factory.mktemp("data"))


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", "from cli.main import main; main()", *map(str, arguments)]


def aerogrid(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True)


def options(inputs: Inputs) -> list[object]:
    return ["--grids", inputs.cells, "--zones", inputs.zones, "--dem", inputs.dem]


@pytest.fixture(scope="module")
def analysed(inputs, tmp_path_factory) -> tuple[Path, dict]:
    patrol = tmp_path_factory.mktemp("cli") / "patrol"
    done = aerogrid("analyze", inputs.photos, *options(inputs), "--out", patrol, "--json")
    assert done.returncode == 0, done.stderr
    return patrol, json.loads(done.stdout)


def test_analyze_finds_the_boat_and_lists_the_bad_photo(analysed):
    _, told = analysed
    assert told["cases"]["fishing.boat"] == 1
    assert told["located_photos"] == 4
    assert list(told["remarks"]) == ["torn.jpg"]


def test_analyze_again_changes_nothing(analysed, inputs):
    patrol, told = analysed
    before = (patrol / "report" / "cases.geojson").read_bytes()
    again = aerogrid("analyze", inputs.photos, *options(inputs), "--out", patrol, "--json")
    assert json.loads(again.stdout)["cases"] == told["cases"]
    assert (patrol / "report" / "cases.geojson").read_bytes() == before


def test_stage_by_stage_gives_the_same_observations(analysed, inputs, tmp_path):
    patrol, _ = analysed
    steps = [("ingest", inputs.photos, *options(inputs), "--out", tmp_path / "p")]
    steps += [(verb, tmp_path / "p") for verb in ("detect", "locate", "file", "report")]
    for step in steps:
        assert aerogrid(*step).returncode == 0
    for name in ("detections.json", "observations.gpkg"):
        assert (tmp_path / "p" / name).read_bytes() == (patrol / name).read_bytes()


def test_audit_tells_an_intact_registry_from_a_changed_one(inputs, tmp_path):
    patrol = tmp_path / "patrol"
    aerogrid("analyze", inputs.photos, *options(inputs), "--out", patrol)
    with Registry.open(patrol / "cases.sqlite") as registry:
        case = registry.cases()[0]
        registry.decide(
            case.case_no, "confirm", actor="test", expected_version=case.version, now=NOW
        )
    assert aerogrid("audit", patrol).returncode == 0
    connection = sqlite3.connect(patrol / "cases.sqlite")
    with connection:
        connection.execute("UPDATE cases SET score = 0.01")
    connection.close()
    told = aerogrid("audit", patrol)
    assert told.returncode == 1
    assert "BROKEN" in told.stdout


def test_ctrl_c_ends_with_130_and_the_next_run_goes_on(analysed, inputs, tmp_path):
    patrol = tmp_path / "patrol"
    assert aerogrid("ingest", inputs.photos, *options(inputs), "--out", patrol).returncode == 0
    running = subprocess.Popen(
        command("detect", patrol), cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    while running.poll() is None and not (patrol / "detections.part.jsonl").exists():
        os.sched_yield()
    running.send_signal(signal.SIGINT)
    _, told = running.communicate()
    assert running.returncode in (0, 130)  # 0: the search was already over
    if running.returncode == 130:
        assert b"Every file that is there is whole" in told
        assert not (patrol / "detections.json").exists()
    assert aerogrid("detect", patrol).returncode == 0
    whole, _ = analysed
    assert (patrol / "detections.json").read_bytes() == (whole / "detections.json").read_bytes()
