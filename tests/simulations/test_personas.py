import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.modes import PX4_COPTER
from simulations.parameters import INT32, Parameters
from simulations.personas import ARDUPILOT, AUTO, LAND, LOITER, PX4, RTL, persona_of


@pytest.mark.parametrize("mode", [0, 2, AUTO, LOITER, RTL, LAND])
@pytest.mark.parametrize("persona", [ARDUPILOT, PX4])
def test_a_mode_is_understood_as_it_is_told(persona, mode):
    assert persona.mode_of(persona.custom_mode(mode)) == mode


def test_px4_is_in_its_mission_by_its_own_numbers():
    assert PX4.custom_mode(AUTO) == 4 << 16 | 4 << 24
    assert PX4.mode_of(4, 4) == AUTO
    assert PX4.base_mode(AUTO, armed=True) == 157
    assert ARDUPILOT.base_mode(AUTO, armed=True) == 209


def test_a_mode_that_px4_does_not_have_is_none():
    assert PX4.mode_of(9, 9) is None


@given(st.floats(1, 1000))
def test_a_plain_parameter_of_px4_comes_back_in_its_own_unit(value):
    parameters = Parameters()
    parameters.set(*PX4.meant("RTL_RETURN_ALT", value))
    assert parameters["RTL_ALT"] == int(value * 100)
    assert PX4.read(parameters, "RTL_RETURN_ALT")[0] == pytest.approx(value, abs=0.0101)


@pytest.mark.parametrize("choice", [0, 2, 3, 5])
def test_a_choice_of_px4_travels_as_the_bytes_of_a_whole_number(choice):
    parameters = Parameters()
    parameters.set(*PX4.meant("GF_ACTION", PX4_COPTER.parameter_code(choice, INT32)))
    value, kind = PX4.read(parameters, "GF_ACTION")
    assert kind == 6
    assert value == PX4_COPTER.parameter_code(choice, INT32)


def test_an_unknown_parameter_is_nobodys():
    assert PX4.meant("WPNAV_SPEED", 1.0) is None
    assert ARDUPILOT.read(Parameters(), "NO_SUCH") is None


def test_a_heartbeat_tells_whose_manners_to_expect():
    assert (persona_of(3), persona_of(12)) == (ARDUPILOT, PX4)
