"""The gate: what passes, and that everything that it looks at can fail."""

import re
from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from pyproj import CRS

from flight.trouble import Kind
from geo.terrain import RasterTerrain
from missions.drones import drone_named
from missions.errors import MissionError
from missions.model import MissionItem
from missions.qgc_plan import write_plan
from missions.waypoints import write_waypoints
from missions.wpml import write_wpml
from simulations import piloting
from simulations.backends import BuiltIn, Trial
from simulations.gate import verdict_of
from simulations.gate_checks import Check, Limits, judge
from simulations.personas import ARDUPILOT, LAND, PX4, RTL
from simulations.scenarios import Expectation, Fault, Phase, Scenario, shipped_scenarios
from simulations.task import read_task
from tests.flight.sorties import HOME, area, waypoint
from tests.simulations.gates import CALM, DRONE, fly, gate_sortie, task_of

GOOD = gate_sortie()


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calm")
    result, checks = fly(task_of(folder), CALM, folder)
    return result, checks, folder


def test_a_good_plan_passes_every_check(calm):
    result, checks, _ = calm
    assert result.passed, [check.message for check in result.failed]
    assert set(checks) == {
        "completed", "no crash", "fence", "ceiling", "clearance", "reserve", "landed at home",
        "photos", "coverage", "time",
    }  # fmt: skip
    assert all(check.passed for check in checks.values())


def test_the_same_seed_gives_the_same_recording_to_the_last_byte(calm):
    result, _, folder = calm
    first = result.log_path.read_bytes()
    fly(result.trial.task, CALM, folder / "again")
    fly(result.trial.task, CALM, folder / "other", seed=2)
    assert (folder / "again" / "calm" / "flight.tlog").read_bytes() == first
    assert (folder / "other" / "calm" / "flight.tlog").read_bytes() != first


def without_return(sortie):
    return replace(sortie, items=(*sortie.items[:-1], MissionItem(17, 3)))


@pytest.mark.parametrize(
    ("spoiled", "limits", "wrong"),
    [
        (replace(GOOD, fence=area(-60, -60, 150, 90)), {}, "fence"),
        (GOOD, {"ceiling_agl_m": 25.0}, "ceiling"),
        (GOOD, {"clearance_m": 40.0}, "clearance"),
        (replace(GOOD, ceiling_home_m=27.0), {}, "completed"),
        (replace(GOOD, duration_s=2 * GOOD.duration_s), {}, "time"),
        (
            replace(GOOD, photos=(*GOOD.photos, replace(GOOD.photos[0], lon_deg=120.131))),
            {},
            "photos",
        ),
        (
            replace(GOOD, photos=(*GOOD.photos, replace(GOOD.photos[0], lon_deg=120.131))),
            {},
            "coverage",
        ),
    ],
)
def test_each_check_fails_for_a_plan_that_is_wrong_in_it(spoiled, limits, wrong, tmp_path):
    result, checks = fly(task_of(tmp_path, spoiled), CALM, tmp_path, limits=Limits(**limits))
    assert not result.passed
    assert checks[wrong].passed is False


def test_a_mission_that_never_ends_is_given_up(tmp_path):
    loiter = MissionItem(17, 3, altitude_m=30.0)
    endless = replace(GOOD, duration_s=20.0, items=(*GOOD.items[:3], loiter))
    _, checks = fly(task_of(tmp_path, endless), CALM, tmp_path)
    assert checks["completed"].passed is False
    assert "was not over" in checks["completed"].detail


def test_a_mission_that_does_not_begin_with_a_take_off_fails_as_ardupilot_refuses_it(tmp_path):
    first, *others = GOOD.items
    assert first.command == 22
    late = replace(GOOD, items=(waypoint(20, 30), first, *others))
    _, checks = fly(task_of(tmp_path, late), CALM, tmp_path)
    assert "Auto: Missing Takeoff Cmd" in checks["completed"].detail


def mission_planner_file(path, *rows):
    """Rows of frame, command, param1..4, latitude, longitude, height, numbered after home."""
    home = (0, 16, 0, 0, 0, 0, HOME.lat_deg, HOME.lon_deg, 3.0)
    lines = ["\t".join(map(str, (n, int(n == 0), *row, 1))) for n, row in enumerate([home, *rows])]
    path.write_text("\n".join(["QGC WPL 110", *lines]) + "\n")
    return read_task(path, DRONE)


