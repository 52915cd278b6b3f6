import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.profile import Climb
from simulations.behaviours import SPOOL_UP_S, Return, TakeOff
from simulations.motion import SpeedLimits
from simulations.parameters import Parameters
from simulations.profile import Limits, rest_to_rest, stop_from
from simulations.vehicle import STEP_S, Multirotor, Wind

LIMITS = SpeedLimits(10.0, 2.5, 1.5, 2.5, 1.0, 1.0)
limits = st.builds(Limits, st.floats(0.5, 20), st.floats(0.3, 5), st.floats(0.2, 5))


def fly(craft, until=lambda craft: craft.arrived, limit_s=300):
    """Step until something holds; the states on the way."""
    states = []
    while not until(craft):
        craft.step()
        states.append((craft.position, craft.velocity, craft.acceleration))
        assert len(states) * STEP_S < limit_s, "never gets there"
    return states


@settings(deadline=None)
@given(st.floats(0.05, 2000), limits)
def test_a_profile_covers_its_length_within_every_limit(length_m, limit):
    profile = rest_to_rest(length_m, limit)
    assert profile.length_m == pytest.approx(length_m, rel=1e-6, abs=1e-6)
    for step in range(101):
        _, speed, acceleration = profile.at(profile.duration_s * step / 100)
        assert -1e-6 <= speed <= limit.speed_m_s * (1 + 1e-6)
        assert abs(acceleration) <= limit.acceleration_m_s2 * (1 + 1e-6)


@settings(deadline=None)
@given(st.floats(0.05, 2000), limits)
def test_a_profile_ends_at_rest(length_m, limit):
    profile = rest_to_rest(length_m, limit)
    _, speed, acceleration = profile.at(profile.duration_s)
    assert speed == pytest.approx(0, abs=1e-5)
    assert acceleration == pytest.approx(0, abs=1e-5)


@settings(deadline=None)
@given(st.floats(0.1, 20), limits)
def test_stopping_goes_only_forward(speed_m_s, limit):
    profile = stop_from(speed_m_s, limit)
    places = [profile.at(profile.duration_s * step / 50)[0] for step in range(51)]
    assert places == sorted(places)
    assert profile.at(profile.duration_s)[1] == pytest.approx(0, abs=1e-5)


def test_a_leg_takes_as_long_as_its_acceleration_allows():
    craft = Multirotor(LIMITS)
    craft.fly_to((200.0, 0.0, 0.0))
    states = fly(craft)
    # s = L/v + v/a + a/j, and half a second for which the plan waits while the body leans
    assert len(states) * STEP_S == pytest.approx(20 + 4 + 2.5 + 0.5, abs=0.05)


def test_the_craft_ends_where_it_was_sent():
    craft = Multirotor(LIMITS, wind=Wind(6, 250, 1.5), seed=3)
    craft.fly_to((80.0, -40.0, 30.0))
    fly(craft)
    fly(craft, until=lambda c: math.hypot(*c.velocity[:2]) < 0.3)
    assert craft.position == pytest.approx((80.0, -40.0, 30.0), abs=1.0)


def test_climbing_keeps_the_climb_rate():
    craft = Multirotor(LIMITS)
    craft.fly_to((0.0, 0.0, 60.0))
    states = fly(craft)
    assert max(v[2] for _, v, _ in states) == pytest.approx(2.5, abs=0.01)
    assert len(states) * STEP_S == pytest.approx(24 + 2.5 + 1.0, abs=0.15)


def test_a_corner_that_is_known_is_rounded_without_stopping():
    craft = Multirotor(LIMITS)
    craft.fly_to((100.0, 0.0, 0.0))
    craft.then_fly_to((100.0, 100.0, 0.0), LIMITS)
    states = fly(craft, until=lambda c: c.position[1] > 50)
    turn = [v for p, v, _ in states if math.dist(p[:2], (100, 0)) < 20]
    assert min(math.hypot(*v[:2]) for v in turn) > 2.0
    assert min(math.dist(p[:2], (100, 0)) for p, _, _ in states) < 2.0


def test_motion_has_no_jumps():
    craft = Multirotor(LIMITS, wind=Wind(5, 90, 1))
    craft.fly_to((60.0, 0.0, 0.0))
    craft.then_fly_to((60.0, 60.0, 0.0), LIMITS)
    states = fly(craft, until=lambda c: c.velocity[1] > 4)
    craft.fly_to((0.0, 0.0, 5.0))  # break off in full flight
    states += fly(craft)
    for (p, v, _), (q, w, _) in itertools.pairwise(states):
        assert math.dist(q, p) < 12 * STEP_S
        assert math.dist(w, v) < 6 * STEP_S


def test_holding_brakes_within_the_stopping_distance():
    craft = Multirotor(LIMITS)
    craft.fly_to((500.0, 0.0, 0.0))
    fly(craft, until=lambda c: c.velocity[0] > 9.5)
    start_m = craft.position[0]
    craft.hold()
    fly(craft, until=lambda c: math.hypot(*c.velocity) < 0.05)
    assert 20 < craft.position[0] - start_m < 40


