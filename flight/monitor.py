"""What a vehicle's messages say about its flight, live or read from a recording; pure."""

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from scipy.spatial.transform import Rotation

from flight.body_camera import NADIR_PITCH_DEG, body_fixed_attitude
from flight.gimbals import HEARD_WITHIN_S, KINDS, gimbal_attitude
from flight.modes import COPTER, Modes, modes_of
from flight.protocol import Message
from flight.samples import Release, Sample
from flight.texts import Joining
from flight.trouble import MODE_WORD, FlightEvent
from flight.unix_time import utc_of
from geo.pose import Attitude, GeoPoint
from geo.track import CameraEvent, Track, TrackPoint

ARMED = 128
AUTOPILOT = 1  # MAV_COMP_ID_AUTOPILOT1
FROM_ANY = frozenset({"STATUSTEXT", "CAMERA_FEEDBACK", "CAMERA_IMAGE_CAPTURED", *KINDS})
ON_GROUND = 1
POSITION_FIX = 3  # GPS_FIX_TYPE_3D_FIX
MISSION_ACTIVE, MISSION_COMPLETE = 3, 5  # MISSION_STATE
WORST_TOLD = 5  # MAV_SEVERITY_NOTICE: fence breaches are told at this level
FENCE_WORDS = "fence breached"
LATEST_US = round(datetime(2200, 1, 1, tzinfo=UTC).timestamp() * 1e6)


