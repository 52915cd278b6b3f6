"""Modes of ArduCopter and PX4, and whole flights of a vehicle that answers as PX4 does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.fly import fly_sortie
from flight.modes import COPTER, PX4_COPTER, modes_of, px4_mode
from flight.orders import Order
from flight.protocol import differences
from flight.session import Session
from tests.flight.px4 import Px4Link
from tests.flight.sorties import small_sortie

SORTIE = small_sortie()


@pytest.mark.parametrize(
    ("coding", "mode", "name", "order"),
    [
        (COPTER, 6, "RTL", (1, 6, 0)),
        (COPTER, 17, "BRAKE", (1, 17, 0)),
        (PX4_COPTER, 0x04040000, "MISSION", (1, 4, 4)),  # as QGroundControl shows it
        (PX4_COPTER, 0x05040000, "RTL", (1, 4, 5)),
        (PX4_COPTER, 0x03040000, "HOLD", (1, 4, 3)),
        (PX4_COPTER, 0x00030000, "POSCTL", (1, 3, 0)),
    ],
)
def test_a_mode_has_its_name_and_its_order(coding, mode, name, order):
    assert coding.name(mode) == name
    assert coding.order(mode) == order


def test_an_unknown_mode_is_told_by_its_number():
    assert COPTER.name(77) == "77"
    assert COPTER.name(None) == "no known mode"
    assert modes_of(12) is PX4_COPTER
    assert modes_of(3) is COPTER
    assert px4_mode(4, 4) == PX4_COPTER.mission


@given(st.integers(-(2**22), 2**30))  # below, the bytes are a signalling NaN, which C keeps
def test_whole_numbers_of_px4_travel_byte_by_byte(value):
    coded = PX4_COPTER.parameter_code(value, 6)
    assert PX4_COPTER.parameter_value(coded, 6) == value
    assert COPTER.parameter_code(value, 6) == value


@pytest.fixture
def px4(monkeypatch):
    link = Px4Link()
    monkeypatch.setattr("flight.fly.open_link", lambda *_, **__: link)
    return link


def test_a_mission_goes_up_without_home_and_comes_back_the_same(px4):
    session = Session(px4)
    session.monitor.feed(px4.wait_for_vehicle())
    session.store(SORTIE.items)
    assert differences(SORTIE.items, session.load(), has_home_item=False) == ()
    assert len(px4.autopilot.stores.mission) == len(SORTIE.items) + 1


def test_a_sortie_is_flown_by_px4_and_its_return_is_no_diversion(px4, tmp_path):
    result = fly_sortie(SORTIE, "tcp:x:1", log_path=tmp_path / "a.tlog", arm_real=True)
    assert result.completed, result.problem
    assert len(result.track.camera_events) == 10
    assert result.modes[0] == "MISSION"
    assert result.modes[-1] == "RTL"
    assert "parameter NAV_DLL_ACT was 0, set to 2 for the flight and put back" in result.notes
    assert px4.values["GF_ACTION"] == (2, 6)


def test_px4_is_paused_and_told_to_return(px4, tmp_path):
    orders = {30: Order.PAUSE, 40: Order.CONTINUE, 55: Order.RETURN}
    told = []

    def next_order():
        seconds = round(told[-1].elapsed_s) if told else 0
        return orders.pop(seconds, None)

    result = fly_sortie(
        SORTIE,
        "tcp:x:1",
        log_path=tmp_path / "a.tlog",
        arm_real=True,
        on_progress=told.append,
        next_order=next_order,
    )
    assert list(result.modes) == ["MISSION", "HOLD", "MISSION", "RTL"]
    assert result.problem.startswith("it was told to return at item")
