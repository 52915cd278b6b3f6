"""EDGE: write what each crew flies each day, and what nobody flies."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from itertools import pairwise
from pathlib import Path

from geo.files import replacing
from geo.grid import Cell
from missions.district import DistrictPlan
from missions.drones import drone_named
from missions.priority import Priority
from missions.schedule import Slot

COLUMNS = (
    "number", "take_off", "landing", "flight", "cell", "cell_name", "village", "officer",
    "drone", "aircraft", "battery", "battery_percent", "lon_deg", "lat_deg", "move",
    "return_height_m", "drive_km", "flight_min", "photos", "priority", "because", "file",
)  # fmt: skip
LEFT_COLUMNS = ("cell", "flight", "reason")


def write_flight_lists(
    folder: Path,
    plan: DistrictPlan,
    zone: tzinfo,
    points: Mapping[str, Priority] | None = None,
    cells: Mapping[str, Cell] | None = None,
) -> list[Path]:
    """Write one CSV file for each crew and day, and `not-flown.csv`; returns their paths.

    Args:
        folder: gets the files.
        plan: of the district.
        zone: of the times.
        points: why cells come when they do, by code.
        cells: names and officers, by code.
    """
    tours: dict[tuple[str, str], list[Slot]] = {}
    for slot in plan.schedule.slots:
        tours.setdefault((slot.day.isoformat(), slot.crew_code), []).append(slot)
    paths = []
    for (day, crew), slots in sorted(tours.items()):
        paths.append(folder / day / f"{_file_name(crew)}.csv")
        _write(paths[-1], COLUMNS, _rows(slots, plan, zone, points or {}, cells or {}))
    paths.append(folder / "not-flown.csv")
    _write(paths[-1], LEFT_COLUMNS, _left(plan))
    return paths


def _rows(
    slots: Sequence[Slot],
    plan: DistrictPlan,
    zone: tzinfo,
    points: Mapping[str, Priority],
    cells: Mapping[str, Cell],
) -> Iterable[Sequence[object]]:
    by_code = {flight.code: flight for flight in plan.flights}
    for number, (before, slot) in enumerate(pairwise([None, *slots]), 1):
        assert slot is not None  # only the one before the first is none
        flight = by_code[slot.sortie_code]
        priority = points.get(slot.cell_code)
        yield (
            number,
            slot.takeoff.astimezone(zone).isoformat(timespec="minutes"),
            slot.landing.astimezone(zone).isoformat(timespec="minutes"),
            slot.sortie_code,
            slot.cell_code,
            *_of_cell(cells.get(slot.cell_code)),
            slot.drone,
            drone_named(flight.drone_key).name,
            slot.battery,
            round(100 * flight.battery_share),
            f"{flight.home.lon_deg:.7f}",
            f"{flight.home.lat_deg:.7f}",
            _move(before, slot),
            flight.return_height_m,
            round(slot.drive_m / 1000, 2),
            round(flight.duration_s / 60, 1),
            flight.photos,
            priority.points if priority else "",
            priority.because if priority else "",
            f"sorties/{slot.cell_code}/{slot.sortie_code}.mission.json",
        )


def _of_cell(cell: Cell | None) -> tuple[str, str, str]:
    """Name, village and officer."""
    return ("", "", "") if cell is None else (cell.name, cell.village, cell.officer)


def _move(before: Slot | None, slot: Slot) -> str:
    """What the crew does between two flights over one cell that start at different places."""
    if before is None or before.cell_code != slot.cell_code or before.place_m == slot.place_m:
        return ""
    return f"move the crew {math.dist(before.place_m, slot.place_m):.0f} m within the cell"


def _left(plan: DistrictPlan) -> Iterable[Sequence[object]]:
    for refusal in plan.refused:
        yield refusal.cell_code, "", refusal.reason
    for left in plan.schedule.unassigned:
        yield left.cell_code, left.sortie_code, left.reason


def _file_name(crew: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in crew)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows(rows)
