from datetime import time

import pytest

from missions.errors import MissionError
from missions.fleet import Crew, Depot, Fleet, Hours
from tests.missions.fleets import DEPOT, crew


def test_as_many_aircraft_fly_as_there_are_pilots():
    assert crew(drones=3, pilots=2).lanes == 2
    assert crew(drones=3, pilots=2).drone_names() == ("A-drone-1", "A-drone-2")


@pytest.mark.parametrize(
    "wrong", [{"batteries": 0}, {"chargers": 0}, {"charge_s": -1}, {"charging": "shed"}]
)
def test_crew_that_cannot_fly_is_refused_by_name(wrong):
    with pytest.raises(MissionError, match=f"crew A.*{next(iter(wrong))}"):
        crew(**wrong)


def test_crew_of_an_unknown_depot_is_refused():
    with pytest.raises(MissionError, match="'X', which does not exist; known are D"):
        Fleet((DEPOT,), (Crew("A", "X", "sim-quad"),), Hours())


def test_two_kinds_of_aircraft_at_one_depot_are_refused():
    with pytest.raises(MissionError, match="dji-m3e and sim-quad"):
        Fleet((DEPOT,), (crew("A"), Crew("B", "D", "dji-m3e")), Hours())


def test_the_same_crew_twice_is_refused():
    with pytest.raises(MissionError, match="crew codes occur more than once: A"):
        Fleet((DEPOT,), (crew(), crew()), Hours())


def test_depot_in_metres_is_refused():
    with pytest.raises(MissionError, match="depot D lies at"):
        Depot("D", 500_000.0, 3_500_000.0)


def test_depot_without_crew_is_not_manned():
    other = Depot("E", 120.0, 31.0)
    assert Fleet((DEPOT, other), (crew(),), Hours()).manned() == (DEPOT,)


def test_hours_that_end_before_they_start_are_refused():
    with pytest.raises(MissionError, match="18:00 must be before work_to 08:00"):
        Hours(work_from=time(18), work_to=time(8))
