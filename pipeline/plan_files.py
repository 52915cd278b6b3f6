"""EDGE: the files that a plan is handed out as: missions, maps, pictures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from shapely import MultiPolygon, Polygon

from geo.terrain import FlatTerrain, Terrain
from missions.airspace import Airspace
from missions.check_limits import Limits
from missions.drones import drone_named
from missions.kml import write_kml
from missions.litchi import write_litchi
from missions.mavlink_files import rally_place, write_fence, write_rally
from missions.mission_json import write_sortie
from missions.model import Drone, Sortie
from missions.overlap import OverlapMap, overlap_map, poses
from missions.preview import write_preview
from missions.preview_html import write_preview_html
from missions.qgc_plan import write_plan
from missions.vectors import write_vectors
from missions.waypoints import write_waypoints
from missions.wpml import write_wpml
from missions.written import Surroundings
from pipeline.settings import Format

Area = Polygon | MultiPolygon
Areas = Sequence[tuple[str, Area]]
Paths = tuple[Path, ...]

DJI = "dji-"  # how the keys of DJI's aircraft begin
_COARSE_M = 2.0  # pixels of the overlap map of all cells; each cell's own has 1 m


def write_files(
    folder: Path,
    sorties: Sequence[Sortie],
    outlines: Mapping[str, Area],
    *,
    terrain: Terrain | None,
    airspace: Airspace,
    limits: Limits,
    formats: Sequence[Format],
) -> None:
    """Write the missions of all sorties, a picture and a map of each cell and of all.

    Args:
        folder: must be there.
        sorties: at least one, all of one drone.
        outlines: areas by cell code.
        terrain: heights of the ground; level at home's altitude if None.
        airspace: zones and obstacles that files are checked against and maps show.
        limits: that the sorties were checked with.
        formats: beyond `.plan`, `.waypoints`, `.mission.json` and, for a DJI aircraft, `.kmz`.

    Raises:
        MissionError: a file would not be as safe as its sortie.
    """
    around = Surroundings(limits, terrain, airspace)
    for sortie in sorties:
        write_missions(folder, sortie, formats, around)
    areas = tuple(outlines.items())
    for name, write in OF_PLAN.items():
        if name in formats:
            write(folder, sorties, areas, terrain)
    _write_maps(folder, sorties, areas, terrain, airspace)


def write_missions(
    folder: Path, sortie: Sortie, formats: Sequence[Format], around: Surroundings
) -> None:
    """Write the mission files of one sortie into a folder that is there.

    Raises:
        MissionError: a file, as it reads back, would not be as safe as the sortie.
    """
    drone = drone_named(sortie.drone_key)
    write_plan(folder / f"{sortie.code}.plan", sortie)
    write_waypoints(folder / f"{sortie.code}.waypoints", sortie)
    write_sortie(folder / f"{sortie.code}.mission.json", sortie)
    usual = ("kmz",) if drone.key.startswith(DJI) else ()
    for name, write in OF_SORTIE.items():
        if name in formats or name in usual:
            around.prove(write(folder, sortie, drone), sortie, drone)


def _kmz(folder: Path, sortie: Sortie, drone: Drone) -> Paths:
    return write_wpml(folder / f"{sortie.code}.kmz", sortie, drone)


def _litchi(folder: Path, sortie: Sortie, drone: Drone) -> Paths:
    return write_litchi(folder / f"{sortie.code}.csv", sortie)


def _mavlink(folder: Path, sortie: Sortie, drone: Drone) -> Paths:
    """The fence, and home as the place to rally at; these are no missions."""
    write_fence(folder / f"{sortie.code}.fence", sortie.fence)
    write_rally(folder / f"{sortie.code}.rally", [rally_place(sortie)])
    return ()


OF_SORTIE: Mapping[Format, Callable[[Path, Sortie, Drone], Paths]] = {
    "kmz": _kmz,
    "litchi": _litchi,
    "fence": _mavlink,
}
OF_PLAN: Mapping[Format, Callable[[Path, Sequence[Sortie], Areas, Terrain | None], None]] = {
    "kml": lambda folder, sorties, areas, terrain: write_kml(
        folder / "plan.kml",
        sorties,
        areas=areas,
        mode="relativeToGround" if terrain is None else "absolute",
    ),
    "geojson": lambda folder, sorties, areas, terrain: write_vectors(
        folder / "plan.geojson", sorties, areas=areas
    ),
    "gpkg": lambda folder, sorties, areas, terrain: write_vectors(
        folder / "plan.gpkg", sorties, areas=areas
    ),
}


def _write_maps(
    folder: Path,
    sorties: Sequence[Sortie],
    areas: Areas,
    terrain: Terrain | None,
    airspace: Airspace,
) -> None:
    """Write `preview.png` and `map.html` of all, `CODE.png` and `CODE.html` of each cell."""
    ground = terrain or FlatTerrain(sorties[0].home.altitude_amsl_m)
    drone = drone_named(sorties[0].drone_key)
    whole = shapely.unary_union([area for _, area in areas]) if areas else None
    assert whole is None or isinstance(whole, Polygon | MultiPolygon)  # a union of polygons
    seen = None if whole is None else _overlap(whole, sorties, drone, ground, _COARSE_M)
    whole_areas = [area for _, area in areas]
    write_preview(folder / "preview.png", sorties, areas=whole_areas, airspace=airspace)
    around: dict[str, Any] = {"terrain": terrain, "airspace": airspace}
    write_preview_html(folder / "map.html", sorties, areas=areas, overlap=seen, **around)
    for code, area in areas:
        own = [sortie for sortie in sorties if code in sortie.cell_codes]
        if own:
            seen = _overlap(area, own, drone, ground, 1.0)
            cell, page = [(code, area)], folder / f"{code}.html"
            write_preview(folder / f"{code}.png", own, areas=[area], airspace=airspace)
            write_preview_html(page, own, areas=cell, overlap=seen, **around)


def _overlap(
    area: Area, sorties: Sequence[Sortie], drone: Drone, ground: Terrain, pixel_m: float
) -> OverlapMap:
    """How many of the planned photos see each place."""
    planned = [pose for sortie in sorties for pose in poses(sortie)]
    return overlap_map(area, planned, drone.camera, ground, pixel_m=pixel_m)
