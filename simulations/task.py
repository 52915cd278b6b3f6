"""EDGE: what is put to the test: a mission file of any origin, and what is known about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shapely import MultiPoint, Polygon

from flight.plan_file import PlanFile, read_plan
from flight.protocol import MISSION
from flight.verdict import sha256_of
from geo.errors import AerogridError
from geo.frames import LocalFrame
from geo.pose import GeoPoint
from geo.terrain import Terrain
from missions.course import course_of
from missions.drones import drone_named
from missions.errors import MissionError
from missions.flown import (
    ABOVE_GROUND,
    ABOVE_SEA,
    LANDINGS,
    RETURN,
    TAKEOFFS,
    VIAS,
    has_place,
)
from missions.model import Drone, MissionItem, Photo, Sortie
from missions.open_file import read_mission
from simulations.stores import CAPACITY

OURS = ".mission.json"
DRIVES_PAST = frozenset({206, 2000, 2001, 203, 214})  # MAV_CMD that release a shutter


@dataclass(frozen=True, slots=True)
class Task:
    """One mission that is to be flown in simulation.

    Attributes:
        home: on the ground.
        items: without MAVLink's home item.
        fence: None where the file has none.
        photos: planned exposures; None where the file does not say them one by one.
        planned_s: of the plan, or by our model of a flight where the file has none.
        ceiling_home_m: highest that the flight may reach; None where the file does not say.
        sortie: the plan, where the file is ours.
    """

    code: str
    path: Path
    sha256: str
    home: GeoPoint
    items: tuple[MissionItem, ...]
    fence: Polygon | None
    drone: Drone
    planned_s: float
    photos: tuple[Photo, ...] | None
    ceiling_home_m: float | None
    wind_m_s: float | None
    sortie: Sortie | None

    @property
    def frame(self) -> LocalFrame:
        """Local metres around home."""
        return LocalFrame(self.home.lon_deg, self.home.lat_deg)

    @property
    def releases_shutter(self) -> bool:
        """Whether any item has to do with pictures."""
        return any(item.command in DRIVES_PAST for item in self.items)

    @property
    def places_lonlat_deg(self) -> list[tuple[float, float]]:
        """Home and every way-point."""
        places = [(item.lon_deg, item.lat_deg) for item in self.items if has_place(item)]
        return [(self.home.lon_deg, self.home.lat_deg), *places]

    @property
    def fence_or_hull(self) -> Polygon:
        """The fence, or where there is none 100 m around all places."""
        if self.fence is not None:
            return self.fence
        local = self.frame.to_local(MultiPoint(self.places_lonlat_deg)).convex_hull.buffer(
            100.0, quad_segs=2
        )
        around = self.frame.to_lonlat(local)
        assert isinstance(around, Polygon)
        return around


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that cannot be flown, and why in words for the user."""

    path: Path
    message: str


def read_tasks(
    paths: Sequence[Path], drone_key: str, ground: tuple[Terrain, Path] | None
) -> tuple[list[Task], list[Unread]]:
    """Read what can be flown; one file that cannot be does not keep the others from it.

    Args:
        paths: mission files.
        drone_key: what flies a mission that does not say it itself.
        ground: a DEM and its file; None for level ground.
    """
    tasks: list[Task] = []
    unread: list[Unread] = []
    for path in paths:
        try:
            task = read_task(path, drone_key)
            if ground is not None:
                check_ground(task, *ground)
            elif uses_terrain(task):
                raise MissionError(f"{path}: has heights above ground; give the ground with --dem.")
        except AerogridError as error:
            unread.append(Unread(path, str(error)))
        else:
            tasks.append(task)
    return tasks, unread


