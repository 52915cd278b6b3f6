"""Does the battery bring the vehicle home from everywhere, with the reserve left."""

from collections.abc import Callable, Iterator

import numpy as np

from geo.frames import Array
from missions.check_limits import Subject
from missions.energy import hover_share, way_home_share
from missions.findings import Code, Finding
from missions.flown import Kind

UsedShare = Callable[[Array, Array], Array]
"""Share of a full battery, 0 to 1, that is used up at each point (N,) of a path.

Called with the points (N, 3) in local metres, z up, and the speed over ground (N - 1,) wanted on
each leg in m/s; the vehicle is at rest at the first point and where a share is told.
"""

_ROUNDING = 0.01  # two ways to add up the same flight differ by less


def check_battery(
    subject: Subject, battery: UsedShare, *, stated_share: float = 0.0
) -> Iterator[Finding]:
    """Find the leg after which the way home would use more of the battery than allowed.

    Args:
        subject: the mission.
        battery: how much a path uses.
        stated_share: of the battery that the mission itself says it takes, 0 if it does not.
    """
    drone, flown = subject.drone, subject.flown
    points = np.concatenate([flown.starts_m()[:1], flown.ends_m()])
    used = battery(points, np.array([step.speed_m_s for step in flown.steps]))[1:]
    holds = np.cumsum([step.hold_s for step in flown.steps])
    used = used + np.array([hover_share(drone, seconds) for seconds in holds.tolist()])
    limit = 1 - drone.reserve_share

    def home_share(place_m: tuple[float, ...]) -> float:
        height = subject.return_height_m
        return way_home_share(drone, battery, np.array(place_m), flown.home_m, height)

    needed = np.array(
        [
            share + home_share(step.end_m) if step.kind is not Kind.LANDING else share
            for share, step in zip(used.tolist(), flown.steps, strict=True)
        ]
    )
    worst = int(needed.argmax())
    most = float(needed[worst])
    if stated_share > most:
        worst, most = len(needed) - 1, stated_share
    if most > limit + _ROUNDING:
        place = np.array(flown.steps[worst].end_m)
        yield subject.finding(Code.BATTERY, worst, place, 100 * most, round(100 * limit, 1))