def test_a_file_of_mission_planner_with_all_it_offers_is_flown(tmp_path):
    def at(north_m, command=16, *parameters):
        lat = HOME.lat_deg + north_m * 9e-6
        return (3, command, *parameters, *[0] * (4 - len(parameters)), lat, HOME.lon_deg, 30)

    task = mission_planner_file(
        tmp_path / "all.waypoints",
        (3, 22, 0, 0, 0, 0, 0, 0, 30),
        at(50),
        (3, 203, 0, 0, 0, 0, 1, 0, 0),
        (3, 183, 9, 1100, 0, 0, 0, 0, 0),
        at(80, 19, 5, 0, 20, 1),
        at(100, 18, 1, 0, 20, 1),
        at(0, 201),
        (3, 93, 5, 0, 0, 0, 0, 0, 0),
        (3, 112, 2, 0, 0, 0, 0, 0, 0),
        at(120, 82),
        (3, 177, 10, 1, 0, 0, 0, 0, 0),
        (3, 189, 0, 0, 0, 0, 0, 0, 0),
        (3, 20, 0, 0, 0, 0, 0, 0, 0),
    )
    result, checks = fly(task, CALM, tmp_path)
    assert checks["completed"].passed, checks["completed"].message
    assert result.flight.outcome.photos == 1


def test_a_mission_whose_jumps_never_end_is_refused_by_its_name(tmp_path):
    rows = [(3, 22, 0, 0, 0, 0, 0, 0, 30), (3, 177, 1, -1, 0, 0, 0, 0, 0)]
    with pytest.raises(MissionError, match=r"endless\.waypoints: the mission's jumps"):
        mission_planner_file(tmp_path / "endless.waypoints", *rows)


def test_a_mission_that_the_vehicle_refuses_says_why(tmp_path):
    odd = replace(GOOD, items=(*GOOD.items[:3], MissionItem(530, 2), GOOD.items[-1]))
    result, checks = fly(task_of(tmp_path, odd), CALM, tmp_path)
    assert not result.passed
    assert "a command is not supported" in checks["completed"].detail


def test_a_battery_that_is_too_small_fails_the_reserve(tmp_path):
    task = task_of(tmp_path)
    thirsty = replace(task, drone=replace(task.drone, battery_wh=5.0))
    _, checks = fly(thirsty, CALM, tmp_path)
    assert checks["reserve"].passed is False


def hill(height_m):
    """A dome of ground between the rows, 3 m above the sea at home."""
    rows, columns = np.mgrid[0:200, 0:200]
    values = 3.0 + height_m * np.exp(-((rows - 70.0) ** 2 + (columns - 120.0) ** 2) / 250.0)
    transform = Affine(1e-5, 0, HOME.lon_deg - 1e-3, 0, -1e-5, HOME.lat_deg + 1.5e-3)
    return RasterTerrain(values.astype(np.float32), transform, CRS.from_epsg(4326))


def test_ground_that_rises_into_the_way_is_hit_and_told(tmp_path):
    result, checks = fly(task_of(tmp_path), CALM, tmp_path, terrain=hill(60.0))
    assert checks["no crash"].passed is False
    assert any(text.startswith("Crash") for text in result.flight.outcome.texts)


def test_ground_that_comes_close_fails_the_clearance_only(tmp_path):
    _, checks = fly(task_of(tmp_path), CALM, tmp_path, terrain=hill(22.0))
    assert [name for name, check in checks.items() if check.passed is False] == ["clearance"]


def slope(rise):
    """Ground that rises to the north by so many metres each, 3 m above the sea at home."""
    rows = np.arange(400.0)[:, None] * np.ones((1, 400))
    values = 3.0 + rise * (300.0 - rows) * 1.113
    transform = Affine(1e-5, 0, HOME.lon_deg - 2e-3, 0, -1e-5, HOME.lat_deg + 3e-3)
    return RasterTerrain(values.astype(np.float32), transform, CRS.from_epsg(4326))


@pytest.mark.parametrize("rise", [-0.05, 0.05])
def test_a_landing_on_sloping_ground_ends_as_soon_as_on_level_ground(tmp_path, calm, rise):
    level, _, _ = calm
    result, checks = fly(task_of(tmp_path), CALM, tmp_path, terrain=slope(rise))
    assert checks["landed at home"].passed
    assert checks["time"].passed
    assert result.flight.outcome.duration_s == pytest.approx(
        level.flight.outcome.duration_s, abs=3.0
    )


LOOKED_AT = ("ceiling", "clearance", "coverage")