def read_task(path: Path, drone_key: str) -> Task:
    """Read a mission file, ours or another's.

    Args:
        path: of any format that `missions.open_file` knows.
        drone_key: what flies a mission that does not say it itself.

    Raises:
        MissionError: it cannot be read, does not say where it begins, or moves nothing.
    """
    if path.name.endswith(OURS):
        return _ours(read_plan(path))
    digest = sha256_of(path)
    mission = read_mission(path)
    if sha256_of(path) != digest:
        raise MissionError(f"{path}: was changed while it was read; try again")
    items = mission.items
    if not any(item.command in TAKEOFFS for item in items):
        items = (_take_off(path, items), *items)
    if not any(item.command == RETURN or item.command in LANDINGS for item in items):
        items = (*items, MissionItem(RETURN, 2))
    home = _known(mission.home) or _first_place(path, items)
    drone = drone_named(drone_key)
    _check_size(path, items)
    try:
        planned_s = course_of(home, items, drone).total_s
    except MissionError as error:
        raise MissionError(f"{path}: {error}") from error
    return Task(
        code=path.name.rsplit(".", 1)[0],
        path=path,
        sha256=digest,
        home=home,
        items=tuple(items),
        fence=mission.fence,
        drone=drone,
        planned_s=planned_s,
        photos=None,
        ceiling_home_m=None,
        wind_m_s=None,
        sortie=None,
    )


def check_ground(task: Task, terrain: Terrain, dem: Path) -> None:
    """Refuse a mission over ground that the DEM does not know: nothing could be judged there.

    Raises:
        MissionError: it names the first such place.
    """
    places = np.array(task.places_lonlat_deg)
    unknown = np.flatnonzero(~np.isfinite(terrain.altitudes_amsl_m(places)))
    if len(unknown):
        lon_deg, lat_deg = places[unknown[0]].tolist()
        raise MissionError(
            f"{dem}: knows no ground at {lon_deg:.6f}, {lat_deg:.6f} (lon, lat), where {task.path} "
            f"flies ({len(unknown)} of {len(places)} places); give a DEM of the whole mission, or "
            "none for level ground"
        )


def _ours(plan: PlanFile) -> Task:
    """A file of ours: the fingerprint is of the very bytes that are flown."""
    sortie = plan.sortie
    _check_size(plan.path, sortie.items)
    return Task(
        code=sortie.code,
        path=plan.path,
        sha256=plan.sha256,
        home=sortie.home,
        items=sortie.items,
        fence=sortie.fence,
        drone=drone_named(sortie.drone_key),
        planned_s=sortie.duration_s,
        photos=sortie.photos,
        ceiling_home_m=sortie.ceiling_home_m,
        wind_m_s=sortie.wind_m_s or None,
        sortie=sortie,
    )


def _take_off(path: Path, items: Sequence[MissionItem]) -> MissionItem:
    """A take-off to the height of the first place, for files that leave it to the vehicle."""
    first = next((item for item in items if item.command in VIAS), None)
    if first is None:
        raise MissionError(f"{path}: no item moves the vehicle; there is nothing to fly")
    return MissionItem(22, first.frame, altitude_m=first.altitude_m)


def _known(home: GeoPoint | None) -> GeoPoint | None:
    """A home that is one; 0, 0 stands for none."""
    return None if home is None or home.lon_deg == home.lat_deg == 0 else home


def _first_place(path: Path, items: Sequence[MissionItem]) -> GeoPoint:
    """Home of a file that has none: below its first place, where that is not above the sea."""
    first = next((item for item in items if has_place(item)), None)
    if first is None or first.frame in ABOVE_SEA:
        raise MissionError(
            f"{path}: does not say where the vehicle starts; add a home position to the file"
        )
    return GeoPoint(first.lon_deg, first.lat_deg, 0.0)


def _check_size(path: Path, items: Sequence[MissionItem]) -> None:
    if len(items) + 1 > CAPACITY[MISSION]:
        raise MissionError(
            f"{path}: has {len(items)} items; a vehicle stores {CAPACITY[MISSION] - 1}. "
            "Plan smaller sorties."
        )


def uses_terrain(task: Task) -> bool:
    """Whether any height is above the ground below, so that a DEM must be given."""
    return any(item.frame in ABOVE_GROUND for item in task.items)
