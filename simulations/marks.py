"""How a started autopilot is told from any other vehicle: by a number drawn for its boot; pure.

The number goes into a parameter that has no effect on a flight: ArduPilot's serial number of the
battery (AP_BattMonitor_Params.cpp; -1 unless a smart battery fills it in), PX4's number of the next
flight (commander_params.c). It is read back before anything is set or ordered.
"""

import secrets
from dataclasses import dataclass

from flight.errors import RefusedError
from flight.session import Session

NAMES = {"ardupilot": "BATT_SERIAL_NUM", "px4": "COM_FLIGHT_UUID"}
MOST = 1 << 24  # whole numbers that a float32 carries


@dataclass(frozen=True, slots=True)
class Mark:
    """A parameter of the boot that no other vehicle has with this value."""

    name: str
    value: int

    def check(self, session: Session) -> None:
        """See that a vehicle bears it; only asks, sets nothing.

        Raises:
            RefusedError: the vehicle is another one, or does not tell.
        """
        found = session.read_parameter(self.name)
        if found == self.value:
            return
        told = "does not tell" if found is None else f"has {found:g} in"
        raise RefusedError(
            f"The vehicle that answers is not the simulation that was started: it {told} "
            f"{self.name}, {self.value} was set for the boot. Nothing was set or ordered. See what "
            "else runs or listens on this machine."
        )


def new_mark(kind: str) -> Mark:
    """Draw a mark for a kind of autopilot."""
    return Mark(NAMES[kind], 1 + secrets.randbelow(MOST - 1))
