"""What keeps a vehicle in its fence and brings it home, seen to before it is armed.

Parameters that a flight needs otherwise than they were are set, told to the user, and put back
when the rotors have stopped; while the vehicle is in the air none is touched. The stored fence
itself stays in the vehicle, as its mission does. A flight that could not be followed to its end
leaves them as they were in flight.
"""

from dataclasses import dataclass, field

import numpy as np

from flight.checks import ceiling_home_m
from flight.errors import FlightError, RefusedError
from flight.protocol import FENCE, fence_items
from flight.session import Session
from geo.frames import LocalFrame
from missions.legs import legs
from missions.model import Sortie

ALTITUDE, CIRCLE, POLYGON = 1, 2, 4  # FENCE_TYPE bits
RETURN = 1  # FENCE_ACTION: RTL, or land where that is impossible
RETURNING = frozenset({RETURN, 3})  # 3: SmartRTL, else RTL


@dataclass(slots=True)
class Safeguards:
    """The fence and failsafes of one flight.

    Attributes:
        changed: parameters that were set, in order, with their values before and after.
    """

    session: Session
    sortie: Sortie
    changed: dict[str, tuple[float, float]] = field(default_factory=dict)

    def check_failsafes(self, *, arm_real: bool) -> None:
        """Refuse a vehicle that would return too high, or go on when the link is lost."""
        ceiling_m = ceiling_home_m(self.sortie)
        return_m = self._read("RTL_ALT") / 100
        if not return_m <= ceiling_m:
            raise RefusedError(
                f"The vehicle returns at {return_m:.0f} m (RTL_ALT), above the ceiling of "
                f"{ceiling_m:.0f} m of sortie {self.sortie.code}. Set RTL_ALT to "
                f"{100 * ceiling_m:.0f} or less."
            )
        if arm_real and not self._read("FS_GCS_ENABLE") > 0:
            raise RefusedError(
                "The vehicle goes on when its ground station is lost (FS_GCS_ENABLE is 0). "
                "Set FS_GCS_ENABLE to 1."
            )

    def raise_return(self) -> None:
        """Let the vehicle return as high as the sortie's way home over hills and masts needs."""
        needed_m, ceiling_m = self.sortie.return_height_m, ceiling_home_m(self.sortie)
        if needed_m is None or self._read("RTL_ALT") / 100 >= needed_m:
            return
        if needed_m > ceiling_m:
            raise RefusedError(
                f"The way home of sortie {self.sortie.code} needs a return height of "
                f"{needed_m:.0f} m, above its ceiling of {ceiling_m:.0f} m. Plan it again from "
                "another place."
            )
        self._put("RTL_ALT", 100 * needed_m)

    def raise_fence(self) -> None:
        """Store the sortie's fence and switch it on: inside the polygon, below the ceiling."""
        kinds = int(self._read("FENCE_TYPE"))
        if kinds & CIRCLE:
            self._check_circle()
        self._put("FENCE_TYPE", kinds | ALTITUDE | POLYGON)
        if self._read("FENCE_ACTION") not in RETURNING:
            self._put("FENCE_ACTION", RETURN)
        self._put("FENCE_ALT_MAX", ceiling_home_m(self.sortie))
        self.session.store(fence_items(self.sortie.fence), FENCE)
        self._put("FENCE_ENABLE", 1)

    def _check_circle(self) -> None:
        """Refuse a sortie that the vehicle's own circle would break off."""
        radius_m, reach_m = self._read("FENCE_RADIUS"), _reach_m(self.sortie)
        if not reach_m < radius_m:
            raise RefusedError(
                f"The vehicle's circular fence (FENCE_TYPE bit 2) ends at {radius_m:.0f} m from "
                f"home; sortie {self.sortie.code} reaches {reach_m:.0f} m. Enlarge FENCE_RADIUS, "
                "or start closer to the cell."
            )

    def _read(self, name: str) -> float:
        value = self.session.read_parameter(name)
        if value is None:
            raise RefusedError(
                f"The vehicle does not tell its parameter {name}, without which nothing is armed. "
                "Check the link and that it runs ArduCopter 4.x."
            )
        return value

    def _put(self, name: str, value: float) -> None:
        """Set a parameter that has another value."""
        before = self._read(name)
        if before != value:
            self.changed[name] = before, value  # first: an answer that is lost may be a change
            self.session.set_parameter(name, value)

    def restore(self) -> tuple[str, ...]:
        """Put back what was changed, last first, and tell it; only on the ground."""
        told = []
        for name, (before, after) in reversed(self.changed.items()):
            words = f"parameter {name} was {before:g}, set to {after:g} for the flight"
            try:
                self.session.set_parameter(name, before)
                told.append(f"{words} and put back")
            except FlightError as error:
                told.append(f"{words} and NOT put back: {error}")
        self.changed.clear()
        return tuple(told)


def _reach_m(sortie: Sortie) -> float:
    """Largest horizontal distance from home."""
    frame = LocalFrame(sortie.home.lon_deg, sortie.home.lat_deg)
    lonlat = [leg.end[:2] for leg in legs(sortie.home, sortie.items)]
    return float(np.linalg.norm(frame.xy_from_lonlat(np.array(lonlat)), axis=1).max())
