"""What keeps a simulated vehicle in its fence and brings it home, as on the flight to come; pure.

Our sorties get the very safeguards that `flight.fly` sees to, so the return that is judged is the
one that would be flown. Foreign missions, which `fly` does not take, get the usual ones.
"""

from flight.modes import PX4
from flight.protocol import FENCE, fence_items
from flight.safeguards import Safeguards
from flight.session import Session
from missions.flown import ABOVE_GROUND
from simulations.task import Task

ABOVE_PLAN_M = 15.0  # a fence's ceiling above the highest place, where the plan has none
PX4_NAMES = {"GF_ACTION": 3.0, "NAV_DLL_ACT": 2.0}  # return at a breach and when the link is lost
POLYGON_AND_LID = 5.0  # FENCE_TYPE


def guard(session: Session, task: Task) -> None:
    """Store the fence and set failsafes.

    Raises:
        FlightError: the vehicle refuses, or the sortie cannot be flown as safely as it needs.
    """
    if task.sortie is None:
        _guard_foreign(session, task)
        return
    safeguards = Safeguards(session, task.sortie)
    safeguards.check_return()
    safeguards.raise_return()
    safeguards.watch_link()
    safeguards.raise_fence()


def _guard_foreign(session: Session, task: Task) -> None:
    session.store(fence_items(task.fence_or_hull), FENCE)
    lid_m = _ceiling_m(task)
    if session.monitor.coding.autopilot == PX4:
        values = {**PX4_NAMES, "GF_MAX_VER_DIST": lid_m}
    else:
        values = {
            "FENCE_TYPE": POLYGON_AND_LID,
            "FENCE_ACTION": 1.0,
            "FENCE_ALT_MAX": lid_m,
            "FENCE_ENABLE": 1.0,
            "FS_GCS_ENABLE": 1.0,
        }
    for name, value in values.items():
        session.set_parameter(name, value)


def _ceiling_m(task: Task) -> float:
    """Height above home of the fence's lid; heights above ground may lie anywhere."""
    heights = [
        item.altitude_m - (task.home.altitude_amsl_m if item.frame in (0, 5) else 0.0)
        for item in task.items
    ]
    relief_m = 500.0 if any(item.frame in ABOVE_GROUND for item in task.items) else 0.0
    return max(heights, default=0.0) + ABOVE_PLAN_M + relief_m
