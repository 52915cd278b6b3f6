import numpy as np
import pytest
import shapely
from shapely import LineString, box

from missions.drones import drone_named
from missions.errors import MissionError
from missions.following import Following
from missions.oblique import ObliqueSettings, plan_oblique
from missions.overlap import overlap_map, poses
from missions.settings import SurveySettings
from tests.missions.hills import random_hills
from tests.missions.kinds import footprints, hills, stays_inside_its_fence, unseen_share
from tests.missions.shapes import FRAME, SQUARE, U_SHAPE, WITH_POND, on_globe

DRONE = drone_named("sim-quad")
SPARSE = SurveySettings(front_overlap_share=0.5, side_overlap_share=0.4)


def directions(sorties):
    """Sorties by direction of view."""
    found = {}
    for sortie in sorties:
        photo = sortie.photos[0]
        key = None if photo.pitch_deg == -90 else round(photo.heading_deg)
        found.setdefault(key, []).append(sortie)
    return found


@pytest.mark.parametrize("shape", [SQUARE, U_SHAPE, WITH_POND])
def test_every_place_is_seen_from_all_five_directions(shape):
    found = directions(plan_oblique(on_globe(shape), DRONE, SPARSE))
    assert len(found) == 5
    for sorties in found.values():
        assert unseen_share(shape, sorties, DRONE.camera) < 0.001


def test_tilted_views_are_a_right_angle_apart():
    found = directions(plan_oblique(on_globe(SQUARE), DRONE, SPARSE))
    headings = sorted(key for key in found if key is not None)
    assert np.diff(headings).tolist() == [90, 90, 90]


def test_the_flight_lies_behind_the_area_by_the_offset_of_the_tilt():
    one = ObliqueSettings(directions=1, pitch_deg=-45, heading_deg=0.0)
    (sortie,) = plan_oblique(on_globe(SQUARE), DRONE, SPARSE, oblique=one)
    lonlat = np.array([(p.lon_deg, p.lat_deg) for p in sortie.photos])
    places = LineString(FRAME.xy_from_lonlat(lonlat))
    seen = shapely.union_all(footprints([sortie], DRONE.camera))
    assert places.centroid.y < SQUARE.centroid.y - 60
    assert seen.centroid.y > SQUARE.centroid.y - 20


def test_hills_are_seen_from_all_directions_too():
    terrain = hills(25)
    found = directions(plan_oblique(on_globe(SQUARE), DRONE, SPARSE, terrain=terrain))
    for sorties in found.values():
        assert unseen_share(SQUARE, sorties, DRONE.camera, terrain) < 0.005


@pytest.mark.parametrize(("seed", "steepest_deg"), [(1, 8), (2, 26), (3, 38)])
def test_slopes_that_are_followed_are_seen_from_all_directions_as_often(seed, steepest_deg):
    """Rays are cast on the relief; a slope is hidden from a view of 45 degrees only beyond 45."""
    terrain = random_hills(seed, relief_m={1: 60, 2: 150, 3: 100}[seed])
    area = on_globe(box(0, 0, 400, 300))
    assert steepest(terrain) == pytest.approx(steepest_deg, abs=2)
    following = Following(DRONE, SurveySettings(), terrain, tolerance_m=10.0)
    found = directions(following.plan(lambda level: plan_oblique(area, DRONE, level)))
    assert len(found) == 5
    for sorties in found.values():
        seen_from = [pose for sortie in sorties for pose in poses(sortie)]
        assert overlap_map(area, seen_from, DRONE.camera, terrain).share_seen(6) > 0.999


def steepest(terrain):
    x, y = np.meshgrid(np.arange(0, 401, 5.0), np.arange(0, 301, 5.0))
    lonlat = FRAME.lonlat_from_xy(np.column_stack([x.ravel(), y.ravel()]))
    slopes = np.gradient(terrain.altitudes_amsl_m(lonlat).reshape(x.shape), 5.0)
    return np.degrees(np.arctan(np.hypot(*slopes).max()))


def test_all_flights_begin_at_one_place_and_stay_in_their_fences():
    sorties = plan_oblique(on_globe(WITH_POND), DRONE, SPARSE)
    assert len({(s.home.lon_deg, s.home.lat_deg) for s in sorties}) == 1
    assert all(stays_inside_its_fence(sortie) for sortie in sorties)
    assert [s.code for s in sorties] == [f"oblique-{n + 1}" for n in range(len(sorties))]


@pytest.mark.parametrize("wrong", [{"directions": 3}, {"pitch_deg": -90}, {"gsd_m": 0}])
def test_settings_that_make_no_oblique_survey_are_refused(wrong):
    with pytest.raises(MissionError):
        ObliqueSettings(**wrong)
