"""Is a mission safe to fly: every leg of it, not only its ends."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from shapely import MultiPoint, is_valid_reason

from geo.frames import LocalFrame
from geo.pose import GeoPoint
from geo.terrain import FlatTerrain, Terrain
from missions.airspace import Airspace
from missions.check_battery import UsedShare, check_battery
from missions.check_heights import check_heights, check_rates
from missions.check_items import curves, endings, home_altitude, misplaced, take_offs, unsound
from missions.check_limits import Limits, Subject
from missions.check_motion import check_camera, check_distance, check_speeds, check_wind
from missions.check_returns import check_returns, lowest_return_height_m
from missions.check_ways import Standing, check_fence, check_obstacles, check_zones, standing
from missions.energy import used_share
from missions.errors import MissionError
from missions.findings import Code, Finding
from missions.flown import fly_items, has_place
from missions.model import Drone, MissionFile, MissionItem, Sortie
from missions.wind import Wind

_ORDER = {code: number for number, code in enumerate(Code)}


def check(
    mission: MissionFile | Sortie,
    limits: Limits,
    terrain: Terrain | None,
    airspace: Airspace,
    drone: Drone,
    *,
    battery: UsedShare | None = None,
) -> tuple[Finding, ...]:
    """Check a mission of any origin against everything that keeps a flight safe.

    Args:
        mission: a planned sortie or the content of a mission file.
        limits: what must be kept to.
        terrain: heights of the ground; level at home's altitude if None.
        airspace: zones and obstacles that are in force.
        drone: what flies.
        battery: how much of a battery a path uses; by `missions.energy` in the worst wind if None.

    Returns:
        What was found; empty for a mission without fault. Errors forbid the flight.
    """
    home = _home(mission)
    if home is None:
        return (Finding(Code.EMPTY),)
    if mission.fence is not None and not mission.fence.is_valid:
        return (Finding(Code.FENCE_SHAPE, detail=is_valid_reason(mission.fence)),)
    limits = _of_mission(limits, mission)
    ground = terrain if terrain is not None else FlatTerrain(home.altitude_amsl_m)
    lost = tuple(misplaced(home, mission.items, ground))
    if lost:
        return lost
    found = [*_of_file(mission, terrain), *_return_too_high(mission, limits)]
    found += unsound(mission.items, drone)
    if not any(finding.code is Code.EMPTY for finding in found):
        case = _prepare(mission, home, limits, ground, airspace, drone)
        found += take_offs(home, mission.items)
        found += endings(mission)
        found += curves(mission)
        found += home_altitude(home, float(case.subject.flown.home_m[2]))
        found += case.findings(battery or used_share(drone, Wind(limits.wind_m_s)))
    return tuple(sorted(found, key=lambda finding: (_ORDER[finding.code], finding.leg or 0)))


def safe_return_height_m(
    mission: MissionFile | Sortie,
    limits: Limits,
    terrain: Terrain | None,
    airspace: Airspace,
    drone: Drone,
) -> float:
    """Lowest return height (RTL_ALT) in whole metres that clears ground and obstacles.

    It is above home and never below what `limits` say or the drone comes with.

    Raises:
        MissionError: only a height above the ceiling would do.
    """
    home = _home(mission)
    if home is None:
        return limits.return_height_m or drone.autopilot.return_height_m
    ground = terrain if terrain is not None else FlatTerrain(home.altitude_amsl_m)
    case = _prepare(mission, home, limits, ground, airspace, drone)
    height = lowest_return_height_m(case.subject, case.obstacles)
    if height > limits.ceiling_agl_m:
        raise MissionError(
            f"to come straight home to {home.lon_deg:.6f}, {home.lat_deg:.6f} (lon, lat) from "
            f"everywhere over ground and obstacles takes a return height of {height:.0f} m above "
            f"home; the ceiling is {limits.ceiling_agl_m:g} m. Move home or split the area"
        )
    return height


@dataclass(frozen=True, slots=True)
class _Case:
    """A mission under check and the obstacles around it."""

    subject: Subject
    obstacles: tuple[Standing, ...]
    stated_share: float

    def findings(self, battery: UsedShare) -> Iterator[Finding]:
        """Everything that is wrong with how it is flown."""
        subject = self.subject
        for one in (check_fence, check_zones, check_heights, check_rates):
            yield from one(subject)
        yield from check_obstacles(subject, self.obstacles)
        for other in (check_distance, check_speeds, check_camera, check_wind):
            yield from other(subject)
        yield from check_battery(subject, battery, stated_share=self.stated_share)
        yield from check_returns(subject, self.obstacles)


def _of_mission(limits: Limits, mission: MissionFile | Sortie) -> Limits:
    """Limits with the return height that a mission is flown with.

    A file that sets one in the vehicle is flown with that, whatever else is asked for; a sortie
    with its own where none is given.
    """
    own = mission.return_height_m
    given = isinstance(mission, Sortie) and limits.return_height_m is not None
    return limits if own is None or given else replace(limits, return_height_m=own)


def _return_too_high(mission: MissionFile | Sortie, limits: Limits) -> Iterator[Finding]:
    """Find a file that has the vehicle climb above the ceiling before it returns."""
    own = None if isinstance(mission, Sortie) else mission.return_height_m
    if own is not None and own > limits.ceiling_agl_m:
        yield Finding(Code.RETURN_HEIGHT, value=own, limit=limits.ceiling_agl_m)


def _home(mission: MissionFile | Sortie) -> GeoPoint | None:
    """Home as the mission says, or its first place."""
    if mission.home is not None:
        return mission.home
    first = next((item for item in mission.items if has_place(item)), None)
    if first is None:
        return None
    lon, lat = first.lon_deg, first.lat_deg
    return GeoPoint(lon, lat, 0.0) if abs(lat) <= 90 and abs(lon) <= 180 else None


def _of_file(mission: MissionFile | Sortie, terrain: Terrain | None) -> Iterator[Finding]:
    if mission.home is None:
        yield Finding(Code.HOME_MISSING)
    if terrain is None:
        yield Finding(Code.TERRAIN_MISSING)


def _prepare(
    mission: MissionFile | Sortie,
    home: GeoPoint,
    limits: Limits,
    terrain: Terrain,
    airspace: Airspace,
    drone: Drone,
) -> _Case:
    """Lay a mission out in metres around it."""
    places = MultiPoint(_places(home, mission.items))
    frame = LocalFrame.around(places)
    xy = frame.xy_from_lonlat(np.array([[home.lon_deg, home.lat_deg]]))[0]
    ground = float(terrain.altitudes_amsl_m(np.array([[home.lon_deg, home.lat_deg]]))[0])
    altitude = ground if np.isfinite(ground) else home.altitude_amsl_m
    sortie = mission if isinstance(mission, Sortie) else None
    chosen = limits.return_height_m
    return_height = drone.autopilot.return_height_m if chosen is None else chosen
    flown = fly_items(
        mission.items,
        frame,
        np.array([*xy, altitude]),
        terrain,
        speed_m_s=drone.cruise_speed_m_s if sortie is None else sortie.speed_m_s,
        return_height_m=return_height,
    )
    near = airspace.near(*places.bounds)
    subject = Subject(flown, drone, limits, terrain, near, mission.fence)
    obstacles = tuple(standing(near.obstacles, frame, terrain, altitude))
    return _Case(subject, obstacles, 0.0 if sortie is None else _stated_share(sortie, drone))


def _stated_share(sortie: Sortie, drone: Drone) -> float:
    """Share of the battery that a sortie says it takes."""
    return sortie.battery_share or sortie.duration_s / drone.endurance_s


def _places(home: GeoPoint, items: tuple[MissionItem, ...]) -> list[tuple[float, float]]:
    return [
        (home.lon_deg, home.lat_deg),
        *((item.lon_deg, item.lat_deg) for item in items if has_place(item)),
    ]
