import pytest
from hypothesis import given, settings
from shapely import box

from missions.drones import drone_named
from missions.errors import MissionError
from missions.patrol import PatrolSettings, plan_patrol
from missions.settings import SurveySettings
from missions.survey import plan_survey
from tests.missions.kinds import flown, hills, stays_inside_its_fence, unseen_share
from tests.missions.shapes import SQUARE, U_SHAPE, WITH_POND, on_globe, polygons

DRONE = drone_named("sim-quad")


@pytest.mark.parametrize("shape", [SQUARE, U_SHAPE, WITH_POND])
@pytest.mark.parametrize(("pitch", "gsd"), [(-90.0, 0.15), (-50.0, 0.4)])
def test_every_place_is_in_a_photo(shape, pitch, gsd):
    look = PatrolSettings(pitch_deg=pitch, gsd_m=gsd)
    sorties = plan_patrol(on_globe(shape), DRONE, patrol=look)
    assert unseen_share(shape, sorties, DRONE.camera) < 0.002
    assert all(sortie.gsd_m <= gsd + 1e-9 for sortie in sorties)


@settings(max_examples=8)
@given(polygons())
def test_straight_down_it_stays_in_any_cell_and_in_its_fence(polygon):
    for sortie in plan_patrol(on_globe(polygon), DRONE):
        assert all(polygon.buffer(2).covers(piece) for piece in flown(sortie))
        assert stays_inside_its_fence(sortie)


def test_every_place_is_seen_over_hills_too():
    terrain, shape = hills(25), box(-300, -300, 400, 300)
    sorties = plan_patrol(on_globe(shape), DRONE, terrain=terrain)
    assert unseen_share(shape, sorties, DRONE.camera, terrain) < 0.005


def test_it_takes_far_fewer_photos_than_a_survey_and_less_time():
    cell = on_globe(box(0, 0, 900, 700))
    sparse, dense = plan_patrol(cell, DRONE), plan_survey(cell, DRONE)
    assert sum(len(s.photos) for s in sparse) < sum(len(s.photos) for s in dense) / 5
    assert sum(s.duration_s for s in sparse) < 0.5 * sum(s.duration_s for s in dense)


def test_a_wanted_heading_is_that_of_all_photos():
    look = PatrolSettings(pitch_deg=-50, gsd_m=0.4, heading_deg=30.0)
    (sortie,) = plan_patrol(on_globe(SQUARE), DRONE, patrol=look)
    assert {round(p.heading_deg) for p in sortie.photos} == {30}


def test_more_relief_than_between_floor_and_ceiling_is_refused():
    with pytest.raises(MissionError, match="varies by"):
        plan_patrol(on_globe(box(-900, -900, 900, 900)), DRONE, terrain=hills(200))


def test_a_gsd_that_needs_to_fly_below_the_floor_is_refused():
    with pytest.raises(MissionError, match="is wanted"):
        plan_patrol(
            on_globe(SQUARE),
            DRONE,
            SurveySettings(floor_agl_m=50),
            patrol=PatrolSettings(gsd_m=0.02),
        )


@pytest.mark.parametrize("wrong", [{"gsd_m": 0}, {"pitch_deg": 5}, {"wanted_share": 0}])
def test_settings_that_make_no_patrol_are_refused(wrong):
    with pytest.raises(MissionError):
        PatrolSettings(**wrong)