@dataclass(slots=True)
class FlightMonitor:
    """The state of one vehicle, fed with its messages in order.

    Attributes:
        coding: how its autopilot codes the flight modes.
        boot_ms: the vehicle's clock, milliseconds since it started.
        took_off_ms, ended_ms: of the last flight; None before.
        flight_modes: entered between the two, without what came before on the ground.
        fence_breached: at any time of the last flight.
        gimbal: whether the camera hangs in a gimbal; None while MNT1_TYPE is unknown.
        impossible: messages passed over for content that cannot be, as a place not on earth.
    """

    coding: Modes = COPTER
    mode: int | None = None
    armed: bool = False
    landed_state: int | None = None
    boot_ms: int = 0
    mission_seq: int = 0
    mission_complete: bool = False
    battery_share: float | None = None
    height_home_m: float = 0.0
    ground_speed_m_s: float = 0.0
    fix_type: int = 0
    ekf_flags: int | None = None
    pre_arm_ok: bool | None = None
    status_known: bool = False
    fence_breached: bool = False
    wind_m_s: float | None = None
    wind_from_deg: float | None = None
    satellites: int | None = None
    voltage_v: float | None = None
    home: GeoPoint | None = None
    impossible: int = 0
    parameters: dict[str, float] = field(default_factory=dict)
    modes: list[str] = field(default_factory=list)
    flight_modes: list[str] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)
    took_off_ms: int | None = None
    ended_ms: int | None = None
    armed_ms: int | None = None
    _mission_begun: bool = False
    _breach_untold: bool = False
    _joining: Joining = field(default_factory=Joining)
    _unix_minus_boot_us: int | None = None
    _events: list[tuple[int, int, str]] = field(default_factory=list)
    _heading_deg: float | None = None
    _gimbal: tuple[int, Message] | None = None  # when it last spoke, and what it said
    _samples: list[Sample] = field(default_factory=list)
    _releases: list[Release] = field(default_factory=list)

    def feed(self, message: Message) -> None:
        """Take one message of the vehicle; cameras and gimbals have a clock of their own."""
        boot_ms = getattr(message, "time_boot_ms", None)
        own = message.get_srcComponent() == AUTOPILOT
        if own and boot_ms is not None:
            self.boot_ms = boot_ms
        take = _TAKE.get(message.get_type())
        if take is None or not (own or message.get_type() in FROM_ANY):
            return
        try:
            take(self, message)
        except (ValueError, OverflowError):  # of GeoPoint, datetime and the checks below
            self.impossible += 1

    @property
    def gimbal(self) -> bool | None:
        """Whether the camera hangs in a gimbal, by MNT1_TYPE."""
        kind = self.parameters.get("MNT1_TYPE")
        return None if kind is None else kind > 0

    @property
    def has_position(self) -> bool:
        """Whether GNSS and the position estimate are good enough to fly by."""
        horizontal_absolute = 16  # EKF_POS_HORIZ_ABS
        ekf_ok = self.ekf_flags is None or bool(self.ekf_flags & horizontal_absolute)
        return self.fix_type >= POSITION_FIX and ekf_ok

    @property
    def position(self) -> GeoPoint | None:
        """Where it was last; None before it told."""
        return self._samples[-1].position if self._samples else None

    @property
    def mission_item(self) -> int:
        """Number of the sortie's item that is flown to, from 1; 0 before the mission."""
        return self.mission_seq if self.coding.has_home_item else self.mission_seq + 1

    @property
    def photo_count(self) -> int:
        """Pictures reported so far."""
        return len(self._releases)

    @property
    def is_airborne(self) -> bool:
        """Whether it is off the ground, as far as it says."""
        if self.landed_state is not None:
            return self.armed and self.landed_state != ON_GROUND
        return self.armed and self.height_home_m > 1.0

    @property
    def took_off_at(self) -> datetime | None:
        """When the last flight left the ground, UTC; None where none did or the time is unknown."""
        return None if self.took_off_ms is None else self._utc(self.took_off_ms)

    @property
    def duration_s(self) -> float:
        """From leaving the ground to the rotors' stop, by the vehicle's clock."""
        if self.took_off_ms is None:
            return 0.0
        return max(0, (self.ended_ms or self.boot_ms) - self.took_off_ms) / 1000

    @property
    def events(self) -> tuple[FlightEvent, ...]:
        """Everything the vehicle said, and its changes of mode."""
        return self._events_since(0)

    @property
    def flight_events(self) -> tuple[FlightEvent, ...]:
        """The same since the last flight left the ground; all where none did."""
        return self._events_since(self.took_off_ms or 0)

    def _events_since(self, boot_ms: int) -> tuple[FlightEvent, ...]:
        return tuple(
            FlightEvent(self._utc(ms), level, text)
            for ms, level, text in self._events
            if ms >= boot_ms
        )

    def texts_since(self, boot_ms: int, *, worst: int = WORST_TOLD) -> tuple[str, ...]:
        """Words of a severity or worse since a time of the vehicle's clock."""
        return tuple(text for ms, level, text in self._events if ms >= boot_ms and level <= worst)

    def texts_after(self, count: int) -> tuple[str, ...]:
        """Words of all events but the first so many."""
        return tuple(text for _, _, text in self._events[count:])

    def track(self) -> Track:
        """The last flight, from leaving the ground to the rotors' stop."""
        start_ms = self.took_off_ms if self.took_off_ms is not None else self.armed_ms
        if start_ms is None:
            return Track((), ())
        end_ms = self.ended_ms if self.ended_ms is not None else self.boot_ms
        points = tuple(
            TrackPoint(time, s.position, s.height_home_m, s.heading_deg, s.ground_speed_m_s)
            for s in sorted(self._samples, key=lambda sample: sample.boot_ms)
            if start_ms <= s.boot_ms <= end_ms and (time := self._utc(s.boot_ms)) is not None
        )
        events = (self._camera_event(r) for r in self._releases)
        return Track(points, tuple(event for event in events if event is not None))

    def _camera_event(self, release: Release) -> CameraEvent | None:
        time = utc_of(release.unix_us)
        if time is None:
            return None
        return CameraEvent(
            index=release.index,
            time=time,
            position=release.position,
            height_home_m=release.height_home_m,
            attitude=self._attitude(release),
            is_view_told=release.looks is not None or self.gimbal is False,
        )

    def _attitude(self, release: Release) -> Attitude:
        if release.looks is not None:
            return release.looks
        if self.gimbal is False:
            return body_fixed_attitude(release.roll_deg, release.pitch_deg, release.yaw_deg)
        return Attitude(release.yaw_deg % 360, NADIR_PITCH_DEG)

    def _utc(self, boot_ms: int) -> datetime | None:
        if self._unix_minus_boot_us is None:
            return None
        return utc_of(self._unix_minus_boot_us + boot_ms * 1000)

    def note(self, severity: int, text: str) -> None:
        """Add an event at the present time of the vehicle's clock."""
        self._events.append((self.boot_ms, severity, text))

    def _heartbeat(self, message: Message) -> None:
        self.coding = modes_of(message.autopilot)
        name = self.coding.name(message.custom_mode)
        if message.custom_mode != self.mode:
            self.mode = message.custom_mode
            self.modes.append(name)
            self.note(6, f"{MODE_WORD}{name}")
        if self.is_airborne and self.flight_modes[-1:] != [name]:
            self.flight_modes.append(name)
        armed = bool(message.base_mode & ARMED)
        if armed and not self.armed:
            self._begin_flight()
        if self.armed and not armed:
            self.ended_ms = self.boot_ms
        self.armed = armed

    def _begin_flight(self) -> None:
        self.armed_ms, self.ended_ms = self.boot_ms, None
        if self.landed_state in (None, ON_GROUND):  # else the take-off was told before the arming
            self.took_off_ms = None
        self.mission_complete = self._mission_begun = self.fence_breached = False
        self.reached, self.flight_modes, self._releases = [], [], []

    def _extended_state(self, message: Message) -> None:
        before, self.landed_state = self.landed_state, message.landed_state
        if before in (None, ON_GROUND) and message.landed_state != ON_GROUND:
            self.took_off_ms = self.boot_ms

    def _global_position(self, message: Message) -> None:
        self._heading_deg = message.hdg / 100 if message.hdg < 36_000 else None  # 65535: unknown
        place = GeoPoint(message.lon / 1e7, message.lat / 1e7, message.alt / 1000)
        self.height_home_m = message.relative_alt / 1000
        self.ground_speed_m_s = math.hypot(message.vx, message.vy) / 100
        self._samples.append(
            Sample(
                message.time_boot_ms,
                place,
                self.height_home_m,
                self._heading_deg or 0.0,
                self.ground_speed_m_s,
            )
        )
        if self.landed_state is None and self.is_airborne and self.took_off_ms is None:
            self.took_off_ms = self.boot_ms

    def _system_time(self, message: Message) -> None:
        if message.time_unix_usec > LATEST_US:
            raise ValueError(f"time_unix_usec is {message.time_unix_usec}, beyond {LATEST_US}")
        if message.time_unix_usec > 0:
            self._unix_minus_boot_us = message.time_unix_usec - message.time_boot_ms * 1000

    def _status_text(self, message: Message) -> None:
        text = self._joining.join(message)
        if text is None:
            return
        self.note(message.severity, text)
        if self.armed and FENCE_WORDS in text.lower():
            self.fence_breached, self._breach_untold = True, False

    def _fence_status(self, message: Message) -> None:
        """A breach without words is told at its second message; words may come between."""
        if not (self.armed and message.breach_status):
            return
        if not self.fence_breached:
            self.fence_breached = self._breach_untold = True
        elif self._breach_untold:
            self._breach_untold = False
            self.note(WORST_TOLD, "fence breached, as FENCE_STATUS says")

    def _mission_current(self, message: Message) -> None:
        self.mission_seq = message.seq
        if self.armed and message.mission_state == MISSION_ACTIVE:
            self._mission_begun = True
        if self._mission_begun and message.mission_state == MISSION_COMPLETE:
            self.mission_complete = True  # else it is still that of the flight before

    def _sys_status(self, message: Message) -> None:
        self.status_known = True
        pre_arm_check = 0x10000000  # MAV_SYS_STATUS_PREARM_CHECK
        if message.onboard_control_sensors_present & pre_arm_check:
            self.pre_arm_ok = bool(message.onboard_control_sensors_health & pre_arm_check)
        if 0 < message.voltage_battery < 65535:
            self.voltage_v = message.voltage_battery / 1000
        if message.battery_remaining >= 0:
            self.battery_share = message.battery_remaining / 100

    def _home_position(self, message: Message) -> None:
        self.home = GeoPoint(
            message.longitude / 1e7, message.latitude / 1e7, message.altitude / 1000
        )

    def _gps(self, message: Message) -> None:
        if self.is_airborne and message.fix_type < POSITION_FIX <= self.fix_type:
            self.note(4, f"GNSS fix lost (fix type {message.fix_type})")
        self.fix_type = message.fix_type
        self.satellites = message.satellites_visible if message.satellites_visible < 255 else None

    def _ekf(self, message: Message) -> None:
        self.ekf_flags = message.flags

    def _wind(self, message: Message) -> None:
        """ArduPilot's WIND; `direction` is where it comes from.

        A copter without a drag model (EK3_DRAG_*, unset as it comes) tells exactly 0: it does not
        know. One with a model never does.
        """
        if message.speed == 0:
            self.wind_m_s = self.wind_from_deg = None
            return
        self.wind_m_s, self.wind_from_deg = message.speed, message.direction % 360

    def _wind_covariance(self, message: Message) -> None:
        """PX4's WIND_COV: where the air moves to, north and east."""
        self.wind_m_s = math.hypot(message.wind_x, message.wind_y)
        self.wind_from_deg = math.degrees(math.atan2(-message.wind_y, -message.wind_x)) % 360

    def _parameter(self, message: Message) -> None:
        self.parameters[message.param_id] = self.coding.parameter_value(
            message.param_value, message.param_type
        )

    def _gimbal_speaks(self, message: Message) -> None:
        self._gimbal = self.boot_ms, message

    def _camera(self, message: Message) -> None:
        """ArduPilot's CAMERA_FEEDBACK."""
        place = GeoPoint(message.lng / 1e7, message.lat / 1e7, message.alt_msl)
        angles = message.roll, message.pitch, message.yaw
        self._add_release(
            Release(message.img_idx, message.time_usec, place, message.alt_rel, *angles),
            heading_deg=message.yaw,
        )

    def _image_captured(self, message: Message) -> None:
        """PX4's CAMERA_IMAGE_CAPTURED; its images are counted from 0, its heights in mm."""
        if message.capture_result != 1:
            return
        place = GeoPoint(message.lon / 1e7, message.lat / 1e7, message.alt / 1000)
        angles = Rotation.from_quat(message.q, scalar_first=True) if any(message.q) else None
        yaw, pitch, roll = (0.0, 0.0, 0.0) if angles is None else angles.as_euler("ZYX", True)
        unix_us = message.time_utc or (self._unix_minus_boot_us or 0) + 1000 * self.boot_ms
        height_m = message.relative_alt / 1000
        self._add_release(
            Release(message.image_index + 1, unix_us, place, height_m, roll, pitch, yaw),
            heading_deg=self._heading_deg,
        )

    def _add_release(self, release: Release, *, heading_deg: float | None) -> None:
        """Keep a release, once where it comes twice; refuse a time or angle that cannot be."""
        angles = release.roll_deg, release.pitch_deg, release.yaw_deg
        numbers = (*angles, release.height_home_m)
        if not all(map(math.isfinite, numbers)) or release.unix_us > LATEST_US:
            raise ValueError(f"time, roll, pitch, yaw, height: {release.unix_us}, {numbers}")
        if release.index not in {known.index for known in self._releases[-3:]}:
            self._releases.append(replace(release, looks=self._looks(heading_deg)))

    def _looks(self, heading_deg: float | None) -> Attitude | None:
        """Where the gimbal looks, by what it said last and where the nose is now."""
        if self._gimbal is None or self.boot_ms - self._gimbal[0] > HEARD_WITHIN_S * 1000:
            return None
        return gimbal_attitude(self._gimbal[1], heading_deg)

    def _item_reached(self, message: Message) -> None:
        self.reached.append(message.seq)


_TAKE = {
    "HEARTBEAT": FlightMonitor._heartbeat,
    "EXTENDED_SYS_STATE": FlightMonitor._extended_state,
    "GLOBAL_POSITION_INT": FlightMonitor._global_position,
    "SYSTEM_TIME": FlightMonitor._system_time,
    "STATUSTEXT": FlightMonitor._status_text,
    "MISSION_CURRENT": FlightMonitor._mission_current,
    "SYS_STATUS": FlightMonitor._sys_status,
    "HOME_POSITION": FlightMonitor._home_position,
    "FENCE_STATUS": FlightMonitor._fence_status,
    "GPS_RAW_INT": FlightMonitor._gps,
    "EKF_STATUS_REPORT": FlightMonitor._ekf,
    "WIND": FlightMonitor._wind,
    "WIND_COV": FlightMonitor._wind_covariance,
    "PARAM_VALUE": FlightMonitor._parameter,
    "CAMERA_FEEDBACK": FlightMonitor._camera,
    "CAMERA_IMAGE_CAPTURED": FlightMonitor._image_captured,
    "MISSION_ITEM_REACHED": FlightMonitor._item_reached,
    **dict.fromkeys(KINDS, FlightMonitor._gimbal_speaks),
}
