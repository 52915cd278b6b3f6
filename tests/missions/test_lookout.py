import numpy as np
import pytest
import shapely
from shapely import Point, box

from geo.projection import pixels_from_ground
from geo.terrain import FlatTerrain, ground_from_rays
from missions.drones import drone_named
from missions.errors import MissionError
from missions.lookout import LookoutSettings, farmland_in_sight_share, plan_lookout
from missions.settings import SurveySettings
from tests.missions.kinds import CELL, FIELDS, flown, hills, poses, stays_inside_its_fence
from tests.missions.shapes import FRAME, SQUARE, U_SHAPE, on_globe

DRONE = drone_named("sim-quad")


def share_by_brute_force(sorties, fields, terrain, range_m):
    """Cast a ray from every photo to random places on farmland that are in its picture."""
    rng = np.random.default_rng(11)
    west, south, east, north = fields.bounds
    places = rng.uniform([west, south], [east, north], (1500, 2))
    places = places[shapely.contains_xy(fields, places)]
    ground = terrain.altitudes_amsl_m(FRAME.lonlat_from_xy(places))
    targets = np.column_stack([places, ground + 1.0])
    seen = np.zeros(len(targets), dtype=bool)
    for sortie in sorties:
        for pose in poses(sortie):
            x, y = pixels_from_ground(targets, DRONE.camera, pose, FRAME).T
            with np.errstate(invalid="ignore"):
                inside = (x >= 0) & (x <= 1279) & (y >= 0) & (y <= 959) & ~seen
            place = pose.position
            xy = FRAME.xy_from_lonlat(np.array([[place.lon_deg, place.lat_deg]]))[0]
            eye = np.array([*xy, place.altitude_amsl_m])
            rays = targets[inside] - eye
            away = np.linalg.norm(rays, axis=1)
            hits = ground_from_rays(terrain, FRAME, eye, rays, step_m=2.0)
            hidden = np.linalg.norm(hits - eye, axis=1) < away - 2.0
            seen[inside] = ~hidden & (np.hypot(*rays[:, :2].T) <= range_m)
    return seen.mean()


@pytest.mark.parametrize(("relief", "range_m"), [(0, 2000), (0, 700), (200, 2000), (400, 900)])
def test_the_reported_share_is_what_cast_rays_find(relief, range_m):
    terrain = hills(relief) if relief else FlatTerrain(5.0)
    wanted = LookoutSettings(range_m=range_m)
    sorties = plan_lookout(on_globe(CELL), on_globe(FIELDS), DRONE, lookout=wanted, terrain=terrain)
    told = farmland_in_sight_share(
        sorties, on_globe(FIELDS), DRONE, lookout=wanted, terrain=terrain
    )
    assert told > 0.95
    assert share_by_brute_force(sorties, FIELDS, terrain, range_m) == pytest.approx(told, abs=0.02)
    assert all(stays_inside_its_fence(sortie) for sortie in sorties)


def viewpoints(sorties):
    return {(p.lon_deg, p.lat_deg) for sortie in sorties for p in sortie.photos}


def test_one_viewpoint_is_enough_on_level_ground_in_range_of_all():
    sorties = plan_lookout(on_globe(CELL), on_globe(FIELDS), DRONE)
    assert len(viewpoints(sorties)) == 1


def test_a_shorter_range_or_hills_take_more_viewpoints():
    near = LookoutSettings(range_m=500)
    short = plan_lookout(on_globe(CELL), on_globe(FIELDS), DRONE, lookout=near)
    hilly = plan_lookout(on_globe(CELL), on_globe(FIELDS), DRONE, terrain=hills(400))
    assert len(viewpoints(short)) > 2
    assert len(viewpoints(hilly)) > 1


@pytest.mark.parametrize("relief", [60, 300])
def test_the_flight_keeps_between_floor_and_ceiling_over_hills(relief):
    terrain = hills(relief)
    near = LookoutSettings(range_m=600)
    for sortie in plan_lookout(
        on_globe(CELL), on_globe(FIELDS), DRONE, lookout=near, terrain=terrain
    ):
        placed = [item for item in sortie.items if item.lon_deg]
        points = np.array([(item.lon_deg, item.lat_deg, item.altitude_m) for item in placed])
        shares = np.linspace(0, 1, 60)[:, None, None]
        fine = (points[:-1] + shares * np.diff(points, axis=0)).reshape(-1, 3)
        ground = terrain.altitudes_amsl_m(fine[:, :2])
        heights = fine[:, 2] + sortie.home.altitude_amsl_m - ground
        assert heights.max() < 120.6
        assert heights.min() > 19.4


def test_all_ways_stay_inside_of_a_cell_with_a_bay():
    near = LookoutSettings(range_m=200)
    for sortie in plan_lookout(on_globe(U_SHAPE), on_globe(U_SHAPE), DRONE, lookout=near):
        assert all(U_SHAPE.buffer(1).covers(piece) for piece in flown(sortie))


def test_directions_without_farmland_are_not_photographed():
    corner = Point(800, 500).buffer(80).intersection(CELL)
    all_round = plan_lookout(on_globe(CELL), on_globe(FIELDS), DRONE)
    few = plan_lookout(
        on_globe(CELL), on_globe(corner), DRONE, lookout=LookoutSettings(range_m=600)
    )
    assert sum(len(s.photos) for s in few) < sum(len(s.photos) for s in all_round)


def test_it_starts_where_the_crew_stands():
    home = SurveySettings(home_lonlat_deg=tuple(FRAME.lonlat_from_xy(np.array([[-80.0, 150]]))[0]))
    (sortie,) = plan_lookout(on_globe(SQUARE), on_globe(SQUARE), DRONE, home)
    assert (sortie.home.lon_deg, sortie.home.lat_deg) == pytest.approx(
        home.home_lonlat_deg, abs=1e-7
    )
    assert stays_inside_its_fence(sortie)


def test_a_cell_without_farmland_is_refused():
    with pytest.raises(MissionError, match="no farmland"):
        plan_lookout(on_globe(SQUARE), on_globe(box(5000, 0, 5100, 100)), DRONE)
