"""What must be true of a sortie and of a vehicle before anything is armed, pure."""

import shapely
from shapely import LineString

from flight.errors import RefusedError
from flight.modes import ARDUPILOT, PX4
from flight.protocol import Message
from missions.drones import drone_named
from missions.errors import MissionError
from missions.legs import Leg, legs
from missions.model import AltitudeFrame, Command, Drone, Sortie

MULTIROTORS = frozenset({2, 3, 4, 13, 14, 15, 29, 35})  # MAV_TYPE: quad, coaxial, heli, hexa...
CLEARANCE_M = 15.0  # of the ceiling above the flying height where the planner set none
ENDS = frozenset({Command.NAV_RETURN_TO_LAUNCH, Command.NAV_LAND})
MOVING = ENDS | {Command.NAV_WAYPOINT, Command.NAV_TAKEOFF}
PLACED = frozenset({Command.NAV_WAYPOINT, Command.NAV_TAKEOFF, Command.NAV_LAND})
FRAMES = frozenset({int(AltitudeFrame.ABOVE_HOME), 6})  # 6: the same for MISSION_ITEM_INT
SHARE_STEP = 0.005  # batteries tell whole percents


def check_kind(heartbeat: Message) -> None:
    """Refuse what is flown otherwise than this package knows."""
    if heartbeat.autopilot not in (ARDUPILOT, PX4) or heartbeat.type not in MULTIROTORS:
        raise RefusedError(
            f"The vehicle is of MAV_TYPE {heartbeat.type} with MAV_AUTOPILOT "
            f"{heartbeat.autopilot}; only multirotors with ArduCopter ({ARDUPILOT}) or PX4 ({PX4}) "
            "are flown."
        )


def ceiling_home_m(sortie: Sortie) -> float:
    """Highest height above home that a flight may reach, whatever its items say."""
    if sortie.ceiling_home_m is not None:
        return sortie.ceiling_home_m
    return sortie.height_home_m + CLEARANCE_M


def check_sortie(sortie: Sortie) -> None:
    """Refuse a mission that leaves its fence or ceiling, does not take off or does not end."""
    _check_ends(sortie)
    _check_items(sortie)
    if not sortie.fence.is_valid or sortie.fence.is_empty:
        raise RefusedError(f"The fence of sortie {sortie.code} is damaged; plan it again.")
    shapely.prepare(sortie.fence)
    for number, leg in enumerate(legs(sortie.home, sortie.items), 1):
        _check_leg(sortie, number, leg)


def _check_ends(sortie: Sortie) -> None:
    """Neither ArduPilot nor PX4 begins a mission that moves before its take-off."""
    commands = [item.command for item in sortie.items]
    moving = [command for command in commands if command in MOVING]
    if Command.NAV_TAKEOFF not in moving:
        raise RefusedError(f"Sortie {sortie.code} has no take-off item; plan it again.")
    if moving[0] != Command.NAV_TAKEOFF:
        seq = commands.index(moving[0]) + 1
        raise RefusedError(
            f"Item {seq} of sortie {sortie.code} (command {moving[0]}) moves the vehicle before "
            "its take-off (22); no autopilot begins such a mission on the ground. Plan it again."
        )
    early = next((n for n, c in enumerate(commands[:-1], 1) if c in ENDS), None)
    if early is not None:
        raise RefusedError(
            f"Item {early} of sortie {sortie.code} (command {commands[early - 1]}) brings the "
            f"vehicle down, but {len(commands) - early} items follow; it would stand there, or "
            "take off again by itself. Plan it again."
        )
    if commands[-1] not in ENDS:
        raise RefusedError(
            f"Sortie {sortie.code} ends with command {commands[-1]}, not with a return (20) or a "
            "landing (21); plan it again."
        )


def _check_items(sortie: Sortie) -> None:
    """Refuse items whose way through the air is not known here."""
    for seq, item in enumerate(sortie.items, 1):
        if item.command not in list(Command):
            known = ", ".join(str(int(command)) for command in Command)
            raise RefusedError(
                f"Item {seq} of sortie {sortie.code} has command {item.command}; allowed are "
                f"{known}. Plan it again."
            )
        if item.command in PLACED and item.frame not in FRAMES:
            raise RefusedError(
                f"Item {seq} of sortie {sortie.code} has its height in frame {item.frame}; only "
                "heights above home (frame 3) are flown. Plan it again."
            )


def _check_leg(sortie: Sortie, number: int, leg: Leg) -> None:
    ceiling_m = ceiling_home_m(sortie)
    for height_m in (leg.start[2], leg.end[2]):
        if not 0 <= height_m <= ceiling_m:
            raise RefusedError(
                f"Leg {number} of sortie {sortie.code} goes to {height_m:.1f} m above home; "
                f"allowed are 0 to {ceiling_m:.1f} m. Plan it again."
            )
    ends = leg.start[:2], leg.end[:2]
    if not sortie.fence.covers(LineString(ends)):
        (lon, lat), _ = sorted(ends, key=lambda end: -sortie.fence.distance(shapely.Point(end)))
        raise RefusedError(
            f"Leg {number} of sortie {sortie.code} leaves the sortie's fence towards "
            f"{lat:.6f}, {lon:.6f}; every leg must lie inside of it. Plan it again."
        )


def drone_of(sortie: Sortie) -> Drone | None:
    """What the sortie was planned for; None where the drone library does not know it."""
    try:
        return drone_named(sortie.drone_key)
    except MissionError:
        return None


def check_battery(sortie: Sortie, drone: Drone, share: float | None) -> None:
    """Refuse a battery that does not hold the flight and the drone's reserve."""
    needed = sortie.duration_s / drone.endurance_s + drone.reserve_share
    if share is None:
        raise RefusedError(
            f"The vehicle does not tell its battery; sortie {sortie.code} needs {needed:.0%}. "
            "Set up its battery monitor (BATT_MONITOR)."
        )
    if share + SHARE_STEP < needed:
        raise RefusedError(
            f"The battery holds {share:.0%}; sortie {sortie.code} needs {needed:.0%}, "
            f"{drone.reserve_share:.0%} of it as reserve. Charge it."
        )
