"""EDGE: read the last flight of an ArduPilot dataflash log (.BIN), as `read_tlog` reads a .tlog."""

import bisect
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flight.body_camera import NADIR_PITCH_DEG, body_fixed_attitude
from flight.dataflash import Damage, Fields, records
from flight.errors import LogError
from flight.gimbals import HEARD_WITHIN_S, attitude_of
from flight.log import FlightLog, read_tlog
from flight.modes import COPTER_MODES
from flight.trouble import MODE_WORD, FlightEvent
from flight.unix_time import UNIX_EPOCH, utc_of
from geo.pose import Attitude, GeoPoint
from geo.track import CameraEvent, Track, TrackPoint

WANTED = frozenset(
    {"PARM", "GPS", "POS", "ATT", "MNT", "CAM", "MODE", "MSG", "EV", "ERR", "MISE", "ARM"}
)
GPS_EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
LONGEST_US = 366 * 86_400 * 10**6  # no vehicle stays on for longer
LEAP_S = 18  # GPS is ahead of UTC, since 2017; none was announced up to 2026
ARMED, DISARMED, LANDED, NOT_LANDED = 10, 11, 18, 28  # LogEvent
SEVERITY_TOLD, SEVERITY_ERROR = 6, 4
SUBSYSTEMS = {  # LogErrorSubsystem; those that make a vehicle change its plan
    5: "Radio Failsafe", 6: "Battery Failsafe", 8: "GCS Failsafe", 9: "Fence breached",
    11: "GPS Glitch", 12: "Crash", 16: "EKF variance", 17: "EKF Failsafe", 23: "Terrain Failsafe",
    27: "Potential Thrust Loss", 29: "Vibration failsafe",
}  # fmt: skip
SUFFIXES = (".tlog", ".bin")


def read_recording(path: Path) -> FlightLog:
    """Read a .tlog or a .BIN, by its suffix.

    Raises:
        LogError: it is neither, cannot be opened or holds no flight of a vehicle.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise LogError(f"{path}: give a recording that ends in {' or '.join(SUFFIXES)}.")
    return read_bin(path) if path.suffix.lower() == ".bin" else read_tlog(path)


def read_bin(path: Path) -> FlightLog:
    """Read the last flight that a dataflash log holds.

    A file that is cut off or partly damaged gives what can be read, and says so in `problems`.

    Raises:
        LogError: it cannot be opened, or holds no record of a vehicle.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LogError(f"Cannot read the log {path}: {error.strerror}") from error
    damage, flight = Damage(), _Flight()
    for name, fields in records(data, WANTED, damage):
        try:
            flight.take(name, fields)
        except (KeyError, ValueError, OverflowError):  # a damaged layout, a place not on earth
            damage.odd_records += 1
    if not (flight.positions or flight.modes):
        raise LogError(
            f"{path} holds no record of a flight in its {len(data)} bytes; is it ArduPilot's .BIN?"
        )
    return flight.log(damage.words())


@dataclass(frozen=True, slots=True)
class _Release:
    """One CAM record: where the camera was, the body's angles, and what the gimbal said last."""

    index: int
    position: GeoPoint
    height_home_m: float
    roll_deg: float
    pitch_deg: float
    yaw_deg: float
    looks: Attitude | None


