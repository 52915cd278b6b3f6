"""The values a simulated district is made of; all geometry in local metres."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon
from shapely.affinity import rotate, translate

from geo.frames import LocalFrame
from geo.grid import Cell

WayKind = Literal["main", "lane", "track", "canal", "river"]
BuildingKind = Literal["house", "shed", "hall"]
PatchKind = Literal["yard", "works", "grass", "garden", "earth"]
Crop = Literal["wheat", "stubble", "ploughed", "vegetables", "paddy", "rape", "fallow"]


def rectangle(x_m: float, y_m: float, length_m: float, width_m: float, angle_deg: float) -> Polygon:
    """Make a rectangle around a place, its length turned counter-clockwise from east."""
    a, b = length_m / 2, width_m / 2
    flat = Polygon([(-a, -b), (a, -b), (a, b), (-a, b)])
    return translate(rotate(flat, angle_deg, origin=(0, 0)), x_m, y_m)


@dataclass(frozen=True, slots=True)
class Relief:
    """Bare ground above mean sea level as a grid of points; row 0 is the south.

    Attributes:
        heights_amsl_m: (rows, columns) float32.
    """

    west_m: float
    south_m: float
    step_m: float
    heights_amsl_m: NDArray[np.float32]

    def height_at(self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Interpolate bilinearly; outside the grid its edge goes on."""
        rows, columns = self.heights_amsl_m.shape
        u = np.clip((np.asarray(x_m) - self.west_m) / self.step_m, 0, columns - 1.001)
        v = np.clip((np.asarray(y_m) - self.south_m) / self.step_m, 0, rows - 1.001)
        i, j = u.astype(int), v.astype(int)
        p, q, z = u - i, v - j, self.heights_amsl_m
        south = z[j, i] * (1 - p) + z[j, i + 1] * p
        north = z[j + 1, i] * (1 - p) + z[j + 1, i + 1] * p
        return np.asarray(south * (1 - q) + north * q, np.float64)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One field with one crop."""

    polygon: Polygon
    crop: Crop
    row_deg: float
    seed: int


@dataclass(frozen=True, slots=True)
class Building:
    """A finished building on a rectangle."""

    x_m: float
    y_m: float
    length_m: float
    width_m: float
    angle_deg: float
    eaves_m: float
    kind: BuildingKind
    seed: int

    @property
    def footprint(self) -> Polygon:
        """Where its outer walls stand."""
        return rectangle(self.x_m, self.y_m, self.length_m, self.width_m, self.angle_deg)


@dataclass(frozen=True, slots=True)
class Pond:
    """Standing water; fishing is forbidden on closed water."""

    polygon: Polygon
    closed: bool
    name: str
    seed: int


@dataclass(frozen=True, slots=True)
class Way:
    """A road, track or watercourse along a line."""

    line: LineString
    width_m: float
    kind: WayKind


@dataclass(frozen=True, slots=True)
class Patch:
    """A piece of ground with one surface."""

    polygon: Polygon
    kind: PatchKind
    seed: int


@dataclass(frozen=True, slots=True)
class Tree:
    """A crown of leaves."""

    x_m: float
    y_m: float
    radius_m: float
    height_m: float
    seed: int


@dataclass(frozen=True, slots=True)
class Car:
    """A parked or driving car."""

    x_m: float
    y_m: float
    angle_deg: float
    seed: int


@dataclass(frozen=True, slots=True)
class Works:
    """A factory: its zone, and where its chimneys and steam vents stand."""

    zone: Polygon
    chimneys_m: tuple[tuple[float, float], ...]
    vents_m: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class DistrictCell:
    """A grid cell with its boundary in local metres."""

    code: str
    name: str
    town: str
    village: str
    officer: str
    boundary: Polygon


@dataclass(frozen=True)
class District:
    """Everything that stands in a simulated district before anything is planted."""

    seed: int
    frame: LocalFrame
    relief: Relief
    cells: tuple[DistrictCell, ...]
    patrol_codes: tuple[str, ...]
    parcels: tuple[Parcel, ...]
    ponds: tuple[Pond, ...]
    ways: tuple[Way, ...]
    patches: tuple[Patch, ...]
    buildings: tuple[Building, ...]
    trees: tuple[Tree, ...]
    cars: tuple[Car, ...]
    works: tuple[Works, ...]
    wind_toward_deg: float
    zones: dict[str, MultiPolygon] = field(default_factory=dict)

    @cached_property
    def grid_cells(self) -> tuple[Cell, ...]:
        """The cells as the product knows them, boundaries in lon/lat degrees."""
        return tuple(
            Cell(c.code, c.name, c.town, c.village, c.officer, self._lonlat(c.boundary))
            for c in self.cells
        )

    def _lonlat(self, boundary: Polygon) -> Polygon:
        geometry = self.frame.to_lonlat(boundary)
        assert isinstance(geometry, Polygon)
        return geometry

    def cell(self, code: str) -> DistrictCell:
        """Return the cell with a code."""
        for cell in self.cells:
            if cell.code == code:
                return cell
        raise ValueError(f"no cell has code {code!r}; there are {len(self.cells)} cells")
