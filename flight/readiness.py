"""Whether a vehicle that stands on the ground is ready for a sortie, and in the right place."""

from collections.abc import Iterator

import numpy as np
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.checks import check_battery, drone_of
from flight.errors import RefusedError
from flight.modes import ARDUPILOT
from flight.session import Session, result_name
from geo.frames import LocalFrame
from geo.pose import GeoPoint
from missions.model import Sortie

READY_WITHIN_S = 90.0
HOME_WITHIN_M = 25.0
HOME_ALTITUDE_WITHIN_M = 10.0
NO_ALTITUDE_M = 0.01  # a home at 0 m was planned without a terrain model
ASKED_FIRST = {  # readiness is judged by these; asking saves waiting for the streams
    1: "SYS_STATUS",
    24: "GPS_RAW_INT",
    193: "EKF_STATUS_REPORT",
    33: "GLOBAL_POSITION_INT",
}


def wait_ready(session: Session) -> None:
    """Wait until the vehicle has a position and would arm; refuse one that does not get there.

    One that is armed, and may fly, is refused at once.
    """
    for kind, name in ASKED_FIRST.items():
        session.request_message(kind, name)
    monitor, since_ms = session.monitor, session.monitor.boot_ms

    def ready() -> bool:
        known = monitor.mode is not None and monitor.status_known and monitor.position is not None
        return known and monitor.pre_arm_ok is not False and monitor.has_position

    answered = session.wait_until(lambda: monitor.armed or ready(), READY_WITHIN_S)
    if monitor.armed:
        raise RefusedError("The vehicle is armed already; land and disarm it first.")
    if answered:
        return
    words = dict.fromkeys(monitor.texts_since(since_ms, worst=2))
    said = "; ".join(words) or "it gives no reason"
    raise RefusedError(
        f"The vehicle was not ready within {READY_WITHIN_S:g} s "
        f"(GNSS fix {monitor.fix_type}): {said}."
    )


def rewind_mission(session: Session) -> None:
    """See that the mission will begin at its beginning, whatever was flown or set before."""
    answer = session.command(mavlink.MAV_CMD_DO_SET_MISSION_CURRENT, 0)
    session.request_message(42, "MISSION_CURRENT")
    at = session.monitor.mission_item
    if at > 1:
        raise RefusedError(
            f"The vehicle would begin at item {at} of the mission and does not go back to its "
            f"first ({result_name(answer)}). Restart the vehicle."
        )


def check_readiness(session: Session, sortie: Sortie, *, arm_real: bool) -> tuple[str, ...]:
    """See that place, battery and camera suit the sortie; what could not be seen, in words.

    Raises:
        RefusedError: they do not.
    """
    return (
        *check_home(session, sortie),
        *check_battery_share(session, sortie),
        *check_camera(session, sortie, arm_real=arm_real),
    )


def check_home(session: Session, sortie: Sortie) -> Iterator[str]:
    """See that the vehicle stands at the sortie's home; what was not compared, in words."""
    monitor = session.monitor
    if session.request_message(242, "HOME_POSITION") is None or not monitor.home:
        raise RefusedError("The vehicle does not tell its home position; wait for GNSS.")
    standing = monitor.position or monitor.home  # arming makes it the home
    distance_m = _distance_m(sortie.home, standing)
    if distance_m > HOME_WITHIN_M:
        raise RefusedError(
            f"The vehicle stands {distance_m:.0f} m from the home of sortie "
            f"{sortie.code}; at most {HOME_WITHIN_M:g} m are allowed. Carry it to "
            f"{sortie.home.lat_deg:.6f}, {sortie.home.lon_deg:.6f} or plan again."
        )
    yield from _check_home_altitude(sortie, standing.altitude_amsl_m)


def _check_home_altitude(sortie: Sortie, standing_m: float) -> Iterator[str]:
    """Compare heights above sea level; a sortie planned without a terrain model has none."""
    planned_m = sortie.home.altitude_amsl_m
    if abs(planned_m) < NO_ALTITUDE_M:
        yield ("the altitude of home was not compared: planned without a DEM")
        return
    if not abs(standing_m - planned_m) <= HOME_ALTITUDE_WITHIN_M:
        raise RefusedError(
            f"The vehicle stands at {standing_m:.0f} m above sea level, the home of sortie "
            f"{sortie.code} is at {planned_m:.0f} m; at most {HOME_ALTITUDE_WITHIN_M:g} "
            "m of difference are allowed. Check the place, GNSS and the DEM, or plan again."
        )


def check_battery_share(session: Session, sortie: Sortie) -> Iterator[str]:
    """See that the battery holds flight and reserve; what was not compared, in words."""
    drone = drone_of(sortie)
    if drone is not None:
        check_battery(sortie, drone, session.monitor.battery_share)
        return
    yield (
        f"the battery was not compared with the plan: drone {sortie.drone_key!r} is not "
        "in the drone library"
    )


def check_camera(session: Session, sortie: Sortie, *, arm_real: bool) -> Iterator[str]:
    """See how the camera hangs; the poses of its photos depend on it."""
    if not sortie.photos:
        return
    is_ardupilot = session.monitor.coding.autopilot == ARDUPILOT
    if is_ardupilot and session.read_parameter("CAM1_TYPE") == 0:
        yield "no camera is set up (CAM1_TYPE is 0): no photo will be taken or reported"
    if is_ardupilot and session.read_parameter("MNT1_TYPE") is not None:
        return
    if arm_real and is_ardupilot:
        raise RefusedError(
            "The vehicle does not tell MNT1_TYPE, by which the camera hangs in a gimbal or is "
            "fixed to the body; photos could not be placed. Check the link and try again."
        )
    yield "how the camera hangs is not known (MNT1_TYPE): it is taken to look straight down"


def _distance_m(a: GeoPoint, b: GeoPoint) -> float:
    frame = LocalFrame(a.lon_deg, a.lat_deg)
    ((east, north),) = frame.xy_from_lonlat(np.array([[b.lon_deg, b.lat_deg]]))
    return float(np.hypot(east, north))
