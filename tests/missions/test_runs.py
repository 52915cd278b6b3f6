import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.drones import drone_named
from missions.model import Command
from missions.route import Route
from missions.runs import RunWriter, places_along, runs_of
from missions.sorties import Flight
from tests.missions.shapes import FRAME

BENT = np.array([[[0, 0], [100, 0]], [[100, 0], [100, 80]], [[300, 80], [300, 0]]], dtype=float)
ROUTE = Route(BENT, (BENT[0, 1:].repeat(2, 0), np.array([[100.0, 80], [200, 90], [300, 80]])))
HOME = np.array([0.0, -50.0])
FLIGHT = Flight(np.stack([HOME, [0, 0]]), ROUTE, np.stack([BENT[-1, 1], HOME]))


def writer(**changes):
    return RunWriter(drone_named("sim-quad"), FRAME, 90.0, 10.0, 20.0, **changes)


def test_rows_that_touch_become_one_run():
    assert [run.tolist() for run in runs_of(ROUTE)] == [
        [[0, 0], [100, 0], [100, 80]],
        [[300, 80], [300, 0]],
    ]


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=2, max_size=6))
def test_photos_are_their_spacing_apart_in_a_straight_line(points):
    places, _ = places_along(np.array(points), 15.0)
    gaps = np.hypot(*np.diff(places, axis=0).T)
    assert (gaps >= 15.0 - 1e-3).all()
    assert (gaps <= 15.3).all()


def test_the_camera_is_on_along_runs_only():
    switched = [i.parameters[0] for i in writer().items(FLIGHT) if i.command == 206]
    assert switched == [20.0, 0.0, 20.0, 0.0]


def test_a_kept_heading_is_said_again_before_every_way_point_with_the_camera_on():
    items = writer(nose_deg=45.0).items(FLIGHT)
    on = [n for n, item in enumerate(items) if item.command == 206 and item.parameters[0] > 0]
    assert [items[n + 1].command for n in on] == [Command.CONDITION_YAW] * 2
    assert {i.parameters[0] for i in items if i.command == Command.CONDITION_YAW} == {45.0}


def test_photos_have_the_pitch_and_the_kept_heading():
    photos = writer(nose_deg=45.0, pitch_deg=-50.0).photos(FLIGHT)
    assert {(photo.heading_deg, photo.pitch_deg) for photo in photos} == {(45.0, -50.0)}


def test_without_a_kept_heading_photos_follow_the_run():
    headings = [photo.heading_deg for photo in writer().photos(FLIGHT)]
    assert headings[0] == pytest.approx(90, abs=0.1)
    assert headings[-1] == pytest.approx(180, abs=0.1)


def test_without_a_way_to_turn_on_the_first_run_waits_for_the_nose():
    holds = [i.parameters[0] for i in writer().items(FLIGHT) if i.command == Command.NAV_WAYPOINT]
    assert holds[0] == 9.0
    assert set(holds[1:]) == {0.0}