def test_sinking_reaches_the_ordered_rate():
    craft = Multirotor(LIMITS, position=(0.0, 0.0, 20.0))
    craft.descend(1.5)
    fly(craft, until=lambda c: c.position[2] < 15)
    assert craft.velocity[2] == pytest.approx(-1.5)


def test_a_headwind_costs_energy_and_makes_the_body_lean():
    def cruise(wind):
        craft = Multirotor(LIMITS, wind=wind)
        craft.fly_to((0.0, 400.0, 0.0))
        fly(craft, until=lambda c: c.position[1] > 300)
        return craft.battery.used_wh, craft.tilt_deg[1]

    calm_wh, calm_pitch = cruise(Wind())
    head_wh, head_pitch = cruise(Wind(speed_m_s=8, from_deg=0))
    assert head_wh > 1.1 * calm_wh
    assert head_pitch < calm_pitch - 5 < -10


def test_gusts_are_the_same_for_the_same_seed_only():
    def path(seed):
        craft = Multirotor(LIMITS, wind=Wind(5, 0, 2), seed=seed)
        craft.fly_to((50.0, 0.0, 0.0))
        return [p for p, _, _ in fly(craft)]

    assert path(1) == path(1)
    assert path(1) != path(2)


def test_a_wind_that_is_too_strong_to_lean_against_takes_it_along():
    craft = Multirotor(LIMITS, wind=Wind(22.0, from_deg=270.0))
    craft.hold()
    for _ in range(round(20 / STEP_S)):
        craft.step()
    assert craft.saturated
    assert craft.position[0] > 5.0
    roll, pitch = craft.tilt_deg
    assert math.hypot(roll, pitch) < craft.lean_deg + 1


def test_a_target_waits_for_a_vehicle_that_cannot_follow():
    craft = Multirotor(LIMITS, wind=Wind(16.0, from_deg=90.0))
    craft.fly_to((300.0, 0.0, 0.0))
    fly(craft, until=lambda c: c.position[0] > 250)
    assert craft.target[0][0] - craft.position[0] < 30.0


def test_a_motor_that_gives_nothing_costs_height_and_a_weaker_one_does_not():
    def lost_m(share):
        craft = Multirotor(LIMITS, position=(0.0, 0.0, 50.0))
        craft.motor_share = share
        craft.fly_to((200.0, 0.0, 50.0))
        fly(craft, until=lambda c: c.position[0] > 150)
        return craft.lost_m

    assert lost_m(0.6) == 0.0
    assert lost_m(0.0) > 1.0


def test_without_a_position_it_stays_level_and_drifts_with_the_wind():
    craft = Multirotor(LIMITS, wind=Wind(5.0, from_deg=180.0))
    craft.hold()
    for _ in range(round(5 / STEP_S)):
        craft.step()
    craft.positioned = False
    for _ in range(round(60 / STEP_S)):
        craft.step()
    assert craft.velocity[1] == pytest.approx(5.0, abs=1.0)
    assert abs(craft.tilt_deg[1]) < 1.0


def carry_out(craft, behaviour, limit_s=200.0):
    """Step until it is done; times of the clock and heights on the way."""
    heights, now_s = [], 0.0
    while not behaviour.step(now_s):
        craft.step()
        now_s += STEP_S
        heights.append((now_s, craft.position[2]))
        assert now_s < limit_s, "never done"
    return heights


@pytest.mark.parametrize(("height_m", "rate_m_s"), [(60, 2.5), (10, 2.5), (2, 2.5), (90, 5.0)])
def test_a_take_off_takes_as_long_as_it_is_planned(height_m, rate_m_s):
    craft = Multirotor(replace(LIMITS, up_m_s=rate_m_s))
    heights = carry_out(craft, TakeOff(craft, height_m, 0.0))
    planned = Climb.of(height_m, rate_m_s, 1.0, 5.0)
    assert heights[-1][0] - SPOOL_UP_S == pytest.approx(planned.duration_s, abs=0.06)
    assert max(h for _, h in heights) < height_m
    assert heights[-1][1] == pytest.approx(height_m, abs=0.05 * rate_m_s)


def test_the_end_of_a_take_off_is_the_recorded_one():
    """Seconds after arming and heights in fs_gcs.tlog; the clock here begins with the order."""
    recorded = {26.0: 53.58, 27.0: 55.95, 28.0: 57.81, 29.0: 59.11, 30.0: 59.87}
    craft = Multirotor(LIMITS)
    flown = dict((round(t, 2), h) for t, h in carry_out(craft, TakeOff(craft, 60.0, 0.0)))
    for at_s, height_m in recorded.items():
        assert flown[at_s] == pytest.approx(height_m, abs=0.35)


def test_a_return_in_a_climb_comes_back_to_the_height_of_the_order():
    craft = Multirotor(LIMITS)
    craft.fly_to((0.0, 0.0, 80.0))
    fly(craft, until=lambda c: c.position[2] > 54.3)
    ordered_m = craft.position[2]
    back = Return(craft, Parameters())
    heights = []
    while not back.landing:
        back.step(len(heights) * STEP_S)
        craft.step()
        heights.append(craft.position[2])
        assert len(heights) < 2000
    assert 1.5 < max(heights) - ordered_m < 3.5  # 2.2 m in fs_rc.tlog
    assert heights[-1] == pytest.approx(ordered_m, abs=0.05)
