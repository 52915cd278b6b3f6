"""One sortie of each kind, flown in the built-in vehicle: whole, on time, with every photo."""

from datetime import UTC, datetime

import numpy as np
import pytest
from shapely import LineString, box

from flight.releases import read_releases
from missions.corridor import plan_corridor
from missions.drones import drone_named
from missions.lookout import LookoutSettings, plan_lookout
from missions.mission_json import sortie_document, sortie_from_document
from missions.oblique import ObliqueSettings, plan_oblique
from missions.patrol import PatrolSettings, plan_patrol
from missions.revisit import RevisitCase, plan_revisit
from missions.settings import SurveySettings
from simulations.sitl import fly_simulated
from simulations.vehicle import STILL
from tests.missions.kinds import hills
from tests.missions.shapes import FRAME, on_globe

DRONE = drone_named("sim-quad")
CELL = on_globe(box(0, 0, 260, 220))
HOME = SurveySettings(home_lonlat_deg=(119.9505, 31.7005))
PLANS = {
    "patrol": lambda: plan_patrol(CELL, DRONE, patrol=PatrolSettings(pitch_deg=-50, gsd_m=0.3)),
    "oblique": lambda: plan_oblique(
        CELL,
        DRONE,
        SurveySettings(front_overlap_share=0.6, side_overlap_share=0.5),
        oblique=ObliqueSettings(directions=1),
    ),
    "corridor": lambda: plan_corridor(
        on_globe(LineString([(0, 0), (150, 40), (260, -20), (300, 100)])), 90, DRONE
    ),
    "lookout": lambda: plan_lookout(
        CELL, CELL, DRONE, lookout=LookoutSettings(range_m=150), terrain=hills(60)
    ),
    "revisit": lambda: plan_revisit(
        [
            RevisitCase("A", on_globe(box(100, 0, 115, 10))),
            RevisitCase("B", on_globe(box(10, 120, 40, 150))),
        ],
        datetime(2026, 10, 20, 2, 30, tzinfo=UTC),
        DRONE,
        HOME,
    ),
}


@pytest.mark.parametrize("kind", PLANS)
def test_it_is_flown_whole_on_time_with_every_photo_as_planned(kind, tmp_path):
    """And its recording tells where each photo looked, since the gimbal speaks."""
    sortie, log = PLANS[kind]()[0], tmp_path / "flight.tlog"
    result, truth = fly_simulated(sortie, log, 1, wind=STILL)
    assert result.completed, result.problem
    assert result.duration_s == pytest.approx(sortie.duration_s, rel=0.05)
    assert len(truth) == pytest.approx(len(sortie.photos), abs=1 if kind == "corridor" else 0)
    taken = _places([exposure.pose.position for exposure in truth])
    for number, photo in enumerate(sortie.photos):
        gaps = np.hypot(*(taken - _places([photo])[0]).T)
        assert gaps.min() < 8
        if kind != "corridor":  # there a photo may be taken on the other side of a bend
            attitude = truth[number].pose.attitude
            assert _turn(attitude.yaw_deg, photo.heading_deg) < 8
            assert attitude.pitch_deg == pytest.approx(photo.pitch_deg, abs=3)
    for release, exposure in zip(read_releases(log), truth, strict=True):
        told, true = release.attitude, exposure.pose.attitude
        assert told.pitch_deg == pytest.approx(true.pitch_deg, abs=1)
        assert _turn(told.yaw_deg, true.yaw_deg) < 4


@pytest.mark.parametrize("kind", PLANS)
def test_it_survives_being_written_and_read(kind):
    sortie = PLANS[kind]()[0]
    assert sortie_from_document(sortie_document(sortie)) == sortie


def _places(points):
    return FRAME.xy_from_lonlat(np.array([(p.lon_deg, p.lat_deg) for p in points]))


def _turn(one_deg, other_deg):
    return abs((one_deg - other_deg + 180) % 360 - 180)
