"""The state of the built-in vehicle at one moment, gathered for its telemetry; pure."""

import math
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import Message
from simulations.behaviours import TakeOff
from simulations.personas import AUTO
from simulations.scene import READY_S
from simulations.telemetry import Status
from simulations.vehicle import STEP_S

if TYPE_CHECKING:
    from simulations.autopilot import Autopilot

ON_GROUND, IN_AIR, TAKING_OFF, LANDING = 1, 2, 3, 4  # MAV_LANDED_STATE
NOT_STARTED, ACTIVE, COMPLETE = 2, 3, 5  # MISSION_STATE
STANDBY, FLYING, CRITICAL = 3, 4, 5  # MAV_STATE


def heartbeat_of(pilot: "Autopilot") -> Message:
    """Mode, arming and state."""
    persona = pilot.scene.persona
    critical = pilot.watches.critical
    state = CRITICAL if critical else FLYING if pilot.is_flying else STANDBY
    base_mode = persona.base_mode(pilot.mode, armed=pilot.armed)
    custom_mode = persona.custom_mode(pilot.mode)
    return mavlink.MAVLink_heartbeat_message(2, persona.autopilot, base_mode, custom_mode, state, 3)


def status_of(pilot: "Autopilot") -> Status:
    """Everything telemetry is made from."""
    craft, battery, watches = pilot.craft, pilot.craft.battery, pilot.watches
    roll_deg, pitch_deg = craft.tilt_deg if pilot.is_flying else (0.0, 0.0)
    east, north = craft.goal[0] - craft.position[0], craft.goal[1] - craft.position[1]
    air_east, air_north = craft.air_velocity
    fix_s, fix = pilot.last_fix
    noise = pilot.sensors.gnss_m
    known = pilot.site.geographic(pilot.estimate)
    first = pilot.scene.persona.first_item
    return Status(
        boot_ms=pilot.tick * round(STEP_S * 1000),
        unix_us=pilot.unix_us,
        home=pilot.home,
        position=known,
        height_home_m=craft.position[2],
        velocity=craft.velocity,
        heading_deg=craft.heading_deg,
        roll_deg=roll_deg,
        pitch_deg=pitch_deg,
        gimbal_pitch_deg=pilot.shutter.pitch_deg,
        throttle_share=craft.throttle_share if pilot.is_flying else 0.0,
        voltage_v=watches.voltage_v(craft),
        current_a=battery.current_a,
        used_mah=battery.used_mah,
        used_wh=battery.used_wh,
        battery_share=battery.remaining_share,
        armed=pilot.armed,
        has_position=pilot.now_s >= READY_S and watches.position.aiding,
        may_arm=not pilot.readiness().faults(None),
        mission_seq=max(0, pilot.mission.seq - first),
        mission_total=max(0, len(pilot.stores.mission) - 1),
        mission_state=_mission_state(pilot),
        in_auto=pilot.mission_begun and pilot.mode == AUTO,
        goal_distance_m=math.hypot(east, north),
        goal_bearing_deg=math.degrees(math.atan2(east, north)) % 360,
        landed_state=_landed_state(pilot),
        fence_enabled=watches.fence.enabled,
        fence_breached=watches.fence.breached,
        fence_breaches=watches.fence.breach_count,
        fence_breach_ms=watches.fence.breach_time_ms,
        wind_from_deg=math.degrees(math.atan2(-air_east, -air_north)) % 360,
        wind_m_s=math.hypot(air_east, air_north),
        has_fix=pilot.now_s >= READY_S and watches.position.has_fix,
        fix_us=pilot.unix_us - round((pilot.now_s - fix_s) * 1e6),
        fix=pilot.site.geographic((fix[0] + noise[0], fix[1] + noise[1], fix[2] + noise[2])),
        pressure_hpa=pilot.sensors.pressure_hpa(pilot.home.altitude_amsl_m + craft.position[2]),
        motor_share=craft.motor_share,
    )


def _mission_state(pilot: "Autopilot") -> int:
    if pilot.mission.complete:
        return COMPLETE
    return ACTIVE if pilot.mission_begun and pilot.mode == AUTO else NOT_STARTED


def _landed_state(pilot: "Autopilot") -> int:
    if not pilot.is_flying:
        return ON_GROUND
    behaviour = pilot.mission.behaviour if pilot.mode == AUTO else pilot.behaviour
    if isinstance(behaviour, TakeOff):
        return TAKING_OFF
    return LANDING if pilot.is_landing else IN_AIR
