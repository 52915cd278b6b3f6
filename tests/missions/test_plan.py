import numpy as np
import pytest
from shapely import MultiPolygon, Polygon, box
from shapely.errors import GEOSException

from geo.grid import Cell
from missions.airspace import Airspace, NoFlyZone
from missions.drones import drone_named
from missions.plan import moves, plan_cells, plan_patrol
from missions.settings import SurveySettings
from missions.survey import plan_survey
from tests.missions.shapes import FRAME, SQUARE, U_SHAPE, on_globe

DRONE = drone_named("sim-quad")


def cell(code, boundary):
    return Cell(code, "", "", "", "", boundary)


GOOD = cell("1", on_globe(SQUARE))
SLIVER = cell("2", on_globe(box(0, 0, 3, 3)))
BENT = cell("3", on_globe(U_SHAPE))


def test_one_bad_cell_is_reported_and_the_rest_planned():
    plan = plan_patrol([GOOD, SLIVER, BENT], DRONE)
    assert [sortie.code for sortie in plan.sorties] == ["1-1", "3-1"]
    assert [refusal.cell_code for refusal in plan.refused] == ["2"]
    assert str(plan.refused[0]).startswith("cell 2: an area of 9.0 m2 is too small")


def test_cell_with_one_bad_part_is_left_out_as_a_whole():
    plan = plan_patrol([cell("4", MultiPolygon([GOOD.boundary, *far_sliver()]))], DRONE)
    assert plan.sorties == ()
    assert len(plan.refused) == 1


def test_a_crew_is_told_to_move_where_a_zone_hides_a_part():
    zone = NoFlyZone("canal", on_globe(box(140, -100, 160, 400)), margin_m=20.0)
    plan = plan_patrol([GOOD, BENT], DRONE, airspace=Airspace(no_fly=(zone,)))
    told = moves(plan.sorties)
    homes = {sortie.code: sortie.home for sortie in plan.sorties}
    assert told
    for move in told:
        a, b = (
            FRAME.xy_from_lonlat([(homes[c].lon_deg, homes[c].lat_deg)])[0]
            for c in (move.before, move.code)
        )
        assert move.before.split("-")[0] == move.code.split("-")[0]
        assert move.away_m == pytest.approx(float(np.hypot(*(a - b))), abs=0.2)
        assert str(move).startswith(f"{move.code}: move the crew {move.away_m:.0f} m")
    assert moves(plan_patrol([GOOD, BENT], DRONE).sorties) == ()


def far_sliver():
    return [on_globe(box(900, 0, 903, 3))]


def test_progress_is_reported_for_every_cell():
    seen = []
    plan_patrol([GOOD, SLIVER], DRONE, on_cell=lambda cell: seen.append(cell.code))
    assert seen == ["1", "2"]


def test_duration_is_the_sum():
    plan = plan_patrol([GOOD, BENT], DRONE, SurveySettings(height_agl_m=110))
    assert plan.duration_s == sum(sortie.duration_s for sortie in plan.sorties)


def test_no_cells_give_an_empty_plan():
    assert plan_patrol([], DRONE).sorties == ()


def test_cell_that_defeats_the_geometry_library_is_reported_and_the_rest_planned():
    crossing = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])

    def plan_one(cell):
        area = crossing if cell is SLIVER else cell.boundary
        return plan_survey(area.intersection(area.envelope), DRONE, code=cell.code)

    with pytest.raises(GEOSException):
        plan_one(SLIVER)
    plan = plan_cells([GOOD, SLIVER, BENT], plan_one)
    assert [sortie.code for sortie in plan.sorties] == ["1-1", "3-1"]
    (refusal,) = plan.refused
    assert str(refusal).startswith("cell 2: its outline defeats the geometry library")
