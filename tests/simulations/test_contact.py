"""What touching the ground does to a vehicle: nothing, a landing's end, or a crash."""

import pytest

from simulations.autopilot import Autopilot, Scene
from simulations.contact import Contact
from simulations.personas import BRAKE, LAND, LOITER
from simulations.vehicle import Multirotor
from tests.flight.sorties import HOME
from tests.simulations.test_autopilot import Station, airborne


def touching(velocity=(0.0, 0.0, -0.5), thrust=(0.0, 0.0)):
    """A vehicle that was in the air and is at the ground now, not landing."""
    craft = Multirotor(limits=Autopilot(Scene(HOME)).craft.limits)
    contact = Contact(craft)
    contact.begin(0.0)
    craft.position = (0.0, 0.0, 5.0)
    contact.step(0.0, landing=False)
    craft.position, craft.velocity, craft._thrust = (0.0, 0.0, -0.01), velocity, thrust
    return craft, contact


def test_a_slow_level_touch_is_no_crash_and_is_told_once():
    craft, contact = touching()
    texts, stops = contact.step(1.0, landing=False)
    assert [words for _, words in texts] == ["SIM Hit ground at 0.500000 m/s"]
    assert not stops
    assert (craft.position[2], craft.velocity) == (0.0, (0.0, 0.0, 0.0))
    craft.position = (0.0, 0.0, -0.01)
    assert contact.step(1.1, landing=False) == ([], False)


@pytest.mark.parametrize(
    ("velocity", "thrust"),
    [
        ((0.0, 0.0, -3.1), (0.0, 0.0)),
        ((2.1, 0.0, -0.2), (0.0, 0.0)),
        ((0.0, 0.0, -0.2), (0.0, 6.0)),  # leans by atan(6 / 9.8), 31 degrees
    ],
)
def test_a_touch_that_is_fast_or_leaning_is_a_crash(velocity, thrust):
    _, contact = touching(velocity, thrust)
    texts, stops = contact.step(1.0, landing=False)
    assert stops
    assert texts[-1][1].startswith("Crash: Disarming")


@pytest.mark.parametrize("mode", [BRAKE, LOITER])
def test_stopped_just_above_the_ground_it_stands_there_until_it_is_told_to_land(mode):
    """Nearly landed, a pause: it sinks on for as long as braking takes, and meets the ground."""
    station = Station()
    airborne(station, item=3)
    autopilot = station.autopilot
    station.command(176, 1, LAND)
    station.run(120, until=lambda s: s.autopilot.contact.above_m < 0.02)
    assert autopilot.armed
    station.command(176, 1, mode)
    station.run(20)
    assert autopilot.armed
    assert autopilot.contact.above_m == pytest.approx(0.0, abs=0.02)
    assert not any(words.startswith("Crash") for words in station.words)
    station.command(176, 1, LAND)
    station.run(10)
    assert not autopilot.armed


def test_it_takes_off_again_from_where_it_stands():
    station = Station()
    airborne(station, item=3)
    station.command(176, 1, LAND)
    station.run(120, until=lambda s: s.autopilot.contact.above_m < 0.02)
    station.command(176, 1, BRAKE)
    station.run(5)
    station.command(20)
    station.run(20, until=lambda s: s.autopilot.contact.above_m > 5.0)
    assert station.autopilot.contact.above_m > 5.0
