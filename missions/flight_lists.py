"""EDGE: write what each crew flies each day, and what nobody flies."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path

from geo.files import replacing
from missions.district import DistrictPlan
from missions.priority import Priority
from missions.schedule import Slot

COLUMNS = (
    "number", "take_off", "landing", "flight", "cell", "drone", "battery", "lon_deg", "lat_deg",
    "return_height_m", "drive_km", "flight_min", "photos", "priority", "because",
)  # fmt: skip
LEFT_COLUMNS = ("cell", "flight", "reason")


def write_flight_lists(
    folder: Path,
    plan: DistrictPlan,
    zone: tzinfo,
    points: Mapping[str, Priority] | None = None,
) -> list[Path]:
    """Write one CSV file for each crew and day, and `not-flown.csv`; returns their paths."""
    tours: dict[tuple[str, str], list[Slot]] = {}
    for slot in plan.schedule.slots:
        tours.setdefault((slot.day.isoformat(), slot.crew_code), []).append(slot)
    paths = []
    for (day, crew), slots in sorted(tours.items()):
        paths.append(folder / day / f"{_file_name(crew)}.csv")
        _write(paths[-1], COLUMNS, _rows(slots, plan, zone, points or {}))
    paths.append(folder / "not-flown.csv")
    _write(paths[-1], LEFT_COLUMNS, _left(plan))
    return paths


def _rows(
    slots: Sequence[Slot], plan: DistrictPlan, zone: tzinfo, points: Mapping[str, Priority]
) -> Iterable[Sequence[object]]:
    by_code = {flight.code: flight for flight in plan.flights}
    for number, slot in enumerate(slots, 1):
        flight = by_code[slot.sortie_code]
        priority = points.get(slot.cell_code)
        yield (
            number,
            slot.takeoff.astimezone(zone).isoformat(timespec="minutes"),
            slot.landing.astimezone(zone).isoformat(timespec="minutes"),
            slot.sortie_code,
            slot.cell_code,
            slot.drone,
            slot.battery,
            f"{flight.home.lon_deg:.7f}",
            f"{flight.home.lat_deg:.7f}",
            flight.return_height_m,
            round(slot.drive_m / 1000, 2),
            round(flight.duration_s / 60, 1),
            flight.photos,
            priority.points if priority else "",
            priority.because if priority else "",
        )


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
