"""Which flights close the gaps that photos have left in cells?"""

from collections.abc import Sequence
from dataclasses import replace

from geo.frames import LocalFrame
from geo.grid import Cell
from geo.pose import Pose
from geo.terrain import Terrain
from missions.airspace import Airspace
from missions.model import Drone, Sortie
from missions.plan import Plan, plan_cells
from missions.refly import plan_refly
from missions.safe_survey import safely, ways_home
from missions.settings import SurveySettings
from missions.usable import usable_area


def plan_gaps(
    cells: Sequence[Cell],
    flown: Sequence[Pose],
    drone: Drone,
    settings: SurveySettings,
    *,
    photos: int,
    terrain: Terrain | None,
    airspace: Airspace,
) -> Plan:
    """Plan surveys of what of each cell is in fewer photos; what is not safe is refused.

    Args:
        cells: that should have been seen.
        flown: where photos were taken.
        drone: what flies now; its camera is taken to have made the flown photos, too.
        settings: overlaps, height and limits.
        photos: that each place should be in.
        terrain: heights of the ground; level ground at sea level if None.
        airspace: zones and obstacles that are in force.
    """

    def plan(cell: Cell) -> tuple[Sortie, ...]:
        frame = LocalFrame.around(cell.boundary)
        area = usable_area(cell.boundary, airspace, frame)
        around = ways_home(cell.boundary, airspace, frame, settings)
        code = f"{cell.code}-refly"

        def close_gaps(flies: Drone) -> list[Sortie]:
            found = plan_refly(
                area, flown, flies, settings, photos=photos, code=code, terrain=terrain,
                around=around,
            )  # fmt: skip
            return [replace(sortie, cell_codes=(cell.code,)) for sortie in found]

        return safely(close_gaps, drone, settings, terrain=terrain, airspace=airspace)

    return plan_cells(cells, plan)
