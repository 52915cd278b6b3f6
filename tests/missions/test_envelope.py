from dataclasses import dataclass, replace

import numpy as np
import pytest

from geo.errors import TerrainError
from geo.terrain import FlatTerrain
from missions.drones import drone_named
from missions.envelope import choose_envelope
from missions.errors import MissionError
from missions.settings import SurveySettings
from tests.missions.shapes import FRAME, SQUARE

DRONE = drone_named("sim-quad")


@dataclass
class Slope:
    """Ground that rises to the east from 50 m; unknown west of `known_from_m`."""

    rise: float
    known_from_m: float = -np.inf

    def altitudes_amsl_m(self, lonlat_deg):
        x = FRAME.xy_from_lonlat(lonlat_deg)[:, 0]
        return np.where(x >= self.known_from_m, 50 + self.rise * x, np.nan)


def envelope(terrain=None, drone=DRONE, **settings):
    return choose_envelope(
        SQUARE, FRAME, terrain or FlatTerrain(7), drone, SurveySettings(**settings)
    )


def test_default_height_is_a_hundred_metres_above_ground():
    assert envelope().altitude_amsl_m == 107
    assert envelope().gsd_m == pytest.approx(0.1)


def test_gsd_sets_the_height():
    assert envelope(gsd_m=0.05).altitude_amsl_m == pytest.approx(57)


def test_spacings_leave_the_overlaps():
    found = envelope(front_overlap_share=0.75, side_overlap_share=0.7)
    assert found.row_spacing_m == pytest.approx(128 * 0.3)
    assert found.photo_spacing_m == pytest.approx(96 * 0.25)


def test_overlap_is_kept_over_the_highest_ground():
    found = envelope(Slope(0.1))
    assert (found.lowest_agl_m, found.highest_agl_m) == pytest.approx((85, 115), abs=1)
    assert found.row_spacing_m == pytest.approx(found.lowest_agl_m * 1.28 * 0.3)


def test_flight_above_the_ceiling_is_refused_with_the_place():
    with pytest.raises(
        MissionError, match=r"1(29|30)\.\d m above ground at 119\.9.*ceiling of 120 m"
    ):
        envelope(Slope(0.2))


def test_ceiling_is_a_setting():
    assert envelope(Slope(0.2), ceiling_agl_m=150).highest_agl_m == pytest.approx(130, abs=1.5)


def test_flight_too_close_to_a_hill_is_refused():
    with pytest.raises(MissionError, match="below the floor of 20 m"):
        envelope(Slope(0.3), height_agl_m=60)


def test_gap_in_the_terrain_is_refused_with_the_place():
    with pytest.raises(TerrainError, match=r"119\.95.*31\.7"):
        envelope(Slope(0.0, known_from_m=20))


def test_speed_is_limited_by_the_drone():
    assert envelope().speed_m_s == 10
    assert envelope().speed_limited_by == "cruise speed of the drone"


def test_speed_is_limited_by_the_photo_interval():
    slow = replace(DRONE, photo_interval_s=4.0)
    assert envelope(drone=slow).speed_m_s == pytest.approx(6)
    assert envelope(drone=slow).speed_limited_by == "photo interval of 4 s"


def test_speed_is_limited_by_motion_blur():
    found = envelope(exposure_s=1 / 50, most_blur_px=1.0)
    assert found.speed_m_s == pytest.approx(5)
    assert found.speed_limited_by == "motion blur of 1 px"
