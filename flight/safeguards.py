"""What keeps a vehicle in its fence and brings it home, seen to before it is armed.

Parameters that a flight needs otherwise than they were are set, told to the user, and put back
when the rotors have stopped; while the vehicle is in the air none is touched. The stored fence
itself stays in the vehicle, as its mission does. A flight that could not be followed to its end
leaves them as they were in flight.
"""

from dataclasses import dataclass, field

import numpy as np
import shapely

from flight.checks import ceiling_home_m
from flight.errors import FlightError, RefusedError, TransferError
from flight.link import GROUND_SYSTEM
from flight.modes import PX4
from flight.protocol import FENCE, RALLY, fence_items
from flight.session import Session
from geo.frames import LocalFrame
from missions.legs import legs
from missions.model import Sortie

ALTITUDE, CIRCLE, POLYGON = 1, 2, 4  # FENCE_TYPE bits
RETURN = 1  # FENCE_ACTION: RTL, or land where that is impossible
RETURNING = frozenset({RETURN, 3})  # 3: SmartRTL, else RTL
PX4_RETURN = 3  # GF_ACTION
PX4_RETURNING = frozenset({PX4_RETURN, 5})  # 5: land
CIRCLE_MARGIN_M = 5.0  # for the receiver's error and rounded corners
GCS_LOST_IN_AUTO = 2  # FS_OPTIONS: go on with a mission when the ground station is lost
LINK_RETURN = 1  # FS_GCS_ENABLE: RTL
PX4_LINK_RETURN = 2  # NAV_DLL_ACT