def test_a_dem_of_another_place_fails_what_it_should_have_shown(tmp_path):
    elsewhere = replace(hill(0.0), transform=Affine.translation(30.0, 0.0) @ hill(0.0).transform)
    result, checks = fly(task_of(tmp_path), CALM, tmp_path, terrain=elsewhere)
    assert [checks[name].passed for name in LOOKED_AT] == [False] * 3
    assert all("DEM does not know" in checks[name].detail for name in LOOKED_AT)
    assert not result.passed


def test_a_hole_in_the_dem_under_the_way_fails(tmp_path):
    ground = hill(0.0)
    ground.values[66:74, :] = np.nan
    _, checks = fly(task_of(tmp_path), CALM, tmp_path, terrain=ground)
    assert [name for name, check in checks.items() if check.passed is False] == [*LOOKED_AT]
    assert "of 10 planned photos" in checks["coverage"].detail


def test_a_battery_that_is_not_told_fails_the_reserve(calm):
    result, _, _ = calm
    trace = result.flight.trace
    silent = replace(trace, battery_share=np.full_like(trace.battery_share, np.nan))
    checks = {check.name: check for check in judge(replace(result.flight, trace=silent))}
    assert checks["reserve"].passed is False
    assert "does not tell its battery" in checks["reserve"].detail


WRITERS = {
    "foreign.plan": write_plan,
    "foreign.waypoints": write_waypoints,
    "foreign.kmz": lambda path, sortie: write_wpml(path, sortie, drone_named("dji-m3e")),
}


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_foreign_files_are_flown_as_they_are(name, tmp_path):
    WRITERS[name](tmp_path / name, replace(GOOD, drone_key="dji-m3e"))
    result, checks = fly(read_task(tmp_path / name, DRONE), CALM, tmp_path)
    assert result.passed, [(check.name, check.message) for check in result.failed]
    assert checks["completed"].passed is True
    assert len(result.flight.trace.exposures) >= 8


@pytest.mark.parametrize(
    ("value", "limit", "told"),
    [
        (0.6211, 10.0, "0.6 % (limit 10)"),
        (94.96, 95.0, "94.96 % (limit 95)"),
        (94.9999, 95.0, "95 % (limit 95)"),
        (27.0, 25.0, "27 % (limit 25)"),
    ],
)
def test_figures_are_told_as_fine_as_they_need_be(value, limit, told):
    assert Check("coverage", None, value, limit, "%").message == told


def test_a_file_that_does_not_say_where_it_begins_is_refused(tmp_path):
    path = tmp_path / "lost.waypoints"
    lines = [
        "QGC WPL 110",
        "0\t1\t0\t16\t0\t0\t0\t0\t0\t0\t0\t1",
        f"1\t0\t0\t16\t0\t0\t0\t0\t{HOME.lat_deg}\t{HOME.lon_deg}\t60\t1",
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(MissionError, match="where the vehicle starts"):
        read_task(path, DRONE)


FAULTS = [
    (Fault.BATTERY, RTL),
    (Fault.GPS, LAND),
    (Fault.LINK, RTL),
    (Fault.RADIO, RTL),
    (Fault.FENCE, RTL),
    (Fault.WIND, RTL),
    (Fault.MOTOR, LAND),
]


@pytest.mark.parametrize(("fault", "mode"), FAULTS)
def test_each_failure_is_recognised_and_ends_as_configured(fault, mode, tmp_path):
    ends = Expectation.LANDED if mode == LAND else Expectation.HOME
    for_s = 30.0 if fault is Fault.LINK else 0.0
    scenario = Scenario("it fails", ends, wind_m_s=2.0, fault=fault, at=Phase.ROW, for_s=for_s)
    result, checks = fly(task_of(tmp_path, long_sortie()), scenario, tmp_path)
    assert checks["recognised"].passed, checks["recognised"].message
    assert checks["answered"].passed, checks["answered"].message
    assert checks["landed"].passed
    assert mode in result.flight.outcome.modes
    in_place = fault in (Fault.WIND, Fault.MOTOR)
    for name in ("landed", "answered"):
        assert ("ordered by the gate in place of an operator" in checks[name].detail) is in_place


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.WIND, r"high wind: .* m/s on average, the drone's limit is .*: told to return"),
        (Fault.MOTOR, r"motor failure is likely: .*: told to land"),
        (Fault.BATTERY, r"left its mission at item \d+ for RTL: .*Battery 1 is low"),
    ],
)
def test_a_mission_broken_off_fails_once_with_its_cause_in_words(fault, words, tmp_path):
    scenario = Scenario("broken off", Expectation.COMPLETED, wind_m_s=2.0, fault=fault)
    result, checks = fly(task_of(tmp_path, long_sortie()), scenario, tmp_path)
    assert [check.name for check in result.failed] == ["completed"]
    assert re.search(words, checks["completed"].message)
    for name in ("photos", "coverage"):
        assert checks[name].passed is None
        assert checks[name].message.startswith("in consequence of `completed`: ")
    assert not result.passed


