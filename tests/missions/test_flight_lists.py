import csv
from dataclasses import replace
from datetime import UTC

from shapely import box

from geo.grid import Cell, Grid
from missions.district import Request, plan_district
from missions.drones import drone_named
from missions.flight_lists import write_flight_lists
from missions.priority import Priority
from missions.schedule import Schedule
from tests.missions.fleets import FIRST, FRAME, crew, fleet, squares

BAD = Cell("bad", "", "", "", "", FRAME.to_lonlat(box(-2, -2, 0, 0)))
GRID = Grid([*squares(6), BAD])


def rows(path):
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def test_a_row_names_cell_people_aircraft_and_file(tmp_path):
    (first, *_) = squares(1)
    cell = Cell(first.code, "河东网格", "城东镇", "新街村", "王芳", first.boundary)
    plan = plan_district(Request(Grid([cell]), fleet(crew()), FIRST, 1, iterations=20))
    path, _ = write_flight_lists(tmp_path, plan, UTC, cells={cell.code: cell})
    row, *_ = rows(path)
    assert (row["cell_name"], row["village"], row["officer"]) == ("河东网格", "新街村", "王芳")
    assert row["aircraft"] == drone_named("sim-quad").name
    assert 1 <= int(row["battery_percent"]) <= 80
    assert row["file"] == f"sorties/{cell.code}/{row['flight']}.mission.json"


def test_a_crew_that_moves_within_a_cell_is_told(tmp_path):
    """The same flights, the second from 300 m farther east."""
    plan = plan_district(Request(Grid(squares(1)), fleet(crew()), FIRST, 1, iterations=20))
    slot, flight = plan.schedule.slots[0], plan.flights[0]
    x, y = slot.place_m
    later = replace(slot, sortie_code="moved", place_m=(x + 300.0, y))
    moved = replace(
        plan,
        flights=(flight, replace(flight, code="moved")),
        schedule=Schedule((slot, replace(slot, sortie_code=flight.code), later)),
    )
    path, _ = write_flight_lists(tmp_path, moved, UTC)
    told = [row["move"] for row in rows(path)]
    assert told == ["", "", "move the crew 300 m within the cell"]


def test_lists_hold_each_flight_once_and_name_what_is_not_flown(tmp_path):
    crews = (crew("队/1", batteries=2, charging="depot"), crew("B", batteries=2, charging="depot"))
    plan = plan_district(Request(GRID, fleet(*crews), FIRST, 1, iterations=20))
    points = {cell.code: Priority(5.0, False, "patrol 5.0") for cell in GRID}
    paths = write_flight_lists(tmp_path, plan, UTC, points)
    lists = [rows(path) for path in paths if path.name != "not-flown.csv"]
    flown = [row["flight"] for one in lists for row in one]
    assert sorted(flown) == sorted(slot.sortie_code for slot in plan.schedule.slots)
    assert len(flown) == 4
    for one in lists:
        assert [int(row["number"]) for row in one] == list(range(1, len(one) + 1))
        assert one == sorted(one, key=lambda row: row["take_off"])
        assert all(row["because"] == "patrol 5.0" for row in one)
    left = rows(tmp_path / "not-flown.csv")
    assert {row["cell"] for row in left} | {row["cell"] for one in lists for row in one} == {
        cell.code for cell in GRID
    }
    assert all(row["reason"] for row in left)
