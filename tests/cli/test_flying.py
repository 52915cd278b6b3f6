"""The verbs `simulate` and `fly`: what they write, and what they refuse to do."""

import json
import re
import sys
from dataclasses import replace

import pytest

from cli.main import main
from flight.adherence import measure_adherence
from flight.fly import FlightResult
from flight.log import read_tlog, read_track
from flight.verdict import sha256_of
from geo.track import Track
from missions.mission_json import write_sortie
from simulations.sitl import running_vehicle
from tests.flight.sorties import HOME, small_sortie

SORTIE = small_sortie()


def run(*arguments):
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as stop:
        patch.setattr(sys, "argv", ["aerogrid", *map(str, arguments)])
        main()
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def flown(tmp_path_factory):
    """A mission file and the folder of its simulated flight."""
    folder = tmp_path_factory.mktemp("flown")
    mission = folder / "T-1.mission.json"
    write_sortie(mission, SORTIE)
    assert run("simulate", mission, "--out", folder / "simulated", "--wind", "4,90") == 0
    return mission, folder / "simulated"


def said(capsys):
    return re.sub(r"\s+", " ", capsys.readouterr().err)


def test_simulate_writes_log_track_and_verdict(flown):
    mission, simulated = flown
    names = {path.name for path in (simulated / "T-1").iterdir()}
    assert names == {"flight.tlog", "track.parquet", "camera_events.csv", "verdict.json"}
    verdict = json.loads((simulated / "T-1" / "verdict.json").read_text())
    assert verdict["mission_sha256"] == sha256_of(mission)
    assert verdict["completed"] is True
    assert (verdict["seed"], verdict["wind_m_s"], verdict["wind_from_deg"]) == (1, 4.0, 90.0)
    track = read_track(simulated / "T-1")
    assert track == read_tlog(simulated / "T-1" / "flight.tlog").track
    rms_m = measure_adherence(SORTIE, track).rms_m
    assert verdict["cross_track_rms_m"] == pytest.approx(rms_m, abs=1e-3)


def test_arming_needs_a_simulated_flight_of_that_very_file(flown, tmp_path, capsys):
    mission, simulated = flown
    changed = tmp_path / "T-1.mission.json"
    write_sortie(changed, replace(SORTIE, speed_m_s=7.9))
    for path, folder in ((mission, tmp_path / "none"), (changed, simulated)):
        code = run("fly", path, "--link", "tcp:127.0.0.1:1", "--arm", "--simulated", folder)
        assert code == 1
        assert "aerogrid simulate" in said(capsys)


def test_a_vehicle_is_armed_for_a_file_that_was_simulated_and_no_log_is_lost(flown, tmp_path):
    mission, simulated = flown
    flights = tmp_path / "flights"
    with running_vehicle(HOME) as vehicle:
        order = ("fly", mission, "--link", vehicle.connection, "--out", flights)
        assert run(*order, "--arm", "--simulated", simulated) == 0
    (folder,) = (flights / "T-1").iterdir()
    assert re.fullmatch(r"flight_\d{8}T\d{6}Z", folder.name)
    assert read_tlog(folder / f"{folder.name}.tlog").landed
    assert (folder / "camera_events.csv").exists()


def test_without_arm_no_vehicle_is_armed(flown, tmp_path, capsys):
    mission, simulated = flown
    with running_vehicle(HOME) as vehicle:
        order = ("fly", mission, "--link", vehicle.connection, "--out", tmp_path)
        assert run(*order, "--simulated", simulated) == 1
    assert "--arm" in said(capsys)


def test_simulate_replaces_no_folder_that_it_did_not_write(flown, tmp_path, capsys):
    mission, _ = flown
    log = tmp_path / "T-1" / "flight.tlog"
    log.parent.mkdir()
    log.write_bytes(b"of a real flight")
    assert run("simulate", mission, "--out", tmp_path) == 1
    assert "flight.tlog, which no simulation wrote" in said(capsys)
    assert log.read_bytes() == b"of a real flight"


def test_two_files_of_one_sortie_are_not_simulated_over_each_other(flown, tmp_path, capsys):
    mission, _ = flown
    twin = tmp_path / "twin.mission.json"
    twin.write_bytes(mission.read_bytes())
    assert run("simulate", mission, twin, "--out", tmp_path / "simulated") == 1
    assert "both hold sortie T-1" in said(capsys)


@pytest.mark.parametrize("wind", ["strong", "5", "-1,90", "5,400", "nan,0", "5,90,1"])
def test_a_wind_that_is_none_is_a_usage_error(flown, tmp_path, wind):
    mission, _ = flown
    assert run("simulate", mission, "--out", tmp_path, f"--wind={wind}") == 2
    assert list(tmp_path.iterdir()) == []


def not_flown(sortie, path, seed, listener, *, wind):
    result = FlightResult(sortie.code, False, "why", Track((), ()), 0.0, (), (), None, path)
    return result, ()


def test_a_flight_without_figures_is_null_in_json_and_a_dash_in_the_table(
    flown, tmp_path, monkeypatch, capsys
):
    mission, _ = flown
    monkeypatch.setattr("simulations.sitl.fly_simulated", not_flown)
    assert run("simulate", mission, "--out", tmp_path, "--json") == 3
    text = capsys.readouterr().out
    (row,) = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert row["cross_track_rms_m"] is None
    assert run("simulate", mission, "--out", tmp_path) == 3
    assert " - " in capsys.readouterr().out
    verdict = json.loads((tmp_path / "T-1" / "verdict.json").read_text())
    assert verdict["completed"] is False


def test_what_became_of_the_vehicle_is_told_when_a_flight_is_stopped(
    flown, tmp_path, monkeypatch, capsys
):
    mission, _ = flown

    def stopped(*_, **__):
        error = KeyboardInterrupt()
        error.add_note("the vehicle was told to return: accepted")
        raise error

    monkeypatch.setattr("cli.flying.fly_sortie", stopped)
    assert run("fly", mission, "--link", "tcp:127.0.0.1:1", "--out", tmp_path) == 130
    assert "told to return: accepted" in said(capsys)
