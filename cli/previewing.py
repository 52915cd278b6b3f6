"""The verb that draws mission files of any origin."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from cli import console
from cli.console import DONE
from geo.raster import read_terrain_around
from geo.terrain import FlatTerrain, Terrain
from missions.airspace_files import read_airspace
from missions.check_files import area_of
from missions.drones import drone_named
from missions.errors import MissionError
from missions.foreign import foreign_sortie
from missions.mission_json import read_sortie
from missions.model import Drone, Sortie
from missions.open_file import read_mission
from missions.overlap import OverlapMap, overlap_map, poses
from missions.preview import write_preview
from missions.preview_html import write_preview_html
from pipeline.settings import read_settings
from pipeline.surroundings import read_cells

_LEAST_PHOTOS = 3
_HULL_RATIO = 0.15  # of the longest gap between photos that still counts as photographed


def run(
    files: Sequence[Path],
    out: Path,
    *,
    grids: Path | None,
    dem: Path | None,
    airspace: Path | None,
    obstacles: Path | None,
    drone: str | None,
    config: Path | None,
) -> int:
    """Draw missions on one map.

    Args:
        files: mission files of any known format.
        out: ends in .html or .png.
        grids: cells to draw; the overlap is counted over those that are flown.
        dem: ground heights; level at home if None.
        airspace: no-fly zones and ceilings to draw.
        obstacles: to draw.
        drone: key of the drone library for files that do not say; the settings' if None.
        config: settings file.
    """
    if out.suffix.lower() not in (".html", ".png"):
        raise MissionError(f"--out {out}: must end in .html or .png")
    settings = read_settings(config)
    terrain = None if dem is None else read_terrain_around(dem, area_of(files))
    flies = drone_named(drone or settings.planning.drone)
    sorties = [mission_of(path, flies, terrain) for path in files]
    cells = [] if grids is None else list(read_cells(grids, settings.grids))
    flown = shapely.union_all([sortie.fence for sortie in sorties])
    areas = [(cell.code, cell.boundary) for cell in cells if cell.boundary.intersects(flown)]
    known = read_airspace(airspace, obstacles)
    if out.suffix.lower() == ".png":
        write_preview(out, sorties, areas=[area for _, area in areas], airspace=known)
    else:
        seen = _overlap(sorties, areas, flies, terrain)
        write_preview_html(out, sorties, areas=areas, terrain=terrain, overlap=seen, airspace=known)
    minutes = sum(sortie.duration_s for sortie in sorties) / 60
    photos = sum(len(sortie.photos) for sortie in sorties)
    missions = console.counted(len(sorties), "mission")
    console.out.print(
        f"{missions}, {minutes:.1f} min in the air, {photos} photos; look at {console.where(out)}",
        highlight=False,
    )
    return DONE


def mission_of(path: Path, drone: Drone, terrain: Terrain | None = None) -> Sortie:
    """Read a mission file of any known format as a sortie, and tell what was not in it.

    Args:
        path: ours keeps its own drone.
        drone: flies a mission that does not say.
        terrain: for altitudes above ground; level at home if None.
    """
    if path.name.endswith(".json"):
        return read_sortie(path)
    try:
        found = foreign_sortie(read_mission(path), drone, code=path.stem, terrain=terrain)
    except MissionError as error:
        named = str(error).startswith(str(path))
        raise error if named else MissionError(f"{path}: {error}") from error
    for note in found.notes:
        console.warn(f"{path}: {note}")
    return found.sortie


def _overlap(
    sorties: Sequence[Sortie],
    areas: Sequence[tuple[str, Polygon | MultiPolygon]],
    drone: Drone,
    terrain: Terrain | None,
) -> OverlapMap | None:
    """How many photos see each place of the cells, or between the photos where none are given."""
    seen_from = [pose for sortie in sorties for pose in poses(sortie)]
    places = [(pose.position.lon_deg, pose.position.lat_deg) for pose in seen_from]
    hull = shapely.concave_hull(shapely.MultiPoint(np.array(places).reshape(-1, 2)), _HULL_RATIO)
    area = shapely.union_all([area for _, area in areas]) if areas else hull
    if len(places) < _LEAST_PHOTOS or not isinstance(area, Polygon | MultiPolygon):
        return None
    ground = terrain or FlatTerrain(sorties[0].home.altitude_amsl_m)
    return overlap_map(area, seen_from, drone.camera, ground)
