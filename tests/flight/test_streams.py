"""What a flight asks its vehicle to tell."""

from typing import cast

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.gimbals import KINDS
from flight.modes import COPTER, PX4_COPTER
from flight.monitor import FlightMonitor
from flight.session import Session
from flight.streams import ask_for_streams


class Asked:
    """A session that keeps what is asked for."""

    def __init__(self, coding) -> None:
        self.monitor = FlightMonitor(coding=coding)
        self.rates_hz: dict[int, float] = {}

    def set_interval(self, kind: int, rate_hz: float) -> None:
        self.rates_hz[kind] = rate_hz


@pytest.mark.parametrize("coding", [COPTER, PX4_COPTER])
def test_a_flight_asks_where_the_camera_looks_often_enough_to_be_believed(coding):
    asked = Asked(coding)
    ask_for_streams(cast(Session, asked))
    by_name = {mavlink.mavlink_map[kind].msgname: rate for kind, rate in asked.rates_hz.items()}
    assert any(by_name.get(kind, 0) >= 5 for kind in KINDS)
