"""Which sorties patrol a set of grid cells, and which cells cannot be flown."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from geo.errors import AerogridError
from geo.grid import Cell
from geo.terrain import Terrain
from missions.model import Drone, Sortie
from missions.settings import SurveySettings
from missions.survey import plan_survey


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


def plan_patrol(
    cells: Iterable[Cell],
    drone: Drone,
    settings: SurveySettings | None = None,
    *,
    terrain: Terrain | None = None,
    on_cell: Callable[[Cell], None] | None = None,
) -> Plan:
    """Plan every cell; one that cannot be flown is reported and the rest planned.

    Args:
        cells: to patrol.
        drone: what flies.
        settings: overlaps, height and limits; the usual ones if None.
        terrain: heights of the ground; level ground at sea level if None.
        on_cell: called after each cell, for a progress bar.
    """
    sorties: list[Sortie] = []
    refused: list[Refusal] = []
    for cell in cells:
        try:
            sorties += plan_survey(cell.boundary, drone, settings, code=cell.code, terrain=terrain)
        except AerogridError as error:
            refused.append(Refusal(cell.code, str(error)))
        if on_cell is not None:
            on_cell(cell)
    return Plan(tuple(sorties), tuple(refused))
