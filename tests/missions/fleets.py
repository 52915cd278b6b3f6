"""Small fleets, days and districts for planning tests."""

from datetime import UTC, date, datetime, timedelta

from shapely import box

from geo.frames import LocalFrame
from geo.grid import Cell, Grid
from missions.fleet import Crew, Depot, Fleet, Hours
from missions.visits import Visit
from missions.windows import Day

FRAME = LocalFrame(119.95, 31.70)
DEPOT = Depot("D", 119.95, 31.70)
DOCK = Depot("D", 119.95, 31.70, launch="depot")
MORNING = datetime(2025, 6, 2, 0, tzinfo=UTC)


def crew(code="A", **figures):
    return Crew(code, "D", "sim-quad", **{"drive_speed_m_s": 10.0, **figures})


def days(count=1, hours=10.0, open_from=0.0):
    """Days of equal length whose flying hours start `open_from` hours after work does."""
    found = []
    for number in range(count):
        start = MORNING + timedelta(days=number)
        end = start + timedelta(hours=hours)
        spans = ((start + timedelta(hours=open_from), end),) if open_from < hours else ()
        found.append(Day(start.date(), (start, end), spans, "storm" if not spans else ""))
    return tuple(found)


def visit(number, place_m=None, minutes=20.0, points=0.0, urgent=False):
    place = (1000.0 * (number + 1), 0.0) if place_m is None else place_m
    return Visit(f"v{number}", f"c{number}", place, 60 * minutes, minutes / 25, points, urgent)


def squares(count, side_m=300.0, per_row=4):
    """Cells side by side, around the depot."""
    cells = []
    for n in range(count):
        x, y = side_m * (n % per_row), side_m * (n // per_row)
        shape = FRAME.to_lonlat(box(x, y, x + side_m, y + side_m))
        cells.append(Cell(f"32041200100{n:04d}", "", "", "", "", shape))
    return Grid(cells)


def fleet(*crews, depots=(DEPOT,), **hours):
    return Fleet(tuple(depots), crews or (crew(),), Hours(**hours))


FIRST = date(2025, 6, 2)
