import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo.frames import LocalFrame
from missions.drones import drone_named
from missions.releases import REACHED_M, released_every_m
from missions.route import Route
from missions.runs import RunWriter
from missions.sorties import Flight
from simulations.mission_run import Shutter
from simulations.vehicle import STEP_S

FRAME = LocalFrame(120.0, 31.0)


@given(st.floats(30.0, 900.0), st.floats(8.0, 40.0), st.floats(3.0, 15.0), st.floats(0.0, 1.0))
def test_no_more_photos_are_planned_than_the_autopilot_takes(length_m, spacing_m, speed, phase):
    """Along a row the shutter asks 50 times a second whether the way is flown."""
    planned = planned_photos(length_m, spacing_m, speed)
    taken_m = released_m(length_m, spacing_m, speed, phase)
    assert len(planned) <= len(taken_m) <= length_m / spacing_m + 2
    assert np.abs(planned - taken_m[: len(planned)]).max() < REACHED_M + 0.02 * speed * len(planned)


def planned_photos(length_m, spacing_m, speed):
    row = np.array([[0.0, 0.0], [0.0, length_m]])
    writer = RunWriter(drone_named("sim-quad"), FRAME, 80.0, speed, spacing_m)
    points = np.array([[0.0, 0.0]])
    flight = Flight(points, Route(row[None], ()), points)
    photos = writer.photos(flight)
    return FRAME.xy_from_lonlat(np.array([(p.lon_deg, p.lat_deg) for p in photos]))[:, 1]


def released_m(length_m, spacing_m, speed, phase):
    """Places along the row, from where its start counts as reached to where its end does."""
    shutter = Shutter()
    shutter.set_distance(spacing_m, at_once=True)
    along = np.arange(-phase * speed * STEP_S, length_m - REACHED_M + 1e-9, speed * STEP_S)
    return np.array([m for m in along.tolist() if shutter.releases_at((0.0, m, 80.0))])


def test_a_photo_is_late_by_one_look_at_most():
    assert released_every_m(25.0, 15.0) == 25.3
