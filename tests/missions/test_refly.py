import numpy as np
import pytest
from shapely import Point, box

from missions.airspace import Airspace, NoFlyZone
from missions.check import check
from missions.check_limits import Limits
from missions.findings import has_errors
from missions.overlap import overlap_map, poses
from missions.refly import gaps, plan_refly
from missions.safe_survey import ways_home
from missions.settings import SurveySettings
from missions.usable import usable_area
from tests.missions.shapes import FRAME, SQUARE, WITH_POND, on_globe

AREA = on_globe(WITH_POND)
WANTED = 4


def places_m(shots):
    return FRAME.xy_from_lonlat(np.array([(p.position.lon_deg, p.position.lat_deg) for p in shots]))


@pytest.fixture(scope="module")
def flown(sortie):
    """All photos but those near one corner."""
    shots = poses(sortie)
    far = np.hypot(*(places_m(shots) - (300.0, 300.0)).T) > 140
    return [shot for shot, kept in zip(shots, far, strict=True) if kept]


@pytest.fixture(scope="module")
def again(flown, drone):
    return plan_refly(AREA, flown, drone, photos=WANTED)


def test_complete_survey_needs_no_second_flight(sortie, drone):
    assert plan_refly(AREA, poses(sortie), drone, photos=1) == ()


def test_gaps_lie_where_photos_are_missing(flown, drone):
    found = gaps(overlap_map(AREA, flown, drone.camera), WANTED)
    corner = on_globe(Point(290, 290))
    assert found.covers(corner)
    assert FRAME.to_local(found).area < 0.5 * WITH_POND.area


def test_second_flight_closes_the_gaps_and_is_shorter(sortie, flown, again, drone):
    before = overlap_map(AREA, flown, drone.camera).share_seen(WANTED)
    shots = [*flown, *(shot for part in again for shot in poses(part))]
    after = overlap_map(AREA, shots, drone.camera).share_seen(WANTED)
    full = overlap_map(AREA, poses(sortie), drone.camera).share_seen(WANTED)
    assert before < 0.9
    assert after > min(full, 0.995)
    assert sum(part.distance_m for part in again) < 0.75 * sortie.distance_m


def test_nothing_outside_of_the_area_is_flown_over(again):
    shots = [shot for part in again for shot in poses(part)]
    cell = WITH_POND.buffer(0.5)
    assert all(cell.covers(Point(place)) for place in places_m(shots))


def test_codes_are_different(again):
    codes = [part.code for part in again]
    assert len(set(codes)) == len(codes)
    assert all(code.startswith("refly-") for code in codes)


def test_no_photos_at_all_are_refused_as_a_wish(drone):
    with pytest.raises(ValueError, match="photos"):
        plan_refly(AREA, [], drone, photos=0)


def test_gaps_on_both_sides_of_a_zone_are_closed_without_ways_home_across_it(flown, drone):
    zone = NoFlyZone("school", on_globe(box(130, 130, 170, 170)), margin_m=20.0)
    airspace = Airspace(no_fly=(zone,))
    area = usable_area(on_globe(SQUARE), airspace, FRAME)
    around = ways_home(on_globe(SQUARE), airspace, FRAME, SurveySettings())
    sorties = plan_refly(area, flown[:1], drone, photos=WANTED, around=around)
    assert len({sortie.code for sortie in sorties}) == len(sorties) > 1
    for sortie in sorties:
        assert not has_errors(check(sortie, Limits(), None, airspace, drone))