@dataclass(slots=True)
class _Flight:
    """What the records say, in microseconds of the vehicle's clock."""

    positions: list[tuple[int, GeoPoint, float]] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    events: list[tuple[int, int, str]] = field(default_factory=list)
    cameras: list[tuple[int, _Release]] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)
    parameters: dict[str, float] = field(default_factory=dict)
    headings: list[tuple[int, float]] = field(default_factory=list)
    speeds: list[tuple[int, float]] = field(default_factory=list)
    begun_us: int | None = None
    ended_us: int | None = None
    landed: bool = False
    last_us: int = 0
    offsets_us: list[int] = field(default_factory=list)
    _unix_minus_boot_us: int | None = None
    _looks: tuple[int, Attitude | None] = (0, None)  # when the first gimbal last said, and what

    def take(self, name: str, fields: Fields) -> None:
        """Take one record."""
        us = int(fields.get("TimeUS", 0))
        if not 0 <= us <= LONGEST_US:
            raise ValueError(f"TimeUS is {us}")
        _TAKE[name](self, us, fields)
        self.last_us = max(self.last_us, us)

    def _parameter(self, us: int, fields: Fields) -> None:
        self.parameters[str(fields["Name"])] = float(fields["Value"])

    def _gps(self, us: int, fields: Fields) -> None:
        self.speeds.append((us, _finite(fields["Spd"])))
        if int(fields["Status"]) < 3 or not int(fields["GWk"]):
            return
        since = timedelta(weeks=int(fields["GWk"]), milliseconds=int(fields["GMS"]))
        utc = GPS_EPOCH + since - timedelta(seconds=LEAP_S)
        offset = round((utc - UNIX_EPOCH) / timedelta(microseconds=1)) - us
        self.offsets_us.append(offset)

    def _position(self, us: int, fields: Fields) -> None:
        self.positions.append((us, _place(fields), _finite(fields["RelHomeAlt"])))

    def _attitude(self, us: int, fields: Fields) -> None:
        self.headings.append((us, _finite(fields["Yaw"]) % 360 % 360))

    def _mount(self, us: int, fields: Fields) -> None:
        if fields.get("I", 0) == 0:
            angles = (float(fields[name]) for name in ("YawE", "Pitch", "Roll"))
            self._looks = us, attitude_of(*angles)

    def _camera(self, us: int, fields: Fields) -> None:
        said_us, looks = self._looks
        height_m, roll_deg, pitch_deg, yaw_deg = (
            _finite(fields[name]) for name in ("RelAlt", "R", "P", "Y")
        )
        release = _Release(
            int(fields["Img"]),
            _place(fields),
            height_m,
            roll_deg,
            pitch_deg,
            yaw_deg,
            looks if us - said_us <= HEARD_WITHIN_S * 1e6 else None,
        )
        self.cameras.append((us, release))

    def _mode(self, us: int, fields: Fields) -> None:
        number = int(fields.get("ModeNum", fields["Mode"]))
        name = COPTER_MODES.get(number, str(number))
        if self.modes[-1:] != [name]:
            self.modes.append(name)
            self.events.append((us, SEVERITY_TOLD, f"{MODE_WORD}{name}"))

    def _message(self, us: int, fields: Fields) -> None:
        self.events.append((us, SEVERITY_TOLD, str(fields["Message"])))

    def _error(self, us: int, fields: Fields) -> None:
        words = SUBSYSTEMS.get(int(fields["Subsys"]))
        if words is not None:
            over = int(fields["ECode"]) == 0
            self.events.append((us, SEVERITY_ERROR, f"{words} cleared" if over else words))

    def _event(self, us: int, fields: Fields) -> None:
        number = int(fields["Id"])
        if number == NOT_LANDED and self.begun_us is None:
            self.begun_us = us
        elif number == ARMED:
            self._begin()
        elif number == DISARMED:
            self.ended_us, self.landed = us, True

    def _begin(self) -> None:
        self.begun_us = self.ended_us = None
        self.landed = False
        self.cameras, self.reached = [], []

    def _item(self, us: int, fields: Fields) -> None:
        """Items are written down when they begin; all but the last have been reached then."""
        self.reached.append(int(fields["CNum"]))

    def _nothing(self, us: int, fields: Fields) -> None:
        """ARM repeats what EV says."""

    def log(self, problems: tuple[str, ...]) -> FlightLog:
        """Sum it up."""
        self._unix_minus_boot_us = _clock_offset_us(self.offsets_us)
        begun_us = self.begun_us if self.begun_us is not None else 0
        ended_us = self.ended_us if self.ended_us is not None else self.last_us
        return FlightLog(
            track=Track(self._points(begun_us, ended_us), self._camera_events()),
            events=tuple(
                FlightEvent(self._utc(us), level, text) for us, level, text in self.events
            ),
            parameters=self.parameters,
            modes=tuple(self.modes),
            reached=tuple(self.reached),
            duration_s=max(0, ended_us - begun_us) / 1e6 if self.begun_us is not None else 0.0,
            landed=self.landed,
            begun=self._utc(self.begun_us) if self.begun_us is not None else None,
            problems=problems,
        )

    def _points(self, begun_us: int, ended_us: int) -> tuple[TrackPoint, ...]:
        self.headings.sort()
        self.speeds.sort()
        return tuple(
            TrackPoint(
                time,
                position,
                height_m,
                _latest(self.headings, us),
                _latest(self.speeds, us),
            )
            for us, position, height_m in sorted(self.positions, key=lambda position: position[0])
            if begun_us <= us <= ended_us and (time := self._utc(us)) is not None
        )

    def _camera_events(self) -> tuple[CameraEvent, ...]:
        return tuple(
            CameraEvent(
                release.index,
                time,
                release.position,
                release.height_home_m,
                self._camera_attitude(release),
                is_view_told=release.looks is not None or not self._hangs_in_gimbal,
            )
            for us, release in self.cameras
            if (time := self._utc(us)) is not None
        )

    def _camera_attitude(self, release: _Release) -> Attitude:
        """As for CAMERA_FEEDBACK: through the body's floor unless the camera hangs in a gimbal."""
        if release.looks is not None:
            return release.looks
        if self._hangs_in_gimbal:
            return Attitude(release.yaw_deg % 360, NADIR_PITCH_DEG)
        return body_fixed_attitude(release.roll_deg, release.pitch_deg, release.yaw_deg)

    @property
    def _hangs_in_gimbal(self) -> bool:
        return self.parameters.get("MNT1_TYPE", 1) > 0

    def _utc(self, us: int) -> datetime | None:
        if self._unix_minus_boot_us is None:
            return None
        return utc_of(self._unix_minus_boot_us + us)


_TAKE = {
    "PARM": _Flight._parameter,
    "GPS": _Flight._gps,
    "POS": _Flight._position,
    "ATT": _Flight._attitude,
    "MNT": _Flight._mount,
    "CAM": _Flight._camera,
    "MODE": _Flight._mode,
    "MSG": _Flight._message,
    "ERR": _Flight._error,
    "EV": _Flight._event,
    "MISE": _Flight._item,
    "ARM": _Flight._nothing,
}


def _clock_offset_us(offsets_us: list[int]) -> int | None:
    """UTC less the vehicle's clock, by all fixes.

    A fix is written down some time after it was measured, so the greatest offset is nearest; one
    that is a second off the usual is damage.
    """
    if not offsets_us:
        return None
    usual_us = sorted(offsets_us)[len(offsets_us) // 2]
    return max(offset for offset in offsets_us if abs(offset - usual_us) <= 1_000_000)


def _place(fields: Fields) -> GeoPoint:
    return GeoPoint(float(fields["Lng"]), float(fields["Lat"]), float(fields["Alt"]))


def _finite(value: float | str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"a number is {number}")
    return number


def _latest(values: list[tuple[int, float]], us: int) -> float:
    """Last value at or before a time; 0 before the first."""
    index = bisect.bisect_right(values, us, key=lambda value: value[0])
    return values[index - 1][1] if index else 0.0
