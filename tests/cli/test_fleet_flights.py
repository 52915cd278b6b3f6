"""A day over three built-in vehicles, as a person flies it; one of them fails."""

import json

import pytest

from cli.fleet_flights import _tell
from flight.day_list import ListedFlight
from flight.fleet import Outcome
from flight.fly import FlightResult
from flight.journal import Journal
from flight.log import read_tlog
from flight.plan_file import PlanFile
from flight.trouble import Kind, Trouble
from geo.track import Track
from missions.mission_json import write_sortie
from simulations.sitl import running_vehicle
from tests.cli.test_flying import run, said
from tests.flight.fleets import sortie_at


@pytest.fixture
def day(tmp_path):
    """F1 and F2 come too close to each other, F3 is far away; N flies F1 and F4, S F2, W F3."""
    for code, east_m in (("F1", 0), ("F2", 30), ("F3", 900), ("F4", 0)):
        write_sortie(tmp_path / "missions" / f"{code}.mission.json", sortie_at(code, east_m))
    rows = ("F1,N", "F2,S", "F3,W", "F4,N")
    (tmp_path / "day.csv").write_text("\n".join(("flight,drone", *rows)))
    return tmp_path


def vehicles(folder, **links):
    path = folder / "vehicles.toml"
    path.write_text("".join(f'[[vehicle]]\nname="{n}"\nlink="{v}"\n' for n, v in links.items()))
    return path


def lines(folder, what):
    (path,) = (folder / "flights").glob("fleet_*.jsonl")
    return [m for line in path.read_text().splitlines() if (m := json.loads(line))["what"] == what]


def test_three_built_in_vehicles_fly_a_day_apart_from_each_other(day, capsys):
    path = vehicles(day, N="simulated", S="simulated", W="simulated")
    order = ("fly", day / "missions", "--fleet", day / "day.csv", "--vehicles", path)
    assert run(*order, "--out", day / "flights", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [(f["sortie"], f["completed"], f["photos"]) for f in told["flights"]] == [
        ("F1", True, 10), ("F2", True, 10), ("F3", True, 10), ("F4", True, 10),
    ]  # fmt: skip
    logs = {p.parent.parent.name: read_tlog(p) for p in (day / "flights").rglob("*.tlog")}
    assert all(log.landed for log in logs.values())
    waits = {(line["sortie"], line["text"].split(":")[0]) for line in lines(day, "waits")}
    assert waits <= {(a, f"{a} and {b}") for a in ("F1", "F2", "F4") for b in ("F1", "F2", "F4")}
    assert lines(day, "too close") == []


def test_one_vehicle_that_fails_does_not_stop_the_others(day, capsys):
    path = vehicles(day, N="tcp:127.0.0.1:1", S="simulated", W="simulated")
    order = ("fly", day / "missions", "--fleet", day / "day.csv", "--vehicles", path, "--arm")
    simulated = day / "simulated"
    (day / "day.csv").write_text("flight,drone\nF1,N\nF3,W\nF4,N")
    for code in ("F1", "F4"):
        mission = day / "missions" / f"{code}.mission.json"
        if code == "F1":
            assert run("simulate", mission, "--out", simulated) == 0
    capsys.readouterr()
    assert run(*order, "--out", day / "flights", "--simulated", simulated, "--json") == 3
    told = {f["sortie"]: f for f in json.loads(capsys.readouterr().out)["flights"]}
    assert told["F3"]["completed"]
    assert "Cannot connect" in told["F1"]["reason"]
    assert "aerogrid simulate" in told["F4"]["reason"]  # its own gate, before anything flew
    assert [line["sortie"] for line in lines(day, "refused")] == ["F4"]


def test_real_vehicles_of_a_fleet_are_armed_only_when_said(day, capsys):
    with running_vehicle(sortie_at("F1", 0).home) as vehicle:
        path = vehicles(day, N=vehicle.connection, S="simulated", W="simulated")
        order = ("fly", day / "missions", "--fleet", day / "day.csv", "--vehicles", path)
        assert run(*order, "--out", day / "flights") == 1
    assert "(--arm)" in said(capsys)
    assert not (day / "flights").exists()


def test_a_fleet_needs_its_vehicles(day):
    assert run("fly", day / "missions", "--fleet", day / "day.csv") == 2


def test_troubles_of_a_days_last_flights_are_told(capsys, tmp_path):
    sortie = sortie_at("F1", 0)
    flight = ListedFlight(PlanFile(tmp_path, sortie, ""), "N", None)
    crash = Trouble(Kind.CRASH, None, "Crash: Disarming", None)
    result = FlightResult(
        "F1", False, "it crashed", Track((), ()), 60.0, (), (), 0.5, tmp_path, troubles=(crash,)
    )
    _tell([flight], [Outcome(flight, result, "it crashed")], Journal(tmp_path / "a"), as_json=False)
    assert "F1: trouble: crash" in capsys.readouterr().err.replace("\n", " ")
