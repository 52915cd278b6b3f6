"""Which sorties patrol a set of grid cells, and which cells cannot be flown."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pyproj import Geod
from shapely.errors import GEOSException

from geo.errors import AerogridError
from geo.grid import Cell
from geo.pose import GeoPoint
from geo.terrain import Terrain
from missions.airspace import EMPTY, Airspace
from missions.model import Drone, Sortie
from missions.safe_survey import survey_safely
from missions.settings import SurveySettings

_SAME_PLACE_M = 1.0
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A cell that no sortie was planned for, and why."""

    cell_code: str
    reason: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"cell {self.cell_code}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All sorties of a patrol, in the order of the cells, and the cells left out."""

    sorties: tuple[Sortie, ...]
    refused: tuple[Refusal, ...]

    @property
    def duration_s(self) -> float:
        """Time in the air of all sorties together."""
        return sum(sortie.duration_s for sortie in self.sorties)

    @property
    def energy_wh(self) -> float:
        """Energy of all sorties together."""
        return sum(sortie.energy_wh for sortie in self.sorties)

    @property
    def speed_limits(self) -> tuple[str, ...]:
        """What the speeds of the sorties follow from, each once."""
        return tuple(dict.fromkeys(sortie.speed_limit for sortie in self.sorties))

    @property
    def return_height_m(self) -> float | None:
        """Height above home that clears the way home of every sortie (RTL_ALT)."""
        heights = [s.return_height_m for s in self.sorties if s.return_height_m is not None]
        return max(heights, default=None)


@dataclass(frozen=True, slots=True)
class Move:
    """Where a crew takes off for a sortie, other than for the one before over the same cells."""

    before: str
    code: str
    home: GeoPoint
    away_m: float

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.code}: move the crew {self.away_m:.0f} m after {self.before}, to "
            f"{self.home.lon_deg:.6f}, {self.home.lat_deg:.6f} (lon, lat)"
        )


def moves(sorties: Sequence[Sortie]) -> tuple[Move, ...]:
    """All moves between consecutive sorties over the same cells."""
    found = []
    for before, after in pairwise(sorties):
        away_m = _GEOD.inv(
            before.home.lon_deg, before.home.lat_deg, after.home.lon_deg, after.home.lat_deg
        )[2]
        if before.cell_codes == after.cell_codes and away_m > _SAME_PLACE_M:
            found.append(Move(before.code, after.code, after.home, round(float(away_m), 1)))
    return tuple(found)


def plan_cells(
    cells: Iterable[Cell],
    plan_cell: Callable[[Cell], tuple[Sortie, ...]],
    on_cell: Callable[[Cell], None] | None = None,
) -> Plan:
    """Plan every cell; one that cannot be flown is reported and the rest planned.

    Args:
        cells: to plan.
        plan_cell: plans one; raises an `AerogridError` where that cannot be done.
        on_cell: called after each cell, for a progress bar.
    """
    sorties: list[Sortie] = []
    refused: list[Refusal] = []
    for cell in cells:
        try:
            sorties += plan_cell(cell)
        except AerogridError as error:
            refused.append(Refusal(cell.code, str(error)))
        except GEOSException as error:
            why = f"its outline defeats the geometry library ({error}); draw it again, more simply"
            refused.append(Refusal(cell.code, why))
        if on_cell is not None:
            on_cell(cell)
    return Plan(tuple(sorties), tuple(refused))


def plan_patrol(
    cells: Iterable[Cell],
    drone: Drone,
    settings: SurveySettings | None = None,
    *,
    terrain: Terrain | None = None,
    airspace: Airspace = EMPTY,
    tolerance_m: float | None = None,
    on_cell: Callable[[Cell], None] | None = None,
) -> Plan:
    """Plan and check a survey of every cell.

    Args:
        cells: to patrol.
        drone: what flies.
        settings: overlaps, height and limits; the usual ones if None.
        terrain: heights of the ground; level ground at sea level if None.
        airspace: zones and obstacles that are in force; they are flown around.
        tolerance_m: follow the terrain within this; fly at one altitude if None.
        on_cell: called after each cell, for a progress bar.
    """

    def survey(cell: Cell) -> tuple[Sortie, ...]:
        return survey_safely(
            cell.boundary,
            drone,
            settings,
            code=cell.code,
            terrain=terrain,
            airspace=airspace,
            tolerance_m=tolerance_m,
        )

    return plan_cells(cells, survey, on_cell)
