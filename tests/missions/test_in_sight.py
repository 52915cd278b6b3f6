from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from missions.airspace import Airspace, NoFlyZone, Obstacle
from missions.check import check
from missions.check_limits import Limits
from missions.crosshatch import plan_crosshatch
from missions.drones import drone_named
from missions.errors import MissionError
from missions.findings import has_errors
from missions.in_sight import in_sight, plan_in_sight
from missions.safe_survey import UnsafeError, survey_safely, ways_home
from missions.settings import SurveySettings
from missions.usable import usable_area
from tests.missions.shapes import FRAME, on_globe, polygons

DRONE = drone_named("sim-quad")
FIELD = box(0, 0, 400, 300)
SCHOOL = NoFlyZone("school", on_globe(box(180, 130, 220, 170)), margin_m=20.0)
MAST = Obstacle("mast", on_globe(Point(200, 150)), height_agl_m=150.0, radius_m=3.0)


@given(polygons(), polygons(), st.floats(-500, 500), st.floats(-500, 500))
def test_every_place_in_sight_has_a_free_way_home_and_no_other_place_has(area, blocker, x, y):
    blocker = shapely.affinity.translate(shapely.affinity.scale(blocker, 0.3, 0.3), 40, 10)
    home = Point(x, y)
    if home.distance(blocker) < 0.5:
        return
    seen, hidden = in_sight(area.difference(blocker), np.array([x, y]), [blocker])
    inner, outer = blocker.buffer(-0.01), blocker.buffer(0.01)
    for part in seen:
        for corner in shapely.get_coordinates(part):
            assert not LineString([(x, y), corner]).intersects(inner)
    for part in hidden:
        place = part.point_on_surface()
        assert LineString([home, place]).intersects(outer)
    known = sum(part.area for part in (*seen, *hidden))
    assert known <= area.difference(blocker).area + 1e-6


@pytest.mark.parametrize("side", [(200.0, 99.5), (160.0, 150.0), (159.4, 109.4)])
def test_shadow_of_a_wall_right_beside_home_is_as_long_as_the_area(side):
    wall = box(160, 110, 240, 190)
    seen, hidden = in_sight(FIELD.difference(wall), np.array(side) - 0.5, [wall])
    for part in seen:
        for corner in shapely.get_coordinates(part):
            assert not LineString([np.array(side) - 0.5, corner]).intersects(wall.buffer(-0.01))
    assert hidden


@pytest.mark.parametrize(
    "airspace", [Airspace(no_fly=(SCHOOL,)), Airspace(obstacles=(MAST,))], ids=["zone", "mast"]
)
def test_what_is_hidden_is_flown_from_another_home(airspace):
    sorties = survey_safely(on_globe(FIELD), DRONE, code="7", airspace=airspace)
    assert len({(s.home.lon_deg, s.home.lat_deg) for s in sorties}) == 2
    for sortie in sorties:
        assert not has_errors(check(sortie, Limits(), None, airspace, DRONE))
    photos = [(photo.lon_deg, photo.lat_deg) for s in sorties for photo in s.photos]
    seen = shapely.MultiPoint(FRAME.xy_from_lonlat(np.array(photos))).buffer(60)
    assert seen.covers(FIELD.difference(box(130, 80, 270, 220)))


def test_crew_that_stands_fast_is_told_which_zone_its_vehicle_would_cross():
    home = tuple(FRAME.lonlat_from_xy(np.array([[0.0, 0.0]]))[0].tolist())
    fixed = replace(SurveySettings(), home_lonlat_deg=home)
    with pytest.raises(MissionError, match=r"crosses no-fly zone school.*Move home") as error:
        survey_safely(on_globe(FIELD), DRONE, fixed, airspace=Airspace(no_fly=(SCHOOL,)))
    assert not isinstance(error.value, UnsafeError)


def test_planner_with_several_homes_gets_one_from_which_all_is_in_sight():
    airspace = Airspace(no_fly=(SCHOOL,))
    around = ways_home(on_globe(FIELD), airspace, FRAME, SurveySettings())
    area = usable_area(on_globe(FIELD), airspace, FRAME)
    assert isinstance(area, Polygon)
    sorties = plan_in_sight(
        area, lambda part, own: plan_crosshatch(part, DRONE, own), SurveySettings(), around
    )
    for sortie in sorties:
        assert not has_errors(check(sortie, Limits(), None, airspace, DRONE))
