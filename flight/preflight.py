"""Is this vehicle fit for this sortie? A report; nothing in the vehicle is changed or armed.

What `fly` refuses is `FAILED` here too, in the same words. What it sets for the flight itself
(fence, ceiling, return on a lost link) is a warning where it is not set yet.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.checks import ceiling_home_m, check_kind, check_sortie
from flight.errors import FlightError
from flight.monitor import POSITION_FIX
from flight.protocol import FENCE, MISSION, Message, differences, fence_items, home_item
from flight.readiness import ASKED_FIRST, check_battery_share, check_camera, check_home
from flight.safeguards import ALTITUDE, POLYGON, PX4_RETURNING, RETURNING, Safeguards
from flight.session import Session
from missions.model import Sortie

FEWEST_SATELLITES = 8
PRE_ARM_WAIT_S = 3.0
POSITION_WAIT_S = 5.0
# ArduPilot's "PreArm: ..." and "Arm: ...", PX4's "Preflight Fail: ..." and "Arming denied: ..."
PRE_ARM_WORDS = re.compile(r"pre-?arm\b|arm:|arming denied|preflight fail", re.IGNORECASE)


class Status(StrEnum):
    """What came of one point."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the report.

    Attributes:
        found: what the vehicle says.
        needed: what the sortie needs.
        remedy: what to do; empty where nothing.
    """

    name: str
    status: Status
    found: str
    needed: str = ""
    remedy: str = ""


def report(session: Session, heartbeat: Message, sortie: Sortie) -> tuple[Point, ...]:
    """Look at everything that a flight depends on.

    Args:
        session: a conversation with the vehicle.
        heartbeat: its first.
        sortie: that is to be flown.
    """
    session.monitor.feed(heartbeat)
    for kind, name in ASKED_FIRST.items():
        session.request_message(kind, name)
    monitor = session.monitor
    session.wait_until(lambda: monitor.position is not None, POSITION_WAIT_S)
    look = _Preflight(session, heartbeat, sortie, Safeguards(session, sortie))
    return tuple(point for points in look.points() for point in points)


def document(sortie: Sortie, points: Sequence[Point]) -> dict[str, Any]:
    """The report as JSON holds it."""
    return {
        "format": "aerogrid preflight",
        "sortie": sortie.code,
        "passed": passed(points),
        "points": [asdict(point) for point in points],
    }


def passed(points: Iterable[Point]) -> bool:
    """Whether nothing forbids the flight."""
    return all(point.status is not Status.FAILED for point in points)


@dataclass(frozen=True, slots=True)
class _Preflight:
    session: Session
    heartbeat: Message
    sortie: Sortie
    safeguards: Safeguards

    def points(self) -> Iterator[Iterable[Point]]:
        """Each point, or a failure where the vehicle does not tell what it needs."""
        looks: tuple[tuple[str, Callable[[], Iterable[Point]]], ...] = (
            ("mission file", self._sortie),
            ("vehicle", self._vehicle),
            ("pre-arm checks", self._pre_arm),
            ("GNSS", self._gnss),
            ("home", self._home),
            ("battery", self._battery),
            ("fence", self._fence),
            ("ceiling", self._ceiling),
            ("return height", self._return),
            ("rally points", self._rally),
            ("battery failsafe", self._battery_failsafe),
            ("link failsafe", self._link_failsafe),
            ("camera", self._camera),
            ("stored mission", self._stored),
        )
        for name, look in looks:
            try:
                yield tuple(look())
            except FlightError as error:
                yield (Point(name, Status.FAILED, str(error)),)

    def _sortie(self) -> Iterator[Point]:
        check_sortie(self.sortie)
        yield Point("mission file", Status.OK, "inside its fence, below its ceiling, with an end")

    def _vehicle(self) -> Iterator[Point]:
        check_kind(self.heartbeat)
        armed = self.session.monitor.armed
        coding = self.session.monitor.coding
        version = self.session.request_message(148, "AUTOPILOT_VERSION")
        number = "" if version is None else f" {_version(version.flight_sw_version)}"
        name = ("PX4" if self.safeguards.is_px4 else "ArduCopter") + number
        mode = coding.name(self.session.monitor.mode)
        yield Point(
            "vehicle",
            Status.FAILED if armed else Status.OK,
            f"{name}, {mode}, {'ARMED' if armed else 'disarmed'}",
            "disarmed",
            "land and disarm it first" if armed else "",
        )

    def _pre_arm(self) -> Iterator[Point]:
        """Have the vehicle check itself, and listen to what it says."""
        monitor = self.session.monitor
        since_ms = monitor.boot_ms
        self.session.command(mavlink.MAV_CMD_RUN_PREARM_CHECKS)
        self.session.wait(lambda message: False, PRE_ARM_WAIT_S)
        self.session.request_message(1, "SYS_STATUS")
        said = [t for t in monitor.texts_since(since_ms, worst=4) if PRE_ARM_WORDS.match(t)]
        words = "; ".join(dict.fromkeys(said))
        if monitor.pre_arm_ok is None and not words:
            yield Point("pre-arm checks", Status.WARNING, "the vehicle does not tell", "passed")
            return
        good = monitor.pre_arm_ok is not False and not words
        yield Point(
            "pre-arm checks",
            Status.OK if good else Status.FAILED,
            "passed" if good else words or "not passed, without a reason yet",
            "passed",
            "" if good else "mend what it says; ArduPilot repeats it every 30 s",
        )

    def _gnss(self) -> Iterator[Point]:
        monitor = self.session.monitor
        count = monitor.satellites
        found = f"fix type {monitor.fix_type}, {'?' if count is None else count} satellites"
        if not monitor.has_position:
            status, remedy = Status.FAILED, "wait under open sky; the estimate is not ready"
        elif count is not None and count < FEWEST_SATELLITES:
            status, remedy = Status.WARNING, "wait for more satellites"
        else:
            status, remedy = Status.OK, ""
        needed = f"fix type {POSITION_FIX}, {FEWEST_SATELLITES} satellites"
        yield Point("GNSS", status, found, needed, remedy)

    def _home(self) -> Iterator[Point]:
        notes = tuple(check_home(self.session, self.sortie))
        yield _noted("home", notes, "at the sortie's home")

    def _battery(self) -> Iterator[Point]:
        notes = tuple(check_battery_share(self.session, self.sortie))
        monitor = self.session.monitor
        share = "?" if monitor.battery_share is None else f"{monitor.battery_share:.0%}"
        volts = "" if monitor.voltage_v is None else f", {monitor.voltage_v:.1f} V"
        yield _noted("battery", notes, f"{share}{volts}")

    def _fence(self) -> Iterator[Point]:
        read = self.safeguards.read
        self.safeguards.check_circle()
        if self.safeguards.is_px4:
            wrong = [] if read("GF_ACTION") in PX4_RETURNING else ["GF_ACTION does not return"]
        else:
            kinds = int(read("FENCE_TYPE"))
            wrong = [] if read("FENCE_ENABLE") else ["switched off (FENCE_ENABLE)"]
            wrong += [] if kinds & POLYGON and kinds & ALTITUDE else [f"FENCE_TYPE is {kinds}"]
            wrong += [] if read("FENCE_ACTION") in RETURNING else ["FENCE_ACTION does not return"]
            wrong += [left] if (left := self.safeguards.leaves_circle()) else []
        stored = self.session.load(FENCE)
        if differences(fence_items(self.sortie.fence), stored, FENCE):
            wrong.append("another fence is stored" if stored else "no fence is stored")
        yield _set_in_flight("fence", wrong, "the sortie's fence is stored and on")

    def _ceiling(self) -> Iterator[Point]:
        name = "GF_MAX_VER_DIST" if self.safeguards.is_px4 else "FENCE_ALT_MAX"
        found_m, needed_m = self.safeguards.read(name), ceiling_home_m(self.sortie)
        wrong = [] if found_m == needed_m else [f"{name} is {found_m:g} m"]
        yield _set_in_flight("ceiling", wrong, f"{name} is {needed_m:g} m", f"{needed_m:g} m")

    def _return(self) -> Iterator[Point]:
        self.safeguards.check_return()
        name, height_m = self.safeguards.return_height_m()
        ceiling = f"at most {ceiling_home_m(self.sortie):.0f} m"
        found = f"{height_m:g} m ({name}), or the height where the return begins, if higher"
        above_ground = self.safeguards.returns_above_ground()
        wrong = ["RTL_ALT_TYPE is 1: above the ground"] if above_ground else []
        yield _set_in_flight("return height", wrong, found, ceiling)

    def _rally(self) -> Iterator[Point]:
        notes = self.safeguards.check_rally()
        yield _noted("rally points", notes, "none outside of the fence")

    def _battery_failsafe(self) -> Iterator[Point]:
        """A vehicle whose battery runs low must come home by itself."""
        if self.safeguards.is_px4:
            action = self.session.read_parameter("COM_LOW_BAT_ACT")
            good = action is not None and action > 0
            found = f"COM_LOW_BAT_ACT is {'not told' if action is None else f'{action:g}'}"
            remedy = "set COM_LOW_BAT_ACT to 2 (return) or 3"
        else:
            action = self.session.read_parameter("BATT_FS_LOW_ACT") or 0
            volts, mah = (
                self.session.read_parameter(f"BATT_LOW_{n}") or 0 for n in ("VOLT", "MAH")
            )
            good = action > 0 and (volts > 0 or mah > 0)
            found = f"BATT_FS_LOW_ACT {action:g} at {volts:g} V or {mah:g} mAh left"
            remedy = "set BATT_LOW_VOLT or BATT_LOW_MAH, and BATT_FS_LOW_ACT to 2 (RTL)"
        status = Status.OK if good else Status.WARNING
        yield Point("battery failsafe", status, found, "a return", "" if good else remedy)

    def _link_failsafe(self) -> Iterator[Point]:
        name = "NAV_DLL_ACT" if self.safeguards.is_px4 else "FS_GCS_ENABLE"
        value = self.safeguards.read(name)
        self.safeguards.check_listener()
        wrong = [] if value > 0 else [f"{name} is 0: it would fly on"]
        if self.safeguards.flies_on_without_link() is not None:
            wrong.append("FS_OPTIONS lets it fly its mission on")
        yield _set_in_flight("link failsafe", wrong, f"{name} is {value:g}", "a return")

    def _camera(self) -> Iterator[Point]:
        if not self.sortie.photos:
            return
        notes = tuple(check_camera(self.session, self.sortie, arm_real=True))
        gimbal = self.session.monitor.gimbal
        hung = {True: "in a gimbal", False: "fixed to the body: it looks aside", None: ""}[gimbal]
        good = gimbal and not notes
        found = "; ".join(words for words in (hung, *notes) if words)
        remedy = "set up the camera (CAM1_TYPE, MNT1_TYPE) before the start-up" if notes else ""
        status = Status.OK if good else Status.WARNING
        yield Point("camera", status, found, "one that reports its releases", remedy)

    def _stored(self) -> Iterator[Point]:
        """Say what is stored; `fly` always stores the sortie anew."""
        has_home_item = self.session.monitor.coding.has_home_item
        home = (home_item(self.sortie.home),) if has_home_item else ()
        stored, wanted = self.session.load(MISSION), (*home, *self.sortie.items)
        same = not differences(wanted, stored, has_home_item=has_home_item)
        found = f"{len(stored)} items, {'those' if same else 'not those'} of the sortie"
        yield Point("stored mission", Status.OK, found, "`fly` stores the sortie's anew")


def _noted(name: str, notes: Sequence[str], good: str) -> Point:
    """A point that is good, unless something could not be compared."""
    return Point(name, Status.WARNING if notes else Status.OK, "; ".join(notes) or good)


def _set_in_flight(name: str, wrong: Sequence[str], good: str, needed: str = "") -> Point:
    """A point that `fly` sets for the flight where it is not set yet."""
    if not wrong:
        return Point(name, Status.OK, good, needed)
    told = "`fly --arm` sets it for the flight and puts it back"
    return Point(name, Status.WARNING, "; ".join(wrong), needed or good, told)


def _version(packed: int) -> str:
    return ".".join(str(packed >> shift & 0xFF) for shift in (24, 16, 8))
