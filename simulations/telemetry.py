"""What the built-in vehicle reports about itself, as MAVLink messages, pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import Message
from flight.streams import GIMBAL
from geo.pose import GeoPoint
from simulations.motion import Vector
from simulations.personas import Persona

SENSORS = 0x5371BD2F  # present and enabled as in the recording, PREARM_CHECK and GEOFENCE apart
PREARM_CHECK, GEOFENCE = 0x10000000, 0x100000
EKF_GOOD, EKF_NO_POSITION = 831, 167
GPS_FIX_RTK, GPS_FIX_3D = 6, 3


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that telemetry is made from, at one moment."""

    boot_ms: int
    unix_us: int
    home: GeoPoint
    position: GeoPoint
    height_home_m: float
    velocity: Vector
    heading_deg: float
    roll_deg: float
    pitch_deg: float
    gimbal_pitch_deg: float
    throttle_share: float
    voltage_v: float
    current_a: float
    used_mah: float
    used_wh: float
    battery_share: float
    armed: bool
    has_position: bool
    may_arm: bool
    mission_seq: int
    mission_total: int
    mission_state: int
    in_auto: bool
    goal_distance_m: float
    goal_bearing_deg: float
    landed_state: int
    fence_enabled: bool
    fence_breached: int
    fence_breaches: int
    fence_breach_ms: int
    wind_from_deg: float
    wind_m_s: float
    has_fix: bool
    fix_us: int
    fix: GeoPoint
    pressure_hpa: float
    motor_share: float


def _degrees_e7(point: GeoPoint) -> tuple[int, int]:
    return round(point.lat_deg * 1e7), round(point.lon_deg * 1e7)


def _attitude(s: Status) -> Message:
    angles = (math.radians(a) for a in (s.roll_deg, s.pitch_deg, (s.heading_deg + 180) % 360 - 180))
    return mavlink.MAVLink_attitude_message(s.boot_ms, *angles, 0.0, 0.0, 0.0)


def _global_position(s: Status) -> Message:
    east, north, up = (round(100 * part) for part in s.velocity)
    return mavlink.MAVLink_global_position_int_message(
        s.boot_ms,
        *_degrees_e7(s.position),
        round(s.position.altitude_amsl_m * 1000),
        round(s.height_home_m * 1000),
        north,
        east,
        -up,
        round(s.heading_deg * 100) % 36000,
    )


def _gps_raw(s: Status) -> Message:
    """What the receiver says; without a fix what it said last (as recorded)."""
    east, north, _ = s.velocity
    course = round(math.degrees(math.atan2(east, north)) * 100) % 36000
    altitude_mm = round(s.fix.altitude_amsl_m * 1000)
    return mavlink.MAVLink_gps_raw_int_message(
        s.fix_us,
        GPS_FIX_3D if s.has_fix else 1,
        *_degrees_e7(s.fix),
        altitude_mm,
        80,
        120,
        round(math.hypot(east, north) * 100) if s.has_fix else 0,
        course,
        14 if s.has_fix else 3,
        altitude_mm,
        700,
        1000,
    )


def _pressure(s: Status) -> Message:
    return mavlink.MAVLink_scaled_pressure_message(s.boot_ms, s.pressure_hpa, 0.0, 2500)


def _servos(s: Status) -> Message:
    """Outputs to the four motors: one that is weak is driven harder for the same thrust."""
    idle_us, span_us = 1100, 800
    if s.landed_state == 1:
        return mavlink.MAVLink_servo_output_raw_message(
            s.boot_ms * 1000, 0, *[1000] * 4, 0, 0, 0, 0
        )
    sound = s.throttle_share * (1 + s.motor_share) / 2
    weak = min(1.0, sound / max(s.motor_share, 1e-3))
    outputs = [round(idle_us + span_us * min(1.0, part)) for part in (weak, sound, sound, sound)]
    return mavlink.MAVLink_servo_output_raw_message(s.boot_ms * 1000, 0, *outputs, 0, 0, 0, 0)


def _sys_status(s: Status) -> Message:
    present = SENSORS | PREARM_CHECK | GEOFENCE
    enabled = present if s.fence_enabled else present & ~GEOFENCE
    health = present if s.may_arm or s.armed else present & ~PREARM_CHECK
    if s.fence_breached:
        health &= ~GEOFENCE
    return mavlink.MAVLink_sys_status_message(
        present,
        enabled,
        health,
        0,
        round(s.voltage_v * 1000),
        round(s.current_a * 100),
        round(s.battery_share * 100),
        0,
        0,
        0,
        0,
        0,
        0,
    )


