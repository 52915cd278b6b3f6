"""Every photo that a plan promises is taken in the built-in vehicle, behind zones as well."""

import numpy as np
import pytest
from shapely import MultiPoint, Point, Polygon, box

from flight.protocol import MISSION, home_item
from missions.airspace import Airspace, NoFlyZone
from missions.drones import drone_named
from missions.errors import MissionError
from missions.safe_survey import survey_safely
from missions.settings import SurveySettings
from simulations.airframe import airframe_of
from simulations.autopilot import Autopilot
from simulations.drift import NO_DRIFT
from simulations.scene import Scene
from simulations.stores import stored_form
from simulations.vehicle import STILL, Wind
from tests.missions.shapes import FRAME, on_globe

REACH_SHARE = 0.35  # of the spacing; 0.6 counts as taken in a flight
MOST_STEPS = 50 * 3600


def test_photos_of_short_rows_behind_a_hut_are_all_taken():
    """Rows of two photos, 26.2 m long, that end right after the second one."""
    zone = zone_around(box(130, 40, 170, 400), margin_m=20.0)
    for sortie in flights(box(0, 0, 300, 250), zone, "sim-quad"):
        assert missed(sortie) == []


@pytest.mark.parametrize("seed", range(4))
def test_photos_of_small_odd_cells_with_zones_are_all_taken(seed):
    rng = np.random.default_rng(seed)
    size_m = rng.uniform(80, 260)
    cell = MultiPoint(rng.uniform(0, size_m, (9, 2))).convex_hull
    zone = zone_around(Point(rng.uniform(0, size_m, 2)).buffer(rng.uniform(10, 40)), margin_m=10.0)
    drone = ("sim-quad", "dji-m3e", "dji-mini4pro")[seed % 3]
    wind = Wind(rng.uniform(0, 8), rng.uniform(0, 360))
    for sortie in flights(cell, zone, drone):
        assert missed(sortie, wind) == []


def zone_around(shape: Polygon, margin_m: float):
    return NoFlyZone("hut", on_globe(shape), margin_m=margin_m)


def flights(cell, zone, drone):
    try:
        return survey_safely(
            on_globe(cell), drone_named(drone), SurveySettings(), airspace=Airspace(no_fly=(zone,))
        )
    except MissionError as error:  # too narrow a rest: nothing is promised
        pytest.skip(str(error))


def missed(sortie, wind=STILL):
    """Numbers of the planned photos that have none near them."""
    planned, taken = places(sortie.photos), places([e.pose.position for e in flown(sortie, wind)])
    nearest_m = np.hypot(*(planned[:, None] - taken[None]).transpose(2, 0, 1)).min(axis=1)
    spacings = [item.parameters[0] for item in sortie.items if item.command == 206]
    return np.flatnonzero(nearest_m > REACH_SHARE * max(spacings)).tolist()


def flown(sortie, wind):
    """Exposures of a flight without a wire."""
    drone = drone_named(sortie.drone_key)
    scene = Scene(sortie.home, drift=NO_DRIFT, wind=wind, airframe=airframe_of(drone))
    autopilot = Autopilot(scene)
    items = [stored_form(item, MISSION) for item in sortie.items]
    autopilot.stores.lists[MISSION] = [home_item(sortie.home), *items]
    autopilot.stores.changed(MISSION)
    assert autopilot.arm(forced=True)
    assert autopilot.start_mission()
    for _ in range(MOST_STEPS):
        autopilot.step()
        if not autopilot.armed:
            return autopilot.exposures
    raise AssertionError("it never landed")


def places(points):
    return FRAME.xy_from_lonlat(np.array([(p.lon_deg, p.lat_deg) for p in points]))
