"""The airframe of a drone draws the powers that the drone library gives, as far as it can."""

import pytest

from missions.drones import drone_keys, drone_named
from simulations.airframe import GRAVITY_M_S2, airframe_of


@pytest.mark.parametrize("key", drone_keys())
def test_power_in_hover_climb_and_cruise_is_the_librarys(key):
    drone = drone_named(key)
    frame = airframe_of(drone)
    assert frame.induced_w(0.0, GRAVITY_M_S2) == pytest.approx(drone.hover_w)
    push_m_s2 = frame.drag_1_m * drone.cruise_speed_m_s**2
    induced_w = frame.induced_w(push_m_s2, GRAVITY_M_S2)
    cruise_w = induced_w + frame.drag_power_share * frame.drag_w(push_m_s2, drone.cruise_speed_m_s)
    whole_w = induced_w + frame.drag_w(push_m_s2, drone.cruise_speed_m_s)
    assert cruise_w == pytest.approx(min(max(drone.cruise_w, induced_w), whole_w))
    assert cruise_w <= 1.02 * drone.cruise_w
