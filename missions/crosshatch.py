"""Which sorties photograph an area twice, the second time with rows across those of the first."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from shapely import MultiPolygon, Polygon

from geo.terrain import Terrain
from missions.model import Drone, Sortie
from missions.settings import SurveySettings
from missions.survey import plan_survey


def plan_crosshatch(
    area: Polygon | MultiPolygon,
    drone: Drone,
    settings: SurveySettings | None = None,
    *,
    code: str = "crosshatch",
    cell_codes: tuple[str, ...] = (),
    terrain: Terrain | None = None,
) -> tuple[Sortie, ...]:
    """Plan two surveys of an area: in the fastest direction, or the one given, and across it.

    Walls and crops that one direction leaves in the shade of others are seen in the other, and a
    block of photos holds its shape better.

    Args:
        area: lon/lat degrees; holes are not flown over.
        drone: what flies.
        settings: overlaps, height and limits; the usual ones if None.
        code: of the first sortie `CODE-1` and so on.
        cell_codes: of the cells that the area stands for; `code` if empty.
        terrain: heights of the ground; level ground at sea level if None.

    Raises:
        MissionError: the area cannot be flown; the message says why and what to change.
        TerrainError: the terrain does not know some ground that is flown over.
    """
    settings = settings or SurveySettings()
    along = plan_survey(area, drone, settings, terrain=terrain)
    heading = (_row_heading_deg(along) + 90) % 180
    across = plan_survey(area, drone, replace(settings, row_heading_deg=heading), terrain=terrain)
    codes = cell_codes or (code,)
    return tuple(
        replace(sortie, code=f"{code}-{number}", cell_codes=codes)
        for number, sortie in enumerate((*along, *across), 1)
    )


def _row_heading_deg(sorties: Sequence[Sortie]) -> float:
    """Direction that most photos were taken along; to and fro are one, legs along edges others."""
    headings = np.array([photo.heading_deg for sortie in sorties for photo in sortie.photos])
    usual = int(np.bincount(np.round(headings).astype(int) % 180).argmax())
    off = (headings - usual + 90) % 180 - 90
    return usual + float(off[np.abs(off) < 1].mean())
