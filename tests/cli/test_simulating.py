"""The verb `simulate`: what it writes, what it refuses, and its exit codes."""

import json
import re
import sys
from xml.etree import ElementTree as ET

import pytest

from cli.main import main
from flight.adherence import measure_adherence
from flight.log import read_tlog, read_track
from flight.verdict import sha256_of
from missions.mission_json import write_sortie
from missions.qgc_plan import write_plan
from tests.simulations.gates import gate_sortie

SORTIE = gate_sortie()
TWO = """
[[scenario]]
name = "breeze"
expects = "completed"

[[scenario]]
name = "link loss"
expects = "home"
fault = "link"
for_s = 20.0
"""
ONE = '[[scenario]]\nname = "calm"\nexpects = "completed"\nwind_m_s = 0.0\n'


def run(*arguments):
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as stop:
        patch.setattr(sys, "argv", ["aerogrid", *map(str, arguments)])
        main()
    return int(stop.value.code or 0)


def said(capsys):
    return re.sub(r"\s+", " ", capsys.readouterr().err)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    mission = folder / "T-1.mission.json"
    write_sortie(mission, SORTIE)
    (folder / "two.toml").write_text(TWO)
    (folder / "one.toml").write_text(ONE)
    options = ("--scenario", folder / "two.toml", "--wind", "4,90", "--out", folder / "out")
    reports = ("--junit", folder / "out.xml", "--html", folder / "report")
    assert run("simulate", mission, *options, *reports) == 0
    return folder


def test_each_flight_leaves_log_and_track_and_the_file_a_verdict(simulated):
    out = simulated / "out" / "T-1"
    assert {path.name for path in out.iterdir()} == {"breeze", "link-loss", "verdict.json"}
    for name in ("breeze", "link-loss"):
        files = {path.name for path in (out / name).iterdir()}
        assert files == {"flight.tlog", "track.parquet", "camera_events.csv"}
    verdict = json.loads((out / "verdict.json").read_text())
    assert verdict["mission_sha256"] == sha256_of(simulated / "T-1.mission.json")
    assert (verdict["completed"], verdict["passed"]) == (True, True)
    assert verdict["scenarios"] == {"breeze": True, "link loss": True}
    assert (verdict["seed"], verdict["wind_m_s"], verdict["wind_from_deg"]) == (1, 4.0, 90.0)
    track = read_track(out / "breeze")
    assert track == read_tlog(out / "breeze" / "flight.tlog").track
    rms_m = measure_adherence(SORTIE, track).rms_m
    assert verdict["cross_track_rms_m"] == pytest.approx(rms_m, abs=1e-3)


def test_the_reports_are_where_they_were_asked_for(simulated):
    assert ET.parse(simulated / "out.xml").getroot().get("failures") == "0"
    assert "<svg" in (simulated / "report" / "index.html").read_text(encoding="utf-8")


def test_a_flight_that_fails_is_exit_code_3_and_named(simulated, tmp_path, capsys):
    (tmp_path / "low.toml").write_text("[planning]\nceiling_agl_m = 25.0\nheight_agl_m = 20.0\n")
    options = ("--scenario", simulated / "one.toml", "--config", tmp_path / "low.toml", "--json")
    assert run("simulate", simulated / "T-1.mission.json", "--out", tmp_path / "o", *options) == 3
    (flight,) = json.loads(capsys.readouterr().out)["flights"]
    assert [c["name"] for c in flight["checks"] if c["passed"] is False] == ["ceiling"]
    assert json.loads((tmp_path / "o" / "T-1" / "verdict.json").read_text())["passed"] is False


def test_a_real_vehicle_is_not_armed_for_a_plan_that_failed(simulated, tmp_path, capsys):
    (tmp_path / "low.toml").write_text("[planning]\nceiling_agl_m = 25.0\nheight_agl_m = 20.0\n")
    mission = simulated / "T-1.mission.json"
    options = ("--scenario", simulated / "one.toml", "--config", tmp_path / "low.toml")
    assert run("simulate", mission, "--out", tmp_path / "o", *options) == 3
    order = ("fly", mission, "--link", "tcp:127.0.0.1:1", "--arm", "--simulated", tmp_path / "o")
    assert run(*order) == 1
    assert "did not keep to its limits (calm: ceiling)" in said(capsys)