def _battery(s: Status) -> Message:
    return mavlink.MAVLink_battery_status_message(
        0,
        0,
        0,
        32767,
        [round(s.voltage_v * 1000)] + [65535] * 9,
        round(s.current_a * 100),
        round(s.used_mah),
        round(s.used_wh * 36),
        round(s.battery_share * 100),
        0,
        1,
    )


def _vfr_hud(s: Status) -> Message:
    east, north, up = s.velocity
    speed_m_s = math.hypot(east, north)
    return mavlink.MAVLink_vfr_hud_message(
        speed_m_s,
        speed_m_s,
        round(s.heading_deg) % 360,
        round(s.throttle_share * 100),
        s.position.altitude_amsl_m,
        up,
    )


def _navigation(s: Status) -> Message:
    bearing = round(s.goal_bearing_deg)
    return mavlink.MAVLink_nav_controller_output_message(
        s.roll_deg, s.pitch_deg, bearing, bearing, min(round(s.goal_distance_m), 65535), 0, 0, 0
    )


def _ekf(s: Status) -> Message:
    flags = EKF_GOOD if s.has_position else EKF_NO_POSITION
    return mavlink.MAVLink_ekf_status_report_message(flags, 0.01, 0.005, 0.002, 0.01, 0.0, 0.0)


def _mission_current(s: Status) -> Message:
    return mavlink.MAVLink_mission_current_message(
        s.mission_seq, s.mission_total, s.mission_state, int(s.in_auto)
    )


def _home(s: Status) -> Message:
    latitude, longitude = _degrees_e7(s.home)
    altitude_mm = round(s.home.altitude_amsl_m * 1000)
    nothing = [float("nan")] * 4
    return mavlink.MAVLink_home_position_message(
        latitude, longitude, altitude_mm, 0, 0, 0, nothing, 0, 0, 0, s.boot_ms * 1000
    )


def _origin(s: Status) -> Message:
    latitude, longitude = _degrees_e7(s.home)
    altitude_mm = round(s.home.altitude_amsl_m * 1000)
    return mavlink.MAVLink_gps_global_origin_message(
        latitude, longitude, altitude_mm, s.boot_ms * 1000
    )


def _gimbal(s: Status) -> Message:
    """Level and to the vehicle's nose, as ArduPilot's mounts tell it, in the vehicle's frame."""
    half = math.radians(s.gimbal_pitch_deg) / 2
    flags = (
        mavlink.GIMBAL_DEVICE_FLAGS_ROLL_LOCK
        | mavlink.GIMBAL_DEVICE_FLAGS_PITCH_LOCK
        | mavlink.GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME
    )
    forward = [math.cos(half), 0.0, math.sin(half), 0.0]
    return mavlink.MAVLink_gimbal_device_attitude_status_message(
        0, 0, s.boot_ms, flags, forward, *[math.nan] * 3, 0, math.nan, math.nan, 1
    )


def _fence_status(s: Status) -> Message:
    return mavlink.MAVLink_fence_status_message(
        int(s.fence_breached > 0),
        s.fence_breaches,
        0 if not s.fence_breached else 2 if s.fence_breached == 1 else 3,  # FENCE_BREACH
        s.fence_breach_ms,
        0,
    )


BUILDERS: dict[int, Callable[[Status], Message]] = {
    1: _sys_status,
    2: lambda s: mavlink.MAVLink_system_time_message(s.unix_us, s.boot_ms),
    24: _gps_raw,
    29: _pressure,
    30: _attitude,
    33: _global_position,
    36: _servos,
    42: _mission_current,
    49: _origin,
    62: _navigation,
    74: _vfr_hud,
    147: _battery,
    162: _fence_status,
    168: lambda s: mavlink.MAVLink_wind_message(s.wind_from_deg, s.wind_m_s, 0.0),
    193: _ekf,
    242: _home,
    245: lambda s: mavlink.MAVLink_extended_sys_state_message(3, s.landed_state),
    GIMBAL: _gimbal,
}
STREAMS: dict[int, tuple[int, ...]] = {  # MAV_DATA_STREAM -> messages
    0: (1, 2, 24, 29, 30, 33, 36, 42, 62, 74, 147, 162, 168, 193),
    1: (29,),
    2: (1, 24, 42, 62, 162),
    3: (36,),
    6: (33,),
    10: (30,),
    11: (74,),
    12: (2, 147, 168, 193),
}


def autopilot_version(persona: Persona, uid: int) -> Message:
    """Identity and abilities; `uid` tells one built-in vehicle from every other."""
    return mavlink.MAVLink_autopilot_version_message(
        persona.capabilities,
        persona.version,
        0,
        0,
        0,
        list(b"aerogrid"),
        [0] * 8,
        [0] * 8,
        0,
        0,
        uid,
    )
