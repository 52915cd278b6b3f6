"""The verb `fly`: what it writes, and what it refuses to do."""

import json
import re
import sys
from dataclasses import replace

import geopandas as gpd
import pytest

from cli.flights import Gates
from cli.main import main
from flight.errors import RefusedError
from flight.log import read_tlog
from flight.plan_file import read_plan
from flight.verdict import content_sha256, sha256_of
from geo.pose import GeoPoint
from missions.mission_json import read_sortie, write_sortie
from simulations.sitl import running_vehicle
from tests.flight.sorties import HOME, area, lonlat
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
    assert run("simulate", mission, "--out", folder / "simulated", "--wind", "5,90") == 0
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
        words = re.sub(r"\s", "", said(capsys))
        assert f"aerogridsimulate{path}--out{folder}`" in words


def test_a_file_that_is_replaced_after_it_was_read_is_not_what_is_flown(flown, tmp_path):
    """What is checked, hashed and flown are the bytes that were read."""
    mission, simulated = flown
    path = tmp_path / "T-1.mission.json"
    path.write_bytes(mission.read_bytes())
    plan = read_plan(path)
    write_sortie(path, replace(SORTIE, items=SORTIE.items[:3]))
    Gates(simulated).require(plan)
    assert plan.sortie == read_sortie(mission)
    with pytest.raises(RefusedError):
        Gates(simulated).require(read_plan(path))


def test_arming_needs_the_shipped_scenarios_the_plans_wind_and_the_same_dem(
    flown, tmp_path, capsys
):
    mission, simulated = flown
    (tmp_path / "calm.toml").write_text(
        '[[scenario]]\nname = "calm"\nexpects = "completed"\nwind_m_s = 6.0\n'
    )
    own = tmp_path / "own"
    assert run("simulate", mission, "--out", own, "--scenario", tmp_path / "calm.toml") == 0
    order = ("fly", mission, "--link", "tcp:127.0.0.1:1", "--arm", "--simulated")
    assert run(*order, own) == 1
    assert "were not all passed as they are: calm, wind, gusts" in said(capsys)
    windy = tmp_path / "T-1.mission.json"
    write_sortie(windy, replace(SORTIE, wind_m_s=5.5))
    verdict = json.loads((simulated / "T-1" / "verdict.json").read_text())
    (tmp_path / "T-1").mkdir()
    verdict["mission_sha256"] = sha256_of(windy)
    verdict["content_sha256"] = content_sha256(verdict)
    (tmp_path / "T-1" / "verdict.json").write_text(json.dumps(verdict))
    assert run("fly", windy, *order[2:], tmp_path) == 1
    assert "5.5 m/s are needed" in said(capsys)


def test_arming_needs_a_file_that_passes_check(tmp_path, capsys):
    """Nobody may fly 200 m above the ground."""
    mission = tmp_path / "T-1.mission.json"
    items = tuple(
        replace(item, altitude_m=200.0) if item.command in (16, 22) else item
        for item in SORTIE.items
    )
    high = replace(SORTIE, items=items, height_home_m=200.0, ceiling_home_m=220.0)
    write_sortie(mission, high)
    order = ("fly", mission, "--link", "tcp:127.0.0.1:1", "--simulated", tmp_path / "simulated")
    assert run(*order, "--arm") == 1
    assert "does not pass `aerogrid check`" in said(capsys)


def test_arming_needs_what_check_is_told_about_the_place_as_well(flown, tmp_path, capsys):
    mission, simulated = flown
    zones = tmp_path / "zones.geojson"
    frame = gpd.GeoDataFrame(
        {"kind": ["no-fly"], "name": ["school"]}, geometry=[area(30, 60, 40, 80)], crs=4326
    )
    frame.to_file(zones, driver="GeoJSON")
    order = ("fly", mission, "--link", "tcp:127.0.0.1:1", "--simulated", simulated, "--arm")
    assert run(*order, "--airspace", zones) == 1
    assert "does not pass `aerogrid check`" in said(capsys)


def test_a_preflight_report_changes_and_arms_nothing(flown, tmp_path, capsys):
    mission, _ = flown
    with running_vehicle(HOME) as vehicle:
        order = ("fly", mission, "--link", vehicle.connection, "--preflight")
        assert run(*order, "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert run(*order) == 0
    table = re.sub(r"\s+", " ", capsys.readouterr().out)
    points = {point["name"]: point for point in told["points"]}
    assert told["passed"] is True
    assert points["fence"]["status"] == "warning"
    assert "switched off (FENCE_ENABLE)" in points["fence"]["found"]
    assert points["battery"]["status"] == "ok"
    assert "T-1: fit to fly" in table


def test_a_preflight_report_of_a_vehicle_that_is_elsewhere_fails(flown, capsys):
    mission, _ = flown
    with running_vehicle(GeoPoint(*lonlat(400, 0), 3.0)) as vehicle:
        assert run("fly", mission, "--link", vehicle.connection, "--preflight", "--json") == 3
    told = json.loads(capsys.readouterr().out)
    (home,) = [point for point in told["points"] if point["name"] == "home"]
    assert home["status"] == "failed"
    assert "400 m from the home" in home["found"]


def test_fly_without_a_link_is_a_usage_error(flown):
    assert run("fly", flown[0]) == 2


def test_a_system_that_is_not_on_the_line_is_told(flown, tmp_path, capsys, monkeypatch):
    mission, _ = flown
    monkeypatch.setattr("flight.link.VEHICLE_WITHIN_S", 1.5)
    with running_vehicle(HOME) as vehicle:
        order = ("fly", mission, "--link", vehicle.connection, "--out", tmp_path, "--system", 7)
        assert run(*order) == 1
    assert "No heartbeat of system 7" in said(capsys)


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
    summary = json.loads((folder / "flight.json").read_text())
    assert (summary["completed"], summary["photos"], summary["troubles"]) == (True, 10, [])
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert [lines[0]["what"], lines[-1]["what"]] == ["begin", "end"]
    assert {"waiting", "upload", "arming", "flight"} <= {line.get("phase") for line in lines}


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

    monkeypatch.setattr("cli.flights.fly_sortie", stopped)
    assert run("fly", mission, "--link", "tcp:127.0.0.1:1", "--out", tmp_path) == 130
    assert "told to return: accepted" in said(capsys)


@pytest.mark.parametrize(
    ("link", "words"),
    [("bogus", "A link is tcp:HOST:PORT, udpin:HOST:PORT"), ("tcp:127.0.0.1:1", "Cannot connect")],
)
def test_a_flight_that_cannot_connect_leaves_no_folder(flown, tmp_path, capsys, link, words):
    mission, _ = flown
    (tmp_path / "other").mkdir()
    assert run("fly", mission, "--link", link, "--out", tmp_path / "flights") == 1
    assert words in said(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_what_was_there_before_a_flight_that_cannot_connect_stays(flown, tmp_path):
    mission, _ = flown
    (tmp_path / SORTIE.code).mkdir()
    assert run("fly", mission, "--link", "tcp:127.0.0.1:1", "--out", tmp_path) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / SORTIE.code]
