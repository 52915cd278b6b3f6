"""Which messages a flight is followed by, and how often; ArduPilot sends none of them unasked."""

from collections.abc import Mapping

from flight.modes import ARDUPILOT, PX4
from flight.session import Session

GIMBAL = 285
"""GIMBAL_DEVICE_ATTITUDE_STATUS, by which photos look where they do; silence without a gimbal."""
RATES_HZ = {
    33: 5,
    30: 4,
    1: 1,
    2: 1,
    24: 1,
    36: 2,
    42: 2,
    74: 1,
    147: 1,
    162: 1,
    193: 1,
    242: 0.2,
    245: 2,
    GIMBAL: 5,
}
WIND_RATES_HZ = {ARDUPILOT: {168: 0.5}, PX4: {231: 0.5}}


def ask_for_streams(session: Session, closer_hz: Mapping[int, float] | None = None) -> None:
    """Ask for everything that a flight is followed by; for some more often than a flight needs."""
    own_hz = WIND_RATES_HZ.get(session.monitor.coding.autopilot, {})
    for kind, rate_hz in (RATES_HZ | own_hz | dict(closer_hz or {})).items():
        session.set_interval(kind, rate_hz)
