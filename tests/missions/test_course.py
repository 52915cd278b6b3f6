import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.log import read_messages, read_tlog
from flight.protocol import item_from_message
from geo.frames import LocalFrame
from geo.pose import GeoPoint
from missions.course import Mover, course_of, in_order, planning_motion
from missions.drones import drone_named
from missions.errors import MissionError
from missions.model import AltitudeFrame, Command, MissionItem
from missions.settings import SurveySettings
from missions.survey import plan_survey
from missions.wind import Wind
from simulations.autopilot import Autopilot, Scene
from simulations.drift import NO_DRIFT
from simulations.sitl import fly_simulated
from simulations.vehicle import Wind as SimulatedWind
from tests.missions.shapes import SQUARE, on_globe

DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[3] / "shared")) / "sitl"
DRONE = drone_named("sim-quad")
HOME = GeoPoint(119.95, 31.70, 5.0)
FRAME = LocalFrame(HOME.lon_deg, HOME.lat_deg)
RETURN = MissionItem(Command.NAV_RETURN_TO_LAUNCH, AltitudeFrame.MISSION)
CALM = Wind()


def takeoff(height=50.0):
    return MissionItem(Command.NAV_TAKEOFF, AltitudeFrame.ABOVE_HOME, altitude_m=height)


def place(x, y, height=50.0, hold_s=0.0, command=Command.NAV_WAYPOINT):
    lon, lat = FRAME.lonlat_from_xy(np.array([[x, y]]))[0]
    return MissionItem(
        command, AltitudeFrame.ABOVE_HOME, (hold_s, 0, 0, 0), float(lon), float(lat), height
    )


def speed(kind, value):
    return MissionItem(
        Command.DO_CHANGE_SPEED, AltitudeFrame.MISSION, (float(kind), value, -1.0, 0.0)
    )


def jump(target, times):
    return MissionItem(177, AltitudeFrame.MISSION, (target, times, 0.0, 0.0))


def seconds(*items, wind=None):
    return course_of(HOME, items, DRONE, wind).total_s


def flown_seconds(items, home=HOME, wind_m_s=0.0):
    """Fly a mission in the built-in vehicle, without a ground station."""
    scene = Scene(home, drift=NO_DRIFT, wind=SimulatedWind(wind_m_s, 200.0))
    autopilot = Autopilot(scene)
    autopilot.set_mode(4)
    assert autopilot.arm()
    blank = MissionItem(Command.NAV_WAYPOINT, AltitudeFrame.AMSL)
    autopilot.stores.lists[0] = [blank, *items]
    assert autopilot.start_mission()
    begun = autopilot.now_s
    while autopilot.armed:
        autopilot.step()
    return autopilot.now_s - begun


@pytest.mark.parametrize(
    "items",
    [
        (takeoff(), place(40, 30), place(200, 30), place(200, 60), place(40, 60), RETURN),
        (takeoff(30), place(100, 0, 30), place(200, 5, 60), place(300, 0, 40), RETURN),
        (takeoff(), speed(1, 4.0), place(90, 0, hold_s=7), place(0, 90), place(2, 91), RETURN),
        (takeoff(8), place(60, 0, 8), RETURN),
        (speed(2, 5.0), speed(3, 3.0), takeoff(90), place(50, 50, 90), RETURN),
        (takeoff(), place(100, 0), replace(RETURN, command=Command.NAV_LAND)),
        (takeoff(), place(60, 0), place(120, 40), jump(2, 2), place(0, 90), jump(5, 1), RETURN),
    ],
    ids=["rows", "heights", "hold", "low return", "vertical speeds", "landing", "jumps"],
)
def test_built_in_vehicle_takes_as_long(items):
    assert seconds(*items) == pytest.approx(flown_seconds(items), rel=0.01, abs=1.0)


def test_planned_survey_takes_as_long_in_the_built_in_vehicle_in_wind():
    sortie = plan_survey(on_globe(SQUARE), drone_named("dji-m3e"))[0]
    flown = flown_seconds(sortie.items, sortie.home, sortie.wind_m_s)
    assert sortie.duration_s == pytest.approx(flown, rel=0.02)


@pytest.mark.skipif(not DATA.exists(), reason=f"no recordings of a real ArduCopter at {DATA}")
def test_real_recording_takes_as_long_as_its_mission_is_modelled():
    path = DATA / "copter_survey.tlog"
    sent = {
        m.seq: item_from_message(m)
        for m in read_messages(path)
        if m.get_type() == "MISSION_ITEM_INT" and m.get_srcSystem() == 255 and not m.mission_type
    }
    first, *items = [sent[seq] for seq in sorted(sent)]
    home = GeoPoint(first.lon_deg, first.lat_deg, first.altitude_m)
    modelled = course_of(home, items, DRONE).total_s
    assert modelled == pytest.approx(read_tlog(path).duration_s, rel=0.02)