@dataclass(slots=True)
class Safeguards:
    """The fence and failsafes of one flight.

    Attributes:
        changed: parameters that were set, in order, with their values before and after.
    """

    session: Session
    sortie: Sortie
    changed: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def is_px4(self) -> bool:
        """Whether the parameters are PX4's."""
        return self.session.monitor.coding.autopilot == PX4

    def return_height_m(self) -> tuple[str, float]:
        """Parameter that says how high the vehicle returns, and the metres in it."""
        if self.is_px4:
            return "RTL_RETURN_ALT", self.read("RTL_RETURN_ALT")
        centimetres = self.session.read_parameter("RTL_ALT")
        if centimetres is not None:
            return "RTL_ALT", centimetres / 100
        metres = self.session.read_parameter("RTL_ALT_M")  # its name from ArduCopter 4.7 on
        return ("RTL_ALT_M", metres) if metres is not None else ("RTL_ALT", self.read("RTL_ALT"))

    def check_return(self) -> None:
        """Refuse a vehicle that would return above the ceiling, or would not land."""
        ceiling_m = ceiling_home_m(self.sortie)
        name, return_m = self.return_height_m()
        if not return_m <= ceiling_m:
            value = 100 * ceiling_m if name == "RTL_ALT" else ceiling_m
            raise RefusedError(
                f"The vehicle returns at {return_m:.0f} m ({name}), above the ceiling of "
                f"{ceiling_m:.0f} m of sortie {self.sortie.code}. Set {name} to "
                f"{value:.0f} or less."
            )
        if not self.is_px4:
            self._check_climb(name.endswith("_M"), ceiling_m)
            self._check_landing(name.endswith("_M"))

    def _check_climb(self, in_metres: bool, ceiling_m: float) -> None:
        """Refuse a climb that a return always begins with and that leads above the ceiling."""
        name = "RTL_CLIMB_MIN_M" if in_metres else "RTL_CLIMB_MIN"
        climb_m = (self.session.read_parameter(name) or 0.0) / (1 if in_metres else 100)
        highest_m = max(leg.end[2] for leg in legs(self.sortie.home, self.sortie.items))
        if climb_m > 0 and highest_m + climb_m > ceiling_m:
            raise RefusedError(
                f"The vehicle begins each return by climbing {climb_m:g} m ({name}), from up to "
                f"{highest_m:.0f} m to above the ceiling of {ceiling_m:.0f} m of sortie "
                f"{self.sortie.code}. Set {name} to 0."
            )

    def _check_landing(self, in_metres: bool) -> None:
        """Refuse a vehicle that hovers after its return until the battery is low."""
        name = "RTL_ALT_FINAL_M" if in_metres else "RTL_ALT_FINAL"
        height_m = (self.session.read_parameter(name) or 0.0) / (1 if in_metres else 100)
        if height_m > 0:
            raise RefusedError(
                f"The vehicle does not land after a return but hovers {height_m:g} m above home "
                f"({name}). Set {name} to 0."
            )

    def check_rally(self) -> tuple[str, ...]:
        """Refuse rally points outside of the fence: a vehicle returns to the nearest one.

        Points of an earlier flight stay in a vehicle until somebody removes them.
        """
        try:
            points = self.session.load(RALLY)
        except TransferError as error:
            return (f"the vehicle's rally points could not be read: {error}",)
        fence = self.sortie.fence
        outside = [p for p in points if not fence.covers(shapely.Point(p.lon_deg, p.lat_deg))]
        if outside:
            raise RefusedError(
                f"{len(outside)} of the vehicle's {len(points)} rally points lie outside of the "
                f"fence of sortie {self.sortie.code}, the first at {outside[0].lat_deg:.6f}, "
                f"{outside[0].lon_deg:.6f}; it would return there. Remove them from the vehicle."
            )
        return ()

    def watch_link(self) -> None:
        """See that the vehicle returns when its ground station is lost."""
        name, action = ("NAV_DLL_ACT", PX4_LINK_RETURN) if self.is_px4 else _COPTER_LINK
        self.check_listener()
        if not self.read(name) > 0:
            self._put(name, action)
        options = self.flies_on_without_link()
        if options is not None:
            self._put("FS_OPTIONS", options & ~GCS_LOST_IN_AUTO)

    def flies_on_without_link(self) -> int | None:
        """FS_OPTIONS where it lets a mission be flown on without a ground station; None if not."""
        found = None if self.is_px4 else self.session.read_parameter("FS_OPTIONS")
        return int(found) if found is not None and int(found) & GCS_LOST_IN_AUTO else None

    def check_listener(self) -> None:
        """Refuse an ArduPilot that listens to another ground station: it would not miss us."""
        if self.is_px4:
            return
        read, name = self.session.read_parameter, "SYSID_MYGCS"
        first = last = read(name)
        if first is None:  # its names from ArduCopter 4.7 on
            name, first, last = "MAV_GCS_SYSID", read("MAV_GCS_SYSID"), read("MAV_GCS_SYSID_HI")
        if first is None or first <= GROUND_SYSTEM <= max(first, last or 0):
            return
        raise RefusedError(
            f"The vehicle listens to ground station {first:g} ({name}); we are {GROUND_SYSTEM}, so "
            f"it would fly on when our link is lost. Set {name} to {GROUND_SYSTEM}."
        )

    def returns_above_ground(self) -> bool:
        """Whether the return height is above the ground below: it may lead above the ceiling."""
        return not self.is_px4 and bool(self.session.read_parameter("RTL_ALT_TYPE"))

    def raise_return(self) -> None:
        """Let the vehicle return as high as the sortie's way home over hills and masts needs.

        Above home, as it was planned and as its ceiling is.
        """
        if self.returns_above_ground():
            self._put("RTL_ALT_TYPE", 0)
        needed_m, ceiling_m = self.sortie.return_height_m, ceiling_home_m(self.sortie)
        name, found_m = self.return_height_m()
        if needed_m is None or found_m >= needed_m:
            return
        if needed_m > ceiling_m:
            raise RefusedError(
                f"The way home of sortie {self.sortie.code} needs a return height of "
                f"{needed_m:.0f} m, above its ceiling of {ceiling_m:.0f} m. Plan it again from "
                "another place."
            )
        self._put(name, 100 * needed_m if name == "RTL_ALT" else needed_m)

    def leaves_circle(self) -> str | None:
        """How the sortie leaves the vehicle's circular fence, in words; None where it does not."""
        name = "GF_MAX_HOR_DIST" if self.is_px4 else "FENCE_RADIUS"
        if not self.is_px4 and not int(self.read("FENCE_TYPE")) & CIRCLE:
            return None
        radius_m, reach_m = self.read(name), _reach_m(self.sortie)
        if (self.is_px4 and radius_m <= 0) or reach_m + CIRCLE_MARGIN_M <= radius_m:
            return None
        return (
            f"The vehicle's circular fence ({name}) ends at {radius_m:.0f} m from home; sortie "
            f"{self.sortie.code} reaches {reach_m:.0f} m and needs {CIRCLE_MARGIN_M:g} m more"
        )

    def check_circle(self) -> None:
        """Refuse a circular fence that the sortie leaves and that cannot be off for the flight."""
        left = self.leaves_circle()
        if self.is_px4 and left is not None:
            raise RefusedError(f"{left}. Enlarge GF_MAX_HOR_DIST, or start closer to the cell.")

    def raise_fence(self) -> None:
        """Store the sortie's fence and switch it on: inside the polygon, below the ceiling."""
        if self.is_px4:
            self._raise_px4_fence()
            return
        kinds = int(self.read("FENCE_TYPE")) | ALTITUDE | POLYGON
        if self.leaves_circle() is not None:
            kinds &= ~CIRCLE  # 300 m as it comes; the sortie's own polygon bounds it instead
        self._put("FENCE_TYPE", kinds)
        if self.read("FENCE_ACTION") not in RETURNING:
            self._put("FENCE_ACTION", RETURN)
        self._put("FENCE_ALT_MAX", ceiling_home_m(self.sortie))
        self.session.store(fence_items(self.sortie.fence), FENCE)
        self._put("FENCE_ENABLE", 1)

    def _raise_px4_fence(self) -> None:
        """PX4's fence is on wherever one is stored."""
        self.check_circle()
        if self.read("GF_ACTION") not in PX4_RETURNING:
            self._put("GF_ACTION", PX4_RETURN)
        self._put("GF_MAX_VER_DIST", ceiling_home_m(self.sortie))
        self.session.store(fence_items(self.sortie.fence), FENCE)

    def read(self, name: str) -> float:
        """Value of a parameter that nothing is armed without."""
        value = self.session.read_parameter(name)
        if value is None:
            raise RefusedError(
                f"The vehicle does not tell its parameter {name}, without which nothing is armed. "
                "Check the link and that it runs ArduCopter 4.x or PX4 1.13 or later."
            )
        return value

    def _put(self, name: str, value: float) -> None:
        """Set a parameter that has another value."""
        before = self.read(name)
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


_COPTER_LINK = ("FS_GCS_ENABLE", LINK_RETURN)


def _reach_m(sortie: Sortie) -> float:
    """Largest horizontal distance from home."""
    frame = LocalFrame(sortie.home.lon_deg, sortie.home.lat_deg)
    lonlat = [leg.end[:2] for leg in legs(sortie.home, sortie.items)]
    return float(np.linalg.norm(frame.xy_from_lonlat(np.array(lonlat)), axis=1).max())