def test_a_foreign_file_gets_a_verdict_too_and_what_is_written_is_told(simulated, tmp_path, capsys):
    write_plan(tmp_path / "field 7.plan", SORTIE)
    options = ("--scenario", simulated / "one.toml", "--drone", "sim-quad")
    junit = tmp_path / "out.xml"
    out = ("--out", tmp_path / "out", "--junit", junit)
    assert run("simulate", tmp_path, *out, *options) == 0
    told = re.sub(r"\s", "", capsys.readouterr().err)
    assert f"written:{tmp_path / 'out'}" in told
    assert f"written:{junit}" in told
    verdict = json.loads((tmp_path / "out" / "field 7" / "verdict.json").read_text())
    assert verdict["mission_sha256"] == sha256_of(tmp_path / "field 7.plan")


def test_no_folder_is_replaced_that_no_simulation_wrote(simulated, tmp_path, capsys):
    log = tmp_path / "T-1" / "flight.tlog"
    log.parent.mkdir()
    log.write_bytes(b"of a real flight")
    assert run("simulate", simulated / "T-1.mission.json", "--out", tmp_path) == 1
    assert "flight.tlog, which no simulation wrote" in said(capsys)
    assert log.read_bytes() == b"of a real flight"


def test_two_files_of_one_sortie_are_not_simulated_over_each_other(simulated, tmp_path, capsys):
    twin = tmp_path / "twin.mission.json"
    twin.write_bytes((simulated / "T-1.mission.json").read_bytes())
    assert run("simulate", simulated / "T-1.mission.json", twin, "--out", tmp_path / "s") == 1
    assert "both hold sortie T-1" in said(capsys)


@pytest.mark.parametrize("wind", ["strong", "-1", "-1,90", "5,400", "nan,0", "5,90,1", "30"])
def test_a_wind_that_is_none_is_a_usage_error(simulated, tmp_path, wind):
    assert run("simulate", simulated / "T-1.mission.json", "--out", tmp_path, f"--wind={wind}") == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--backend", "x-plane"], 2, "builtin, ardupilot or px4"),
        (["--backend", "ardupilot", "--arducopter", "/nowhere/arducopter"], 1, "is no program"),
        (["--scenario", "none.toml"], 1, "none.toml: cannot be read"),
    ],
)
def test_what_cannot_be_used_is_explained(
    simulated, tmp_path, monkeypatch, capsys, arguments, code, words
):
    monkeypatch.chdir(tmp_path)
    order = ("simulate", simulated / "T-1.mission.json", "--scenario", simulated / "one.toml")
    assert run(*order, *arguments) == code
    assert words in said(capsys)


def test_one_file_that_cannot_be_read_does_not_stop_the_others(simulated, tmp_path, capsys):
    plans = tmp_path / "plans"
    plans.mkdir()
    (plans / "T-1.mission.json").write_bytes((simulated / "T-1.mission.json").read_bytes())
    (plans / "A-broken.mission.json").write_text("{")
    options = ("--scenario", simulated / "one.toml", "--out", tmp_path / "o")
    reports = ("--junit", tmp_path / "out.xml", "--html", tmp_path / "report", "--json")
    assert run("simulate", plans, *options, *reports) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is False
    assert [flight["passed"] for flight in document["flights"]] == [True]
    (unread,) = document["unread"]
    root = ET.parse(tmp_path / "out.xml").getroot()
    assert (root.get("errors"), root.get("failures")) == ("1", "0")
    (error,) = root.iter("error")
    assert error.text == error.get("message") == unread["error"]
    assert "A-broken.mission.json" in error.text
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "A-broken.mission.json" in page
    assert 'class="verdict good"' in page.split("<main>")[1]
    assert 'class="verdict bad"' in page.split("<main>")[0]


def test_without_any_file_that_can_be_read_it_stops_and_says_why(simulated, tmp_path, capsys):
    (tmp_path / "broken.plan").write_text("{")
    junit = tmp_path / "out.xml"
    assert run("simulate", tmp_path, "--out", tmp_path / "o", "--junit", junit) == 1
    assert "broken.plan" in said(capsys)
    assert ET.parse(junit).getroot().get("errors") == "1"
    assert not (tmp_path / "o").exists()
