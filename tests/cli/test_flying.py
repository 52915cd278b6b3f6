"""The verb `fly`: what it writes, and what it refuses to do."""

import re
import sys
from dataclasses import replace

import pytest

from cli.main import main
from flight.log import read_tlog
from missions.mission_json import write_sortie
from simulations.sitl import running_vehicle
from tests.flight.sorties import HOME
from tests.simulations.gates import gate_sortie

SORTIE = gate_sortie()


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
