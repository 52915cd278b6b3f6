from shapely import MultiPolygon, box

from geo.grid import Cell
from missions.drones import drone_named
from missions.plan import plan_patrol
from missions.settings import SurveySettings
from tests.missions.shapes import SQUARE, U_SHAPE, on_globe

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
