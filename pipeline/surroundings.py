"""EDGE: what the photos of a patrol are held against: cells, zones, ground and rules."""

from dataclasses import dataclass
from pathlib import Path

from cases.rule_files import load_rulebook
from cases.rules import Rulebook
from cases.zone_files import read_zones
from cases.zones import NO_ZONES, Zones
from geo.formats import read_grid
from geo.grid import Grid
from geo.terrain import Terrain
from pipeline.ground import known_terrain
from pipeline.inputs import Inputs
from pipeline.settings import Grids, Settings


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What photos are held against; it stays the same however many of them come.

    Attributes:
        terrain: that was given; None where only the photos tell of the ground.
        grid: the district's cells; None where none were given.
    """

    terrain: Terrain | None
    grid: Grid | None
    zones: Zones
    rulebook: Rulebook


def read_surroundings(inputs: Inputs, settings: Settings) -> Surroundings:
    """Read everything that the photos of a patrol are held against.

    Raises:
        AerogridError: a file cannot be used.
    """
    return Surroundings(
        terrain=known_terrain(inputs, settings),
        grid=None if inputs.cells is None else read_cells(inputs.cells, settings.grids),
        zones=NO_ZONES if inputs.zones is None else read_zones(inputs.zones),
        rulebook=rulebook_for(settings, inputs),
    )


def read_cells(path: Path, settings: Grids) -> Grid:
    """Read the district's grid as the settings say."""
    return read_grid(
        path,
        fields=settings.fields,
        code_pattern=settings.code_pattern or None,
        encoding=settings.encoding,
        crs=settings.crs,
        layer=settings.layer,
    )


def rulebook_for(settings: Settings, inputs: Inputs) -> Rulebook:
    """Load the rules of a patrol; without grid cells no rule asks for one."""
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    return rulebook.without_grid() if inputs.cells is None else rulebook