def long_sortie():
    """The small sortie with a long first row, so that a failure has time to be seen in it."""
    items = list(GOOD.items)
    items[4] = waypoint(20, 420)
    return replace(GOOD, items=tuple(items), fence=area(-60, -60, 150, 520))


@pytest.mark.parametrize("persona", [ARDUPILOT, PX4])
def test_the_gate_flies_home_as_high_as_the_flight_will(persona, tmp_path):
    sortie = replace(long_sortie(), return_height_m=60.0, ceiling_home_m=80.0)
    scenario = Scenario("link", Expectation.HOME, fault=Fault.LINK, for_s=30.0)
    result, _ = fly(task_of(tmp_path, sortie), scenario, tmp_path, BuiltIn(persona))
    assert result.passed, [(check.name, check.message) for check in result.failed]
    assert 59.0 < result.flight.trace.places_m[:, 2].max() < 62.0


def test_a_way_home_above_the_ceiling_fails_in_the_gate_as_it_does_in_a_flight(tmp_path):
    sortie = replace(long_sortie(), return_height_m=90.0, ceiling_home_m=80.0)
    result, checks = fly(task_of(tmp_path, sortie), CALM, tmp_path)
    assert "above its ceiling of 80 m" in checks["completed"].message
    assert not result.flight.outcome.landed


def test_a_failure_that_is_not_recognised_fails_the_flight(tmp_path, monkeypatch):
    monkeypatch.setattr("flight.trouble._PATTERNS", {})
    scenario = Scenario("deaf", Expectation.HOME, fault=Fault.RADIO)
    result, checks = fly(task_of(tmp_path, long_sortie()), scenario, tmp_path)
    assert checks["recognised"].passed is False
    assert not result.passed


def test_a_vehicle_with_the_manners_of_px4_flies_the_same_mission(tmp_path):
    result, _ = fly(task_of(tmp_path), CALM, tmp_path, BuiltIn(PX4))
    assert result.passed, [(check.name, check.message) for check in result.failed]
    assert result.flight.outcome.photos == len(result.flight.trace.exposures) == 10


def test_the_verdict_tells_every_scenario(calm, tmp_path):
    result, _, _ = calm
    scenario = Scenario("link loss", Expectation.HOME, fault=Fault.LINK, for_s=30.0)
    lost, _ = fly(task_of(tmp_path, long_sortie()), scenario, tmp_path)
    verdict = verdict_of([result, lost])
    assert verdict.scenarios == {"calm": True, "link loss": True}
    assert verdict.passed
    assert verdict.completed
    assert not verdict_of([lost]).completed


def test_every_shipped_scenario_can_be_flown(tmp_path):
    task = task_of(tmp_path, long_sortie())
    task = replace(task, planned_s=gate_time(task))
    verdicts = {s.name: fly(task, s, tmp_path)[0] for s in shipped_scenarios()}
    failed = {n: [c.message for c in r.failed if c.name not in ("photos", "coverage")]
              for n, r in verdicts.items()}  # fmt: skip
    assert not any(failed.values()), failed


def gate_time(task):
    from missions.course import course_of

    return course_of(task.home, task.items, task.drone).total_s


def test_a_machine_too_slow_for_the_pace_asked_for_is_judged_by_the_vehicles_clock(
    tmp_path, monkeypatch
):
    """Asked for twice as fast as it runs: neither given up early nor recognised late."""
    monkeypatch.setattr(piloting, "LATE_FACTOR", 1.3)
    monkeypatch.setattr(piloting, "LATE_S", 0.0)
    low = Scenario("low", Expectation.HOME, fault=Fault.BATTERY, at=Phase.TRANSIT, wind_m_s=0.0)
    with BuiltIn().stand(Trial(task_of(tmp_path), low), tmp_path / "a.tlog") as stand:
        stand.pilot.pace = 2.0
        outcome = stand.pilot.fly()
    assert outcome.problem is None
    assert outcome.landed
    after_s = outcome.recognised_s[Kind.BATTERY] - outcome.injected_s
    assert 9.0 < after_s < 13.0  # BATT_LOW_TIMER is 10 s
