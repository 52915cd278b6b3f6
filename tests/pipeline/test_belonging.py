"""Grid cells, zones and ground heights of another place are refused, not silently useless."""

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from pyproj import CRS
from shapely import Polygon, box

from cases.zones import NO_ZONES, Zones, box_around
from geo.grid import Cell, Grid
from geo.pose import Attitude, GeoPoint, Pose
from geo.terrain import RasterTerrain
from pipeline.belonging import check_places
from pipeline.errors import PipelineError
from pipeline.inputs import Inputs
from vision.model import Frame

INPUTS = Inputs(Path("photos"), Path("cells.gpkg"), Path("zones.gpkg"), Path("dem.tif"))
HERE = box(120.0, 32.0, 120.01, 32.01)
ELSEWHERE = box(123.0, 35.0, 123.01, 35.01)


def photo(lon_deg: float, lat_deg: float) -> Frame:
    pose = Pose(GeoPoint(lon_deg, lat_deg, 100.0), Attitude(0.0, -90.0))
    return Frame("a", "a.jpg", "", 9, 9, None, None, pose, None)


INSIDE, BESIDE = photo(120.005, 32.005), photo(120.018, 32.005)  # 750 m east of the border


def grid(*boundaries: Polygon) -> Grid:
    return Grid([Cell(f"c{n}", "", "", "", "", part) for n, part in enumerate(boundaries)])


def check(
    *frames: Frame, grid: Grid | None = None, zones: Zones | None = None, dem: Polygon | None = None
) -> list[str]:
    terrain = None
    if dem is not None:
        west, _, _, north = dem.bounds
        values = np.zeros((9, 9), np.float32)
        terrain = RasterTerrain(values, Affine(0.01, 0, west, 0, -0.01, north), CRS(4326))
    return check_places(INPUTS, terrain, grid, zones, frames)


def test_files_of_the_same_place_need_no_words() -> None:
    assert check(INSIDE, grid=grid(HERE), zones=Zones({"farmland": [HERE]}), dem=HERE) == []
    assert check(grid=grid(ELSEWHERE), zones=Zones({"farmland": [ELSEWHERE]})) == []  # no place


def test_cells_of_another_place_are_refused() -> None:
    with pytest.raises(PipelineError, match=r"cells\.gpkg: its grid cells lie .*CRS"):
        check(INSIDE, BESIDE, grid=grid(ELSEWHERE))


def test_photos_outside_every_cell_are_counted() -> None:
    (said,) = check(INSIDE, BESIDE, BESIDE, grid=grid(HERE, ELSEWHERE))
    assert "2 of 3 photos with a place were taken outside every cell" in said


def test_zones_of_another_place_are_refused() -> None:
    with pytest.raises(PipelineError, match=r"zones\.gpkg: its zones lie .*\(123.*CRS"):
        check(INSIDE, zones=Zones({"farmland": [ELSEWHERE], "permitted": []}))


def test_photos_off_the_zones_are_counted() -> None:
    (said,) = check(INSIDE, BESIDE, zones=Zones({"farmland": [HERE]}))
    assert "1 of 2 photos with a place were taken off the ground that the zones cover" in said


def test_one_layer_of_another_place_is_told() -> None:
    (said,) = check(INSIDE, zones=Zones({"farmland": [HERE], "permitted": [ELSEWHERE]}))
    assert "nothing of permitted lies within 50 km" in said


def test_zones_known_to_be_nowhere_are_of_every_place() -> None:
    assert check(INSIDE, zones=Zones({"farmland": []})) == []
    assert check(INSIDE, zones=NO_ZONES) == []


def test_terrain_of_another_place_is_refused() -> None:
    with pytest.raises(PipelineError, match=r"dem\.tif: none of the 1 photos with a pose lies on"):
        check(INSIDE, dem=ELSEWHERE)


def test_a_photo_far_off_by_mistake_does_not_hide_that_the_others_are_elsewhere() -> None:
    with pytest.raises(PipelineError, match="its grid cells lie"):
        check(INSIDE, photo(0.0, 0.0), grid=grid(box_around(ELSEWHERE, 100.0)))