@given(st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300)), min_size=1, max_size=8))
def test_parts_join_without_gaps_and_no_part_takes_less_than_nothing(places):
    course = course_of(HOME, [takeoff(), *(place(*p) for p in places), RETURN], DRONE)
    assert np.allclose(course.end_m[:-1], course.start_m[1:], atol=2e-3)
    assert (course.duration_s >= 0).all()
    assert course.total_s > course.ground_m / 10


def test_wind_that_can_be_held_takes_no_time_and_a_stronger_one_does():
    rows = (takeoff(), place(300, 0), place(300, 40), place(0, 40), RETURN)
    assert seconds(*rows, wind=Wind(8.0, 90.0)) == seconds(*rows)
    assert seconds(*rows, wind=Wind(14.0, 90.0)) > seconds(*rows) + 20


def test_turn_of_the_nose_takes_no_time():
    turn = MissionItem(Command.CONDITION_YAW, AltitudeFrame.MISSION, (270.0, 0, 0, 0))
    rows = (takeoff(), place(100, 0), place(100, 80), RETURN)
    assert seconds(*rows[:2], turn, *rows[2:]) == seconds(*rows)


def test_altitude_above_sea_is_height_above_home():
    above = replace(place(100, 0, 55.0), frame=AltitudeFrame.AMSL)
    assert seconds(takeoff(), above, RETURN) == seconds(takeoff(), place(100, 0), RETURN)


def test_foreign_loiter_and_delay_wait():
    base = seconds(takeoff(), place(100, 0, hold_s=1.0), RETURN)
    loiter = place(100, 0, hold_s=21.0, command=19)
    delay = MissionItem(93, AltitudeFrame.MISSION, (20.0, 0, 0, 0))
    assert seconds(takeoff(), loiter, RETURN) == pytest.approx(base + 20)
    assert seconds(takeoff(), place(100, 0, hold_s=1), delay, RETURN) == pytest.approx(base + 20)


def test_camera_is_on_along_rows_only():
    switch = MissionItem(Command.DO_SET_CAM_TRIGG_DIST, AltitudeFrame.MISSION, (20.0, 0, 1, 0))
    off = replace(switch, parameters=(0.0, 0.0, 0.0, 0.0))
    items = (takeoff(), place(50, 0), switch, place(150, 0), off, place(150, 50), RETURN)
    course = course_of(HOME, items, DRONE)
    (row,) = np.flatnonzero(course.camera_on)
    assert course.end_m[row, :2] == pytest.approx([150, 0], abs=0.05)


def test_landing_takes_no_less_than_falling_at_full_descent():
    mover = Mover.as_planned(drone_named("dji-m3e"), 10.0, CALM)
    assert mover.land(np.array([0, 0, 8.0])).total_s > 8 / 0.5
    assert mover.land(np.array([0, 0, 100.0])).total_s > mover.land(np.array([0, 0, 60.0])).total_s


def test_planning_motion_stops_as_slowly_as_the_autopilot():
    motion = planning_motion(DRONE, 10.0)
    mover = Mover.as_planned(DRONE, 10.0, CALM)
    course = mover.along(np.array([[0, 0, 50], [300, 0, 50.0]]))
    from_standstill_s = DRONE.autopilot.start_s  # once a flight, so no matter between routes
    assert motion.run_seconds(np.array(300.0)) + from_standstill_s == pytest.approx(course.total_s)


def test_mission_that_moves_nothing_is_refused():
    with pytest.raises(MissionError, match="add a take-off"):
        seconds(speed(1, 5.0))


@pytest.mark.parametrize("from_deg", [0.0, 185.0])
def test_a_plan_at_full_speed_against_the_wind_takes_as_long_as_planned(tmp_path, from_deg):
    settings = SurveySettings(wind_m_s=10.0, height_agl_m=50.0)
    sortie = plan_survey(on_globe(SQUARE), drone_named("dji-m3e"), settings)[0]
    wind = SimulatedWind(10.0, from_deg=from_deg)
    result, _ = fly_simulated(sortie, tmp_path / "a.tlog", 1, wind=wind)
    assert result.completed
    assert sortie.duration_s == pytest.approx(result.duration_s, rel=0.02)


def test_jumps_are_taken_as_often_as_they_say():
    items = [place(n, 0) for n in range(1, 6)]
    items[2], items[4] = jump(2, 2), jump(1, 1)
    order = [item.lon_deg for item in in_order(items)]
    one, two, four = (items[n].lon_deg for n in (0, 1, 3))
    # the inner jump is used up when the outer one leads back to the beginning
    assert order == [one, two, two, two, four, one, two, four]


def test_a_jump_to_nowhere_ends_a_mission():
    assert len(list(in_order([place(1, 0), jump(9, 1), place(2, 0)]))) == 1


@pytest.mark.parametrize("items", [(place(50, 0), jump(1, -1)), (jump(1, -1),)])
def test_jumps_without_an_end_are_refused(items):
    with pytest.raises(MissionError, match="do not end"):
        seconds(takeoff(), *items)
