"""Do grid cells, zones and ground heights lie where the photos were taken?"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from cases.rules import Rulebook
from cases.zones import FAR_M, Zones, box_around
from geo.grid import Grid
from geo.terrain import Terrain
from pipeline.errors import PipelineError
from pipeline.ground import places_of
from pipeline.inputs import Inputs
from vision.model import Frame

REACH_M = 1000.0
"""How far from a photo's place something may lie that the photo can show."""


def refuse_unknown_layers(path: Path, zones: Zones, rulebook: Rulebook) -> None:
    """Refuse zones of which no rule can make use: their layers have other names."""
    if not rulebook.layers.isdisjoint(zones.layers):
        return
    raise PipelineError(
        f"{path}: no rule knows its layers ({', '.join(zones.layers)}). Name them as the rules do: "
        f"{', '.join(sorted(rulebook.layers))}."
    )


def check_places(
    inputs: Inputs,
    terrain: Terrain | None,
    grid: Grid | None,
    zones: Zones | None,
    frames: Sequence[Frame],
) -> list[str]:
    """Refuse files of another place; return what else should be known of their places."""
    _refuse_terrain_elsewhere(inputs.dem, terrain, frames)
    notes = []
    if inputs.cells is not None and grid is not None:
        notes += _check_cells(inputs.cells, grid, frames)
    if inputs.zones is not None and zones is not None:
        notes += _check_zones(inputs.zones, zones, frames)
    return notes


def _refuse_terrain_elsewhere(
    path: Path | None, terrain: Terrain | None, frames: Sequence[Frame]
) -> None:
    """Refuse a DEM that none of the photos lies on, before they are searched."""
    places = places_of(frames)
    if terrain is None or not places:
        return
    if not np.isfinite(terrain.altitudes_amsl_m(np.array(places))).any():
        raise PipelineError(
            f"{path}: none of the {len(places)} photos with a pose lies on it; {_where(places)}. "
            "Give a DEM of that place, or none for level ground."
        )


def _check_cells(path: Path, grid: Grid, frames: Sequence[Frame]) -> list[str]:
    """Refuse cells of another place; say how many photos were taken outside every cell.

    Raises:
        PipelineError: no cell lies within `REACH_M` of any photo.
    """
    grounds = _grounds(frames)
    if not grounds:
        return []
    tree = shapely.STRtree([cell.boundary for cell in grid])
    if not len(tree.query(_around(grounds, REACH_M), predicate="intersects")[0]):
        bounds = shapely.total_bounds([cell.boundary for cell in grid]).tolist()
        raise _elsewhere(path, "grid cells lie", bounds, grounds)
    inside = set(tree.query(grounds, predicate="intersects")[0].tolist())
    outside = len(grounds) - len(inside)
    if not outside:
        return []
    return [
        f"{path}: {outside} of {len(grounds)} photos with a place were taken outside every cell; "
        "a rule that asks for a cell makes no case of what lies there"
    ]


def _check_zones(path: Path, zones: Zones, frames: Sequence[Frame]) -> list[str]:
    """Refuse zones of another place; say how many photos lie off them, and which layer far away.

    Raises:
        PipelineError: no photo was taken within `REACH_M` of the ground that the zones cover.
    """
    grounds, extent = _grounds(frames), zones.extent
    if not grounds or extent is None:
        return []
    if not any(zones.covers(around) for around in _around(grounds, REACH_M)):
        raise _elsewhere(path, "zones lie", extent.bounds, grounds)
    notes = []
    off = sum(not zones.covers(ground) for ground in grounds)
    if off:
        notes.append(
            f"{path}: {off} of {len(grounds)} photos with a place were taken off the ground that "
            "the zones cover; what lies there is to check"
        )
    near = shapely.unary_union(_around(grounds, FAR_M))
    far = [
        name
        for name, polygons in zones.layers.items()
        if polygons and not shapely.intersects(list(polygons), near).any()
    ]
    if far:
        listed = ", ".join(far)
        notes.append(f"{path}: nothing of {listed} lies within {FAR_M / 1000:.0f} km of the photos")
    return notes


def _grounds(frames: Sequence[Frame]) -> list[BaseGeometry]:
    """Where each photo was taken, lon/lat; of an orthophoto what it shows."""
    placed = [f.placement.outline(f.width_px, f.height_px) for f in frames if f.placement]
    return [*(shapely.Point(place) for place in places_of(frames)), *placed]


def _around(grounds: Sequence[BaseGeometry], reach_m: float) -> list[Polygon]:
    return [box_around(ground, reach_m) for ground in grounds]


def _elsewhere(
    path: Path, what: str, bounds: Sequence[float], grounds: Sequence[BaseGeometry]
) -> PipelineError:
    west, south, east, north = bounds
    corners = shapely.get_coordinates(grounds).tolist()
    return PipelineError(
        f"{path}: its {what} from ({west:.5f}, {south:.5f}) to ({east:.5f}, {north:.5f}) lon/lat, "
        f"none of the photos within {REACH_M:.0f} m of them; {_where(corners)}. Give a file of "
        "that place, or look whether its CRS is named rightly."
    )


def _where(places: Sequence[Sequence[float]]) -> str:
    """Say where photos lie."""
    west, south = np.min(np.array(places), axis=0)
    east, north = np.max(np.array(places), axis=0)
    return f"they lie from ({west:.5f}, {south:.5f}) to ({east:.5f}, {north:.5f}) lon/lat"
