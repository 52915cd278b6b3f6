"""EDGE: recordings of flights: write and read .tlog, and the track products of a flight.

A .tlog is a sequence of 8 bytes of big-endian microseconds since 1970 (the recorder's clock) and
one raw MAVLink frame, of both directions. Times of the flight come from the vehicle's own clock.
"""

import csv
import io
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LogError
from flight.monitor import FlightMonitor
from flight.protocol import Message, is_vehicle
from flight.trouble import FlightEvent, Trouble, cause_of, troubles_of
from geo.files import replacing
from geo.pose import Attitude, GeoPoint
from geo.track import CameraEvent, Track, TrackPoint

STAMP = struct.Struct(">Q")
MAVLINK_1, MAVLINK_2 = 0xFE, 0xFD
TRACK_FILE, CAMERA_EVENTS_FILE = "track.parquet", "camera_events.csv"
CAMERA_COLUMNS = (
    "index",
    "time",
    "lon_deg",
    "lat_deg",
    "altitude_amsl_m",
    "height_home_m",
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
    "is_view_told",
)


class TlogWriter:
    """A recording that is being written, in a file of its own.

    The first frame that comes a second or more after the last flush hands everything to the
    operating system; a crash of this program loses what came since. A frame that cannot be written
    (disk full) is counted and never stops a flight.

    Raises:
        LogError: the file exists already, or cannot be made.
    """

    FLUSH_S = 1.0

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _new_file(path)
        self._flushed_s = time.monotonic()
        self._lost_frames = 0
        self._reason = ""

    @property
    def fault(self) -> str | None:
        """What is missing, in words; None if nothing."""
        if not self._reason:
            return None
        return f"{self.path}: {self._lost_frames} frames could not be written ({self._reason})"

    def write(self, frame: bytes) -> None:
        """Add a frame with the present time."""
        try:
            self._file.write(STAMP.pack(time.time_ns() // 1000) + frame)
            if time.monotonic() - self._flushed_s > self.FLUSH_S:
                self._flushed_s = time.monotonic()
                self._file.flush()
        except OSError as error:
            self._lost_frames += 1
            self._reason = error.strerror or str(error)

    def close(self) -> None:
        """Finish the file."""
        try:
            self._file.close()
        except OSError as error:
            self._lost_frames += 1
            self._reason = error.strerror or str(error)


def _new_file(path: Path) -> BinaryIO:
    """Make a file that was not there before."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")
    except FileExistsError:
        raise LogError(
            f"{path}: exists already, and a recording is never overwritten. Give another name."
        ) from None
    except OSError as error:
        raise LogError(f"{path}: cannot be written ({error.strerror or error}).") from error


@dataclass(frozen=True, slots=True)
class FlightLog:
    """What a recording holds of its vehicle's last flight.

    Attributes:
        modes: in the order in which they were entered.
        reached: sequence numbers of MISSION_ITEM_REACHED.
        duration_s: from leaving the ground to the rotors' stop, by the vehicle's clock.
        landed: whether the rotors stopped before the recording ended.
        begun: when the last flight left the ground; None where none did.
        problems: what is wrong with the file, empty for a sound one.
    """

    track: Track
    events: tuple[FlightEvent, ...]
    parameters: dict[str, float]
    modes: tuple[str, ...]
    reached: tuple[int, ...]
    duration_s: float
    landed: bool
    begun: datetime | None = None
    problems: tuple[str, ...] = ()

    @property
    def flight_events(self) -> tuple[FlightEvent, ...]:
        """What was said since the last flight left the ground."""
        begun = self.begun
        if begun is None:
            return ()
        return tuple(e for e in self.events if e.time is not None and e.time >= begun)

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What went wrong in the last flight."""
        return troubles_of(self.flight_events)

    @property
    def cause(self) -> Trouble | None:
        """Why it did not end as its mission; None where it did."""
        return cause_of(self.flight_events)


@dataclass(slots=True)
class _Faults:
    """What was met while reading a file."""

    skipped_bytes: int = 0
    cut_off: bool = False
    bad_frames: int = 0
    left_bytes: int = 0

    def words(self) -> tuple[str, ...]:
        """The faults in words."""
        found = []
        if self.cut_off:
            found.append("the file ends within a frame; the recording was cut off")
        if self.skipped_bytes:
            found.append(f"{self.skipped_bytes} bytes are no MAVLink and were passed over")
        if self.bad_frames:
            found.append(f"{self.bad_frames} frames have a wrong checksum or unknown content")
        return tuple(found)


def read_tlog(path: Path) -> FlightLog:
    """Read the course of the flight that a recording holds.

    A file that is cut off or partly damaged gives what can be read, and says so in `problems`.

    Raises:
        LogError: it cannot be opened, or holds no vehicle.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LogError(f"Cannot read the recording {path}: {error.strerror}") from error
    faults = _Faults()
    monitor = FlightMonitor()
    early: list[Message] = []  # said before the first heartbeat
    vehicle: int | None = None
    for message in _messages(data, faults):
        if vehicle is None and not is_vehicle(message):
            early.append(message)
            continue
        if vehicle is None:
            vehicle = message.get_srcSystem()
            for other in early:
                _feed(monitor, other, vehicle)
        _feed(monitor, message, vehicle)
    if vehicle is None:
        raise LogError(
            f"{path} holds no heartbeat of a vehicle in its {len(data)} bytes; is it a .tlog?"
        )
    return _flight_log(monitor, (*faults.words(), *_impossible(monitor)))


def _impossible(monitor: FlightMonitor) -> tuple[str, ...]:
    """What the vehicle said that cannot be, in words."""
    if not monitor.impossible:
        return ()
    return (f"{monitor.impossible} messages hold a place, time or angle that cannot be",)


def _feed(monitor: FlightMonitor, message: Message, vehicle: int) -> None:
    if message.get_srcSystem() == vehicle:
        monitor.feed(message)


def read_messages(path: Path) -> tuple[Message, ...]:
    """Every message of a recording, of both directions, in order; damaged ones are left out."""
    return tuple(_messages(path.read_bytes(), _Faults()))


def messages_of(data: bytes) -> tuple[list[Message], int]:
    """Messages of a part of a recording that is still written, and how many bytes they took.

    What is left is the beginning of a frame, which is whole in the next part.
    """
    stamped, read = stamped_messages_of(data)
    return [message for _, message in stamped], read


def stamped_messages_of(data: bytes) -> tuple[list[tuple[int, Message]], int]:
    """The same with when each was recorded, microseconds since 1970."""
    faults = _Faults()
    stamped = list(_stamped(data, faults))
    return stamped, len(data) - faults.left_bytes


def _flight_log(monitor: FlightMonitor, problems: tuple[str, ...]) -> FlightLog:
    return FlightLog(
        track=monitor.track(),
        events=monitor.events,
        parameters=dict(monitor.parameters),
        modes=tuple(monitor.modes),
        reached=tuple(monitor.reached),
        duration_s=monitor.duration_s,
        landed=monitor.ended_ms is not None and not monitor.armed,
        begun=monitor.took_off_at,
        problems=problems,
    )


def _messages(data: bytes, faults: _Faults) -> Iterator[Message]:
    return (message for _, message in _stamped(data, faults))


def _stamped(data: bytes, faults: _Faults) -> Iterator[tuple[int, Message]]:
    """Decode a recording frame by frame; after damage go on at the next frame that is sound."""
    decoder = mavlink.MAVLink(None)
    position = 0
    while position + STAMP.size < len(data):
        start = position + STAMP.size
        if start + 2 >= len(data):  # how long a frame is stands in its first three bytes
            break
        length = _frame_length(data, start)
        if length is None:
            position, faults.skipped_bytes = position + 1, faults.skipped_bytes + 1
            continue
        if start + length > len(data):
            faults.cut_off = True
            faults.left_bytes = len(data) - position
            return
        try:
            message = decoder.decode(bytearray(data[start : start + length]))
        except (mavlink.MAVError, struct.error, UnicodeDecodeError):
            faults.bad_frames += 1
            position += 1 if not _frame_follows(data, start + length) else STAMP.size + length
            continue
        (stamp_us,) = STAMP.unpack_from(data, position)
        position = start + length
        yield stamp_us, message
    faults.cut_off = faults.cut_off or position < len(data)
    faults.left_bytes = len(data) - position


def _frame_length(data: bytes, start: int) -> int | None:
    """Bytes of the frame that begins at a place; None where none begins."""
    if data[start] == MAVLINK_1 and start + 1 < len(data):
        return 8 + data[start + 1]
    if data[start] == MAVLINK_2 and start + 2 < len(data):
        signed = data[start + 2] & 1
        return 12 + data[start + 1] + (13 if signed else 0)
    return None


def _frame_follows(data: bytes, end: int) -> bool:
    """Whether a stamp and another frame, or the end of the file, come after a place."""
    after = end + STAMP.size
    return end == len(data) or (after < len(data) and data[after] in (MAVLINK_1, MAVLINK_2))


def write_track(folder: Path, track: Track) -> None:
    """Write `track.parquet` and `camera_events.csv`; the same track gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    pq.write_table(_track_table(track), buffer)
    _replace(folder / TRACK_FILE, buffer.getvalue())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CAMERA_COLUMNS)
    writer.writerows(_camera_row(event) for event in track.camera_events)
    _replace(folder / CAMERA_EVENTS_FILE, text.getvalue().encode())


def read_track(folder: Path) -> Track:
    """Read what `write_track` wrote.

    Raises:
        LogError: a file is missing or does not hold what it should.
    """
    try:
        rows = pq.read_table(folder / TRACK_FILE).to_pylist()
        points = tuple(_point(row) for row in rows)
        with (folder / CAMERA_EVENTS_FILE).open(newline="") as file:
            events = tuple(_camera_event(row) for row in csv.DictReader(file))
    except FileNotFoundError as error:
        raise LogError(f"{error.filename} is missing; fly the sortie again") from error
    except (pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
        raise LogError(f"The track in {folder} is damaged ({error}); fly again") from error
    return Track(points, events)


def _replace(path: Path, content: bytes) -> None:
    """Write a whole file or nothing."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _track_table(track: Track) -> pa.Table:
    points = track.points
    numbers = {
        "lon_deg": [p.position.lon_deg for p in points],
        "lat_deg": [p.position.lat_deg for p in points],
        "altitude_amsl_m": [p.position.altitude_amsl_m for p in points],
        "height_home_m": [p.height_home_m for p in points],
        "heading_deg": [p.heading_deg for p in points],
        "ground_speed_m_s": [p.ground_speed_m_s for p in points],
    }
    columns = {"time": pa.array([p.time for p in points], pa.timestamp("us", tz="UTC"))}
    columns |= {name: pa.array(values, pa.float64()) for name, values in numbers.items()}
    return pa.table(columns)


def _point(row: dict[str, Any]) -> TrackPoint:
    moment = row["time"]
    if not isinstance(moment, datetime):
        raise ValueError(f"time is {moment!r}")
    position = GeoPoint(row["lon_deg"], row["lat_deg"], row["altitude_amsl_m"])
    return TrackPoint(
        moment, position, row["height_home_m"], row["heading_deg"], row["ground_speed_m_s"]
    )


def _camera_row(event: CameraEvent) -> tuple[str, ...]:
    position, attitude = event.position, event.attitude
    numbers = (
        position.lon_deg,
        position.lat_deg,
        position.altitude_amsl_m,
        event.height_home_m,
        attitude.yaw_deg,
        attitude.pitch_deg,
        attitude.roll_deg,
    )
    written = (repr(float(value)) for value in numbers)
    return (str(event.index), event.time.isoformat(), *written, str(int(event.is_view_told)))


def _camera_event(row: dict[str, str]) -> CameraEvent:
    return CameraEvent(
        index=int(row["index"]),
        time=datetime.fromisoformat(row["time"]),
        position=GeoPoint(
            float(row["lon_deg"]), float(row["lat_deg"]), float(row["altitude_amsl_m"])
        ),
        height_home_m=float(row["height_home_m"]),
        attitude=Attitude(float(row["yaw_deg"]), float(row["pitch_deg"]), float(row["roll_deg"])),
        is_view_told=row.get("is_view_told") != "0",  # older tracks do not say
    )
