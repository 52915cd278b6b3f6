import numpy as np
import pytest

from geo.errors import TerrainError
from geo.terrain import FlatTerrain
from missions.airspace import EMPTY
from missions.check import check
from missions.check_limits import Limits
from missions.drones import drone_named
from missions.errors import MissionError
from missions.findings import Severity
from missions.grounds import Party
from missions.model import Command
from missions.settings import SurveySettings
from missions.stations import Round, Shot, Station, over_ground
from missions.steps import IMAGE_START_CAPTURE
from tests.missions.kinds import hills
from tests.missions.shapes import FRAME

HOME = np.array([0.0, 0.0])


def party(terrain=None, **limits):
    return Party(drone_named("sim-quad"), SurveySettings(**limits), FRAME, terrain or FlatTerrain())


def straight(start, end):
    return np.stack([start, end])


def sorties(stations, **limits):
    return Round(party(**limits), HOME, 60.0, straight).sorties(stations, 0.1)


def station(x, y, z, *shots):
    return Station(np.array([x, y, z], dtype=float), tuple(Shot(*shot) for shot in shots))


def test_each_photo_is_a_turn_a_release_and_a_hold_as_long_as_the_turn():
    (sortie,) = sorties([station(100, 0, 80, (90, -20), (180, -20), (350, -20))])
    start = [i for i, item in enumerate(sortie.items) if item.command == IMAGE_START_CAPTURE]
    for index, heading, hold in zip(start, (90, 180, 350), (3, 6, 9), strict=True):
        turn, place = sortie.items[index - 1], sortie.items[index + 1]
        assert (turn.command, turn.parameters[0]) == (Command.CONDITION_YAW, heading)
        assert (place.command, place.parameters[0]) == (Command.NAV_WAYPOINT, hold)


def test_each_release_has_its_own_number():
    (sortie,) = sorties([station(100, 0, 80, (0, -20), (90, -60)), station(0, 90, 80, (0, -20))])
    numbers = [i.parameters[3] for i in sortie.items if i.command == IMAGE_START_CAPTURE]
    assert numbers == [1, 2, 3]


def test_the_gimbal_is_tilted_on_the_way_and_given_time_at_a_station():
    (sortie,) = sorties([station(100, 0, 80, (90, -20), (90, -60))])
    commands = [item.command for item in sortie.items]
    first, second = (i for i, c in enumerate(commands) if c == Command.DO_MOUNT_CONTROL)
    assert Command.NAV_WAYPOINT in commands[first : commands.index(Command.CONDITION_YAW)]
    assert sortie.items[second + 1].parameters[0] == 3.0


def test_what_one_battery_does_not_take_is_flown_in_the_next_flight():
    many = [
        station(300 * np.cos(a), 300 * np.sin(a), 80, *[(h, -20) for h in range(0, 360, 45)])
        for a in np.arange(24)
    ]
    flights = sorties(many)
    assert len(flights) > 1
    assert sum(len(flight.photos) for flight in flights) == 192
    assert all(flight.battery_share <= 0.75 for flight in flights)


def test_a_station_out_of_reach_is_refused():
    with pytest.raises(MissionError, match="Start closer"):
        sorties([station(9000, 0, 80, (0, -20))])


def test_way_points_are_added_until_the_path_is_between_floor_and_ceiling():
    terrain = hills(300)
    ends = np.array([[-600.0, 0], [700.0, 100]])
    ground = terrain.altitudes_amsl_m(FRAME.lonlat_from_xy(ends))
    path = over_ground(np.column_stack([ends, ground + 60]), party(terrain), 60.0)
    shares = np.linspace(0, 1, 200)[:, None, None]
    fine = (path[:-1] + shares * np.diff(path, axis=0)).reshape(-1, 3)
    heights = fine[:, 2] - terrain.altitudes_amsl_m(FRAME.lonlat_from_xy(fine[:, :2]))
    assert 2 < len(path) < 30
    assert heights.min() > 19.9
    assert heights.max() < 120.1


def test_a_path_that_begins_too_low_is_refused():
    path = np.array([[0.0, 0, 5], [100.0, 0, 60]])
    with pytest.raises(MissionError, match="5 m above ground"):
        over_ground(path, party(), 60.0)


def test_unknown_ground_is_an_error_that_names_the_leg():
    path = np.array([[0.0, 0, 150], [9000.0, 0, 150]])
    with pytest.raises(TerrainError, match=r"from 119\.95"):
        over_ground(path, party(hills(60)), 60.0)


@pytest.mark.parametrize("heights_m", [(110, 25), (25, 110)])
def test_legs_too_steep_for_any_speed_are_flown_level_and_straight_up_or_down(heights_m):
    one, other = heights_m
    (sortie,) = sorties([station(60, 0, one, (90, -20)), station(64, 3, other, (90, -20))])
    drone = drone_named("sim-quad")
    found = check(sortie, Limits(120.0), FlatTerrain(), EMPTY, drone)
    assert [f.message for f in found if f.severity is Severity.ERROR] == []
    places = [i for i in sortie.items if i.command == Command.NAV_WAYPOINT]
    heights = [i.altitude_m for i in places]
    low = heights.index(25.0)
    corner = places[low - 1] if one > other else places[low + 2]
    assert corner.altitude_m == 110.0
    assert corner.lon_deg == places[low].lon_deg


def test_steep_legs_are_flown_as_slowly_as_the_drone_climbs_and_sinks():
    (sortie,) = sorties([station(30, 0, 110, (90, -20)), station(60, 0, 25, (90, -20))])
    speeds = [i.parameters[1] for i in sortie.items if i.command == Command.DO_CHANGE_SPEED]
    assert speeds[-3] <= 30 / (50 / 2.5)
    assert speeds[-2] <= 30 / (85 / 1.5)
