import numpy as np
import pytest
import shapely
from hypothesis import assume, example, given, reject, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString

from missions.corridor import plan_corridor
from missions.drones import drone_named
from missions.errors import MissionError
from missions.settings import SurveySettings
from tests.missions.kinds import flown, hills, stays_inside_its_fence, unseen_share
from tests.missions.shapes import FRAME, on_globe

DRONE = drone_named("sim-quad")
HALF_SEEN_M = 64.0  # of a picture's width at 100 m
ALONG = np.linspace(0, 1, 40)
LINES = {
    "river": np.column_stack([ALONG * 1500, 120 * np.sin(ALONG * 9) + 60 * np.sin(ALONG * 23)]),
    "crossing itself": [(0, 0), (600, 0), (600, 400), (300, 400), (300, -300)],
    "hairpin": [(0, 0), (500, 0), (520, 40), (20, 80)],
    "sharp": [(0, 0), (500, 0), (100, 150)],
    "closed": [(0, 0), (400, 0), (400, 300), (0, 300), (0, 0)],
}


def missed_share(line, width, sorties, reach=HALF_SEEN_M):
    strip = LineString(line).buffer(width / 2, cap_style="flat")
    swath = [p.buffer(reach) for s in sorties for p in flown(s, camera_on=True)]
    return strip.difference(shapely.union_all(swath)).area / strip.area


@pytest.mark.parametrize("width", [60, 300])
@pytest.mark.parametrize("name", LINES)
def test_every_place_of_a_corridor_is_within_half_the_footprint_of_the_path(name, width):
    sorties = plan_corridor(on_globe(LineString(LINES[name])), width, DRONE)
    assert missed_share(LINES[name], width, sorties) < 1e-4
    assert all(stays_inside_its_fence(sortie) for sortie in sorties)


@settings(max_examples=10)
@example([(0.0, 18.0), (2.0, 0.0), (0.0, 0.0)], 130.0)
@given(
    st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900)), min_size=2, max_size=7),
    st.floats(30, 350),
)
def test_any_line_is_covered(points, width):
    """Bends flatter than 2 m are taken as straight: a hook at the end does not turn the strip."""
    line = LineString(points)
    assume(line.length > 20)
    straight = line.simplify(min(2.0, width / 20), preserve_topology=False)
    points = shapely.get_coordinates(straight)
    assume(len(points) > 1)
    try:
        sorties = plan_corridor(on_globe(line), width, DRONE)
    except MissionError:  # it runs back on itself: refused with a reason
        reject()
    assert missed_share(points, width, sorties) < 1e-3


@pytest.mark.parametrize("name", ["river", "crossing itself"])
def test_photos_show_both_sides_of_the_line_at_its_bends_too(name):
    sorties = plan_corridor(on_globe(LineString(LINES[name])), 100, DRONE)
    strip = LineString(LINES[name]).buffer(50, cap_style="flat")
    assert unseen_share(strip, sorties, DRONE.camera) < 0.002


def test_a_narrow_strip_is_flown_once_and_a_wide_one_to_and_fro():
    line = on_globe(LineString([(0, 0), (800, 0)]))
    rows = [
        len(flown(plan_corridor(line, width, DRONE)[0], camera_on=True)) for width in (100, 200)
    ]
    assert rows[0] == 1
    assert rows[1] == 4


def test_a_line_too_long_for_one_home_is_cut_into_stretches():
    line = [(0, 0), (30_000, 0)]
    sorties = plan_corridor(on_globe(LineString(line)), 80, DRONE)
    assert len({s.home.lon_deg for s in sorties}) > 1
    assert missed_share(line, 80, sorties) < 1e-4


def test_from_a_given_home_a_line_too_far_away_is_refused():
    home = SurveySettings(home_lonlat_deg=(119.95, 31.70))
    with pytest.raises(MissionError, match="Start closer"):
        plan_corridor(on_globe(LineString([(0, 0), (30_000, 0)])), 80, DRONE, home)


def test_pieces_that_touch_are_flown_as_one_line():
    pieces = MultiLineString([[(0, 0), (300, 0)], [(300, 0), (600, 50)]])
    assert len(plan_corridor(on_globe(pieces), 80, DRONE)) == 1


def test_hills_are_flown_over_with_the_overlap_kept():
    sorties = plan_corridor(
        on_globe(LineString(LINES["river"])),
        100,
        DRONE,
        SurveySettings(height_agl_m=90),
        terrain=hills(20),
    )
    strip = LineString(LINES["river"]).buffer(50, cap_style="flat")
    assert unseen_share(strip, sorties, DRONE.camera, hills(20)) < 0.01


def test_metres_instead_of_degrees_are_refused():
    with pytest.raises(MissionError, match="longitude and latitude"):
        plan_corridor(LineString([(0, 0), (800, 0)]), 100, DRONE)


def test_the_distance_between_photos_is_kept_around_bends():
    (sortie,) = plan_corridor(on_globe(LineString(LINES["river"])), 60, DRONE)
    places = FRAME.xy_from_lonlat(np.array([(p.lon_deg, p.lat_deg) for p in sortie.photos]))
    gaps = np.hypot(*np.diff(places, axis=0).T)
    assert gaps.max() < 1.02 * 96 * 0.25
