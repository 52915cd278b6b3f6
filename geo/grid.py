"""Which grid cell is a place in, and which cells does an area touch."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from shapely import MultiPolygon, Point, Polygon, STRtree

from geo.errors import GridError
from geo.frames import LocalFrame

_LEAST_SHARE = 1e-6  # straight edges differ this much between degrees and metres


@dataclass(frozen=True, slots=True)
class Cell:
    """A unit of responsibility.

    Attributes:
        code: identifies the cell in the whole district; text, leading zeros count.
        officer: who answers for the cell; empty where the file does not say.
        boundary: valid, lon/lat degrees.
    """

    code: str
    name: str
    town: str
    village: str
    officer: str
    boundary: Polygon | MultiPolygon

    def __post_init__(self) -> None:
        """Refuse a cell without a code or without an area."""
        if not self.code:
            raise ValueError("code must not be empty")
        if self.boundary.is_empty or not self.boundary.is_valid:
            raise ValueError(f"boundary of cell {self.code} must be a valid, non-empty polygon")


@dataclass(frozen=True, slots=True)
class GridProblem:
    """What was wrong with one feature of a grid file and what was done about it.

    Attributes:
        feature: running number in the file, from 1.
        code: empty where the feature has none.
        action: refused features are not in the grid; kept ones are, unchanged.
    """

    feature: int
    code: str
    what: str
    action: Literal["repaired", "refused", "kept"]

    def __str__(self) -> str:
        """Say it in one line."""
        name = f" (code {self.code})" if self.code else ""
        return f"feature {self.feature}{name}: {self.what}; {self.action}"


class Grid:
    """The cells of a district, found by place."""

    def __init__(self, cells: Iterable[Cell], problems: Iterable[GridProblem] = ()) -> None:
        """Index the cells; a code that occurs twice is a GridError."""
        self.cells = tuple(cells)
        self.problems = tuple(problems)
        repeated = repeated_codes(cell.code for cell in self.cells)
        if repeated:
            raise GridError(
                f"grid codes occur more than once: {', '.join(repeated)}. "
                "Each cell needs its own code; correct the file."
            )
        self._tree = STRtree([cell.boundary for cell in self.cells])
        self._by_code = {cell.code: cell for cell in self.cells}

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells)

    def cell(self, code: str) -> Cell:
        """Look a cell up by its code; GridError when there is none."""
        try:
            return self._by_code[code]
        except KeyError:
            raise GridError(
                f"no cell has the code {code!r}; the grid has {len(self)} cells, "
                f"for example {', '.join(list(self._by_code)[:3]) or 'none'}"
            ) from None

    def cell_at(self, lon_deg: float, lat_deg: float) -> Cell | None:
        """Find the cell that contains a place; on a shared border the lowest code."""
        found = self._tree.query(Point(lon_deg, lat_deg), predicate="intersects")
        return min((self.cells[i] for i in found), key=lambda cell: cell.code, default=None)

    def shares(self, area: Polygon | MultiPolygon) -> list[tuple[Cell, float]]:
        """Cells that an area in lon/lat touches with the share of its ground, largest first."""
        if area.is_empty:
            return []
        frame = LocalFrame.around(area)
        ground = frame.to_local(area)
        found = [self.cells[i] for i in self._tree.query(area, predicate="intersects")]
        shares = [
            (cell, frame.to_local(cell.boundary).intersection(ground).area / ground.area)
            for cell in found
        ]
        touched = [(cell, float(share)) for cell, share in shares if share > _LEAST_SHARE]
        return sorted(touched, key=lambda pair: (-pair[1], pair[0].code))

    def frame(self) -> LocalFrame:
        """Make the local frame around all cells."""
        if not self.cells:
            raise GridError("a grid without cells has no place on earth")
        bounds = np.array([cell.boundary.bounds for cell in self.cells])
        west, south = bounds[:, 0].min(), bounds[:, 1].min()
        east, north = bounds[:, 2].max(), bounds[:, 3].max()
        return LocalFrame(float(west + east) / 2, float(south + north) / 2)


def repeated_codes(codes: Iterable[str]) -> list[str]:
    """Codes that occur more than once, sorted."""
    return sorted(code for code, count in Counter(codes).items() if count > 1)
