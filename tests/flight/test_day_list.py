"""The day's lists and the file of vehicles, good and bad."""

from datetime import UTC

import pytest
from shapely import box

from flight.day_list import DayListError, FleetVehicle, read_day, read_vehicles
from geo.grid import Cell, Grid
from missions.district import Request, plan_district
from missions.flight_lists import write_flight_lists
from missions.mission_json import write_sortie
from tests.flight.fleets import sortie_at
from tests.missions.fleets import FIRST, crew, fleet, squares

VEHICLES = (FleetVehicle("north", "tcp:a:1", crew="A"), FleetVehicle("B-1", "tcp:b:1"))


@pytest.fixture
def missions(tmp_path):
    for code in ("F1", "F2", "F3"):
        write_sortie(tmp_path / "missions" / code / f"{code}.mission.json", sortie_at(code, 0))
    return tmp_path / "missions"


def day(folder, name, *rows):
    path = folder / "day" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(("number,take_off,flight,drone", *rows)), encoding="utf-8-sig")
    return path.parent


def test_flights_go_to_the_vehicle_of_their_name_or_crew(tmp_path, missions):
    day(tmp_path, "A", "1,2026-06-15T09:00+08:00,F1,M3E-1", "2,2026-06-15T09:30+08:00,F2,M3E-1")
    lists = day(tmp_path, "B", "1,2026-06-15T09:00+08:00,F3,B-1")
    flights = read_day(lists, missions, VEHICLES)
    assert [(f.sortie.code, f.vehicle) for f in flights] == [
        ("F1", "north"), ("F2", "north"), ("F3", "B-1"),
    ]  # fmt: skip
    assert flights[0].take_off.isoformat() == "2026-06-15T09:00:00+08:00"


def test_two_vehicles_of_a_crew_share_its_flights(tmp_path, missions):
    two = (FleetVehicle("n1", "a", crew="A"), FleetVehicle("n2", "b", crew="A"))
    lists = day(tmp_path, "A", "1,,F1,x", "2,,F2,x", "3,,F3,x")
    assert [f.vehicle for f in read_day(lists / "A.csv", missions, two)] == ["n1", "n2", "n1"]


def test_the_lists_that_the_district_planning_writes_are_read(tmp_path):
    grid = Grid([*squares(4), Cell("bad", "", "", "", "", box(0, 0, 1e-9, 1e-9))])
    plan = plan_district(Request(grid, fleet(crew("A")), FIRST, 1, iterations=20))
    *lists, _ = write_flight_lists(tmp_path / "lists", plan, UTC)
    codes = [slot.sortie_code for slot in plan.schedule.slots]
    for code in codes:
        write_sortie(tmp_path / f"{code}.mission.json", sortie_at(code, 0))
    flights = read_day(lists[0].parent, tmp_path, (FleetVehicle("n", "l", crew="A"),))
    assert sorted(f.sortie.code for f in flights) == sorted(codes)
    assert all(flight.take_off is not None for flight in flights)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1,,F9,B-1", "no F9.mission.json among"),
        ("1,,F1,other", "no vehicle is named 'other' or has crew 'C'"),
        ("1,9 o'clock,F1,B-1", "is no time"),
        ("1,2026-06-15T09:00,F1,B-1", "no time zone"),
        ("1,,,B-1", "has no column `flight`"),
        ("1,,F1,B-1\n2,,F1,B-1", "F1 is listed twice"),
    ],
)
def test_a_list_that_cannot_be_flown_says_why(tmp_path, missions, row, words):
    with pytest.raises(DayListError, match=words):
        read_day(day(tmp_path, "C", row), missions, VEHICLES)


def test_a_folder_without_lists_is_refused(tmp_path, missions):
    (tmp_path / "day").mkdir()
    with pytest.raises(DayListError, match="no flight list"):
        read_day(tmp_path / "day", missions, VEHICLES)
    with pytest.raises(DayListError, match="cannot be read"):
        read_day(tmp_path / "none.csv", missions, VEHICLES)


def vehicles(folder, text):
    path = folder / "vehicles.toml"
    path.write_text(text)
    return path


def test_vehicles_are_read_with_their_keys_beside_them(tmp_path):
    path = vehicles(
        tmp_path,
        '[[vehicle]]\nname="a"\nlink="udp:0.0.0.0:14550"\nsystem=1\nsigning_key="key"\n'
        '[[vehicle]]\nname="b"\nlink="udp:0.0.0.0:14550"\nsystem=2\ncrew="B"\n',
    )
    assert read_vehicles(path) == (
        FleetVehicle("a", "udp:0.0.0.0:14550", 1, None, tmp_path / "key"),
        FleetVehicle("b", "udp:0.0.0.0:14550", 2, "B"),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"\[\[vehicle\]\] tables"),
        ("x = [", "cannot be read"),
        ('[[vehicle]]\nname="a"', "needs a name and a link"),
        ('[[vehicle]]\nname="a"\nlink="l"\nspeed=3', "'speed' is not known"),
        ('[[vehicle]]\nname="a"\nlink="l"\nsystem="1"', "is no int"),
        ('[[vehicle]]\nname="a"\nlink="l"\n[[vehicle]]\nname="a"\nlink="m"', "named a"),
        ('[[vehicle]]\nname="a"\nlink="l"\n[[vehicle]]\nname="b"\nlink="l"', "`system` each"),
        (
            '[[vehicle]]\nname="a"\nlink="l"\nsystem=1\n[[vehicle]]\nname="b"\nlink="l"\nsystem=1',
            "all different",
        ),
    ],
)
def test_a_file_of_vehicles_that_is_wrong_says_where(tmp_path, text, words):
    with pytest.raises(DayListError, match=words):
        read_vehicles(vehicles(tmp_path, text))
