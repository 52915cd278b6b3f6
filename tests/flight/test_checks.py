from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.checks import ceiling_home_m, check_battery, check_sortie
from flight.errors import RefusedError
from missions.drones import drone_named
from missions.model import MissionItem
from tests.flight.sorties import HEIGHT_M, area, small_sortie, waypoint, with_fence

SORTIE = small_sortie()


def with_item(seq, item):
    items = list(SORTIE.items)
    items[seq - 1] = item
    return replace(SORTIE, items=tuple(items))


def test_a_planned_sortie_is_accepted():
    check_sortie(SORTIE)


@given(st.floats(HEIGHT_M + 15.1, 1000))
def test_a_waypoint_above_the_ceiling_is_refused_with_leg_value_and_limit(height_m):
    high = with_item(5, waypoint(20, 120, height_m))
    with pytest.raises(RefusedError, match=rf"Leg 3 .* {height_m:.1f} m .* 0 to 45\.0 m"):
        check_sortie(high)


def test_raising_every_waypoint_does_not_raise_the_ceiling():
    items = tuple(
        replace(item, altitude_m=400.0) if item.command in (16, 22) else item
        for item in SORTIE.items
    )
    with pytest.raises(RefusedError, match=r"400\.0 m above home"):
        check_sortie(replace(SORTIE, items=items))


def test_the_planners_ceiling_counts_where_there_is_one():
    assert ceiling_home_m(SORTIE) == HEIGHT_M + 15
    low = replace(SORTIE, ceiling_home_m=25.0)
    with pytest.raises(RefusedError, match=r"0 to 25\.0 m"):
        check_sortie(low)


@pytest.mark.parametrize("height_m", [-1.0, float("nan")])
def test_a_height_that_is_none_is_refused(height_m):
    with pytest.raises(RefusedError, match="allowed are 0 to"):
        check_sortie(with_item(5, waypoint(20, 120, height_m)))


def test_a_leg_out_of_the_fence_is_refused_with_its_end():
    with pytest.raises(RefusedError, match=r"Leg 3 of sortie T-1 leaves .* 32\.51088"):
        check_sortie(with_fence(SORTIE, area(-60, -60, 150, 70)))


def test_a_leg_across_a_hole_of_the_fence_is_refused():
    fence = SORTIE.fence - area(10, 60, 30, 80)  # both ends of the leg lie inside
    with pytest.raises(RefusedError, match="Leg 3"):
        check_sortie(with_fence(SORTIE, fence))


def test_a_fence_without_home_is_refused():
    with pytest.raises(RefusedError, match="Leg 1"):
        check_sortie(with_fence(SORTIE, area(100, 100, 200, 200)))


@pytest.mark.parametrize("frame", [0, 5, 10])
def test_heights_above_anything_but_home_are_refused(frame):
    moved = replace(SORTIE.items[4], frame=frame)
    with pytest.raises(RefusedError, match=f"Item 5 .* frame {frame}"):
        check_sortie(with_item(5, moved))


@pytest.mark.parametrize("command", [17, 82, 177])
def test_a_command_whose_way_is_not_known_is_refused(command):
    with pytest.raises(RefusedError, match=f"Item 5 .* command {command}"):
        check_sortie(with_item(5, MissionItem(command, 3)))


def test_a_mission_that_moves_before_its_take_off_is_refused():
    first, *others = SORTIE.items
    late = replace(SORTIE, items=(others[0], waypoint(20, 20), first, *others[1:]))
    with pytest.raises(RefusedError, match=r"Item 2 .* before its take-off"):
        check_sortie(late)


def test_orders_that_move_nothing_may_precede_the_take_off():
    first, speed, *others = SORTIE.items
    assert (first.command, speed.command) == (22, 178)
    check_sortie(replace(SORTIE, items=(speed, first, *others)))


@pytest.mark.parametrize("command", [20, 21])
def test_a_mission_that_goes_on_after_it_has_come_down_is_refused(command):
    lands = MissionItem(command, 3, lon_deg=0.0)
    items = (*SORTIE.items[:8], lands, *SORTIE.items[8:])
    with pytest.raises(RefusedError, match=r"Item 9 .* brings the vehicle down, but 3 items"):
        check_sortie(replace(SORTIE, items=items))


def test_a_mission_without_a_take_off_is_refused():
    with pytest.raises(RefusedError, match="no take-off"):
        check_sortie(replace(SORTIE, items=SORTIE.items[1:]))


def test_a_battery_must_hold_the_flight_and_the_reserve():
    drone = drone_named("dji-m3e")
    sortie = replace(SORTIE, duration_s=0.5 * drone.endurance_s)
    check_battery(sortie, drone, 0.5 + drone.reserve_share)
    with pytest.raises(RefusedError, match=r"holds 70%; .* needs 75%, 25% of it as reserve"):
        check_battery(sortie, drone, 0.70)


def test_a_battery_that_is_not_told_is_refused():
    with pytest.raises(RefusedError, match="does not tell its battery"):
        check_battery(SORTIE, drone_named("dji-m3e"), None)
