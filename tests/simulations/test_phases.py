from geo.frames import LocalFrame
from missions.model import MissionItem
from simulations.phases import moments_of
from simulations.scenarios import Phase
from tests.flight.sorties import HOME, small_sortie, waypoint

FRAME = LocalFrame(HOME.lon_deg, HOME.lat_deg)


def test_each_part_of_a_survey_is_found():
    moments = moments_of(small_sortie().items, FRAME)
    assert {phase: moment.number for phase, moment in moments.items()} == {
        Phase.CLIMB: 1,
        Phase.TRANSIT: 3,
        Phase.ROW: 5,
        Phase.TURN: 9,
        Phase.RETURN: 11,
    }


def test_a_mission_without_a_camera_has_its_longest_leg_for_a_row():
    items = (
        MissionItem(22, 3, altitude_m=30),
        waypoint(10, 0),
        waypoint(200, 0),
        MissionItem(20, 2),
    )
    moments = moments_of(items, FRAME)
    assert moments[Phase.ROW].number == 3
    assert moments[Phase.TRANSIT].number == 2


def test_a_mission_that_only_takes_off_has_every_part_somewhere():
    moments = moments_of((MissionItem(22, 3, altitude_m=30), MissionItem(20, 2)), FRAME)
    assert set(moments) == set(Phase)
