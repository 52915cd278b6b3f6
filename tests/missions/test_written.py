"""Files of formats that say less than a sortie does are as safe as the sortie, or refused."""

from dataclasses import replace

import numpy as np
import pytest
from shapely import LineString, box

from missions.airspace import EMPTY, Airspace, Obstacle
from missions.check_limits import Limits
from missions.drones import drone_named
from missions.errors import MissionError
from missions.litchi import write_litchi
from missions.model import Command
from missions.open_file import read_mission
from missions.safe_survey import limits_of, survey_safely
from missions.settings import SurveySettings
from missions.wpml import write_wpml
from missions.written import Surroundings
from tests.missions.hills import raster
from tests.missions.shapes import FRAME, SQUARE, on_globe

M3E = drone_named("dji-m3e")
HOME = tuple(FRAME.lonlat_from_xy(np.array([[-400.0, 0.0]]))[0].tolist())
PLAIN = SurveySettings(height_agl_m=100.0, home_lonlat_deg=HOME)


def slope(x, y):
    return 40.0 + 0.1 * x


@pytest.fixture(scope="module")
def hilly():
    terrain = raster(slope)
    (sortie,) = survey_safely(on_globe(SQUARE), M3E, PLAIN, terrain=terrain, tolerance_m=8.0)
    return sortie, Surroundings(limits_of(PLAIN), terrain, EMPTY)


def test_take_off_below_the_first_place_ends_over_home_in_every_format(sortie, tmp_path):
    low = tuple(
        replace(item, altitude_m=30.0) if item.command == Command.NAV_TAKEOFF else item
        for item in sortie.items
    )
    planned = replace(sortie, items=low)
    for (path,) in (
        write_wpml(tmp_path / "a.kmz", planned, M3E),
        write_litchi(tmp_path / "a.csv", planned),
    ):
        first = next(i for i in read_mission(path).items if i.command == Command.NAV_WAYPOINT)
        assert first.altitude_m == 30.0
        assert (first.lon_deg, first.lat_deg) == (sortie.home.lon_deg, sortie.home.lat_deg)


def test_files_over_hills_are_as_safe_as_their_sortie(hilly, tmp_path):
    sortie, around = hilly
    take_off, first = [item for item in sortie.items if item.command in (22, 16)][:2]
    assert first.altitude_m > take_off.altitude_m + 20
    kmz = write_wpml(tmp_path / "a.kmz", sortie, M3E)
    csv = write_litchi(tmp_path / "a.csv", sortie)
    assert around.errors(kmz[0], sortie, M3E) == ()
    assert around.errors(csv[0], sortie, M3E) == ()


def test_parts_whose_ways_out_meet_a_wire_are_refused(tmp_path):
    """The whole flies out below it and returns above; later parts fly out through it."""
    (level,) = survey_safely(on_globe(SQUARE), M3E, replace(PLAIN, height_agl_m=60.0))
    sortie = replace(level, fence=on_globe(box(-500, -100, 500, 500)), return_height_m=90.0)
    wire = Obstacle("wire", on_globe(LineString([(-100, 40), (-100, 400)])), height_agl_m=70.0)
    around = Surroundings(Limits(), None, Airspace(obstacles=(wire,)))
    around.prove(write_wpml(tmp_path / "a.kmz", sortie, M3E), sortie, M3E)
    parts = write_wpml(tmp_path / "b.kmz", sortie, M3E, most_waypoints=8)
    with pytest.raises(MissionError, match=r"b-\dof\d\.kmz, one of \d parts, would not be safe"):
        around.prove(parts, sortie, M3E)
