from dataclasses import replace

import pytest
from shapely import box

from geo.grid import Cell, Grid
from missions.airspace import Airspace, NoFlyZone
from missions.batch import Tools
from missions.district import Request, orders_of, plan_district
from missions.errors import MissionError
from missions.fleet import Crew, Depot
from missions.priority import Priority
from missions.settings import SurveySettings
from missions.survey import plan_survey
from tests.missions.fleets import DEPOT, DOCK, FIRST, FRAME, crew, fleet, squares

GRID = squares(8)
REQUEST = Request(GRID, fleet(), FIRST, 2, iterations=50)


@pytest.fixture(scope="module")
def plan():
    return plan_district(REQUEST)


def test_every_flight_is_flown_once(plan):
    assert sorted(slot.sortie_code for slot in plan.schedule.slots) == sorted(
        flight.code for flight in plan.flights
    )
    assert {flight.cell_code for flight in plan.flights} == {cell.code for cell in GRID}


def test_two_processes_plan_the_same(plan):
    assert plan_district(REQUEST, workers=2) == plan


def test_bad_cell_is_reported_and_the_rest_is_flown():
    bad = Cell("bad", "", "", "", "", FRAME.to_lonlat(box(-2, -2, 0, 0)))
    found = plan_district(replace(REQUEST, grid=Grid([*GRID, bad])))
    assert [refusal.cell_code for refusal in found.refused] == ["bad"]
    assert len(found.schedule.slots) == len(found.flights) >= 8


def test_cell_that_must_not_be_flown_over_is_reported_and_the_rest_is_flown():
    closed = next(cell for cell in GRID if cell.code.endswith("3"))
    zone = NoFlyZone("barracks", closed.boundary)
    found = plan_district(REQUEST, Tools(airspace=Airspace(no_fly=(zone,))))
    assert {slot.cell_code for slot in found.schedule.slots} == {
        cell.code for cell in GRID if cell is not closed
    }
    assert "barracks" in str(found.refused[0])


def test_cells_go_to_the_depot_that_is_near():
    far_m = FRAME.lonlat_from_xy(
        FRAME.xy_from_lonlat(REQUEST.grid.cells[0].boundary.centroid.coords)
    )
    near = Depot("N", float(far_m[0, 0]), float(far_m[0, 1]))
    away = Depot("F", 120.5, 31.7)
    both = fleet(Crew("A", "N", "sim-quad"), Crew("B", "F", "sim-quad"), depots=(near, away))
    found = plan_district(replace(REQUEST, fleet=both))
    assert set(found.depot_of.values()) == {"N"}


def test_from_a_dock_all_flights_start_there_and_nobody_drives():
    dock = fleet(crew(drones=3, pilots=3), depots=(DOCK,))
    found = plan_district(replace(REQUEST, fleet=dock))
    assert {(f.home.lon_deg, f.home.lat_deg) for f in found.flights} == {
        (DEPOT.lon_deg, DEPOT.lat_deg)
    }
    assert sum(slot.drive_m for slot in found.schedule.slots) == 0


def test_urgent_cell_is_flown_on_the_first_day():
    last = GRID.cells[-1].code
    short = fleet(work_to=REQUEST.fleet.hours.work_from.replace(hour=10))
    points = {last: Priority(90.0, True, "tips 90.0")}
    found = plan_district(replace(REQUEST, fleet=short, points=points))
    days = {slot.cell_code: slot.day for slot in found.schedule.slots}
    assert days[last] == FIRST
    assert len(set(days.values())) == 2


def test_given_row_direction_is_kept():
    found = replace(REQUEST, settings=SurveySettings(row_heading_deg=17.0))
    assert plan_district(found).flights != plan_district(REQUEST).flights


def test_blocks_of_one_cell_are_planned_like_single_cells(drone):
    found = plan_district(replace(REQUEST, grid=Grid(GRID.cells[:2]), block_cells=1))
    alone = [s for cell in GRID.cells[:2] for s in plan_survey(cell.boundary, drone)]
    assert [f.duration_s for f in found.flights] == [sortie.duration_s for sortie in alone]


def test_orders_can_be_had_again_for_comparison(plan):
    (order,) = orders_of(REQUEST, plan)
    assert {visit.code for visit in order.visits} == {flight.code for flight in plan.flights}


def test_a_district_without_cells_is_refused():
    with pytest.raises(MissionError, match="no cells"):
        replace(REQUEST, grid=Grid([]))
