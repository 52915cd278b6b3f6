"""Every fault in every phase, over the client that flies real vehicles."""

import pytest

from flight.log import read_tlog
from simulations.failing import KINDS
from simulations.faulting import fly_with_fault
from simulations.scenarios import Expectation, Fault, Phase, Scenario
from tests.simulations.test_gate import long_sortie

MODES = {Fault.GPS: "LAND", Fault.MOTOR: "LAND"}  # the others: RTL
SLOWEST_S = {Fault.BATTERY: 12.0, Fault.WIND: 20.0}  # BATT_LOW_TIMER; the wind's mean rises slowly


def scenario(fault, phase):
    for_s = 30.0 if fault is Fault.LINK else 0.0
    return Scenario("it fails", Expectation.HOME, 2.0, fault=fault, at=phase, for_s=for_s)


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("fault", Fault)
def test_each_fault_in_each_phase_is_told_to_the_operator(fault, phase, tmp_path):
    flight = fly_with_fault(long_sortie(), scenario(fault, phase), 1, tmp_path / "a.tlog")
    assert flight.begun_s is not None
    assert flight.recognised_s is not None
    assert flight.recognised_s <= SLOWEST_S.get(fault, 9.0)
    assert KINDS[fault] in [trouble.kind for trouble in flight.result.troubles]
    wanted = MODES.get(fault, "RTL")
    lands_as_planned = phase is Phase.RETURN and wanted == "RTL"
    assert flight.result.modes[-1] == wanted or lands_as_planned
    log = read_tlog(tmp_path / "a.tlog")
    assert log.landed
    assert not log.problems
