"""EDGE: write the annex of a flight application: where, how high, when, with which aircraft."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from pathlib import Path

import shapely
from shapely import Polygon

from geo.errors import GeoError
from geo.files import replacing
from geo.formats import write_features
from missions.district import DistrictPlan
from missions.drones import drone_named
from missions.schedule import Slot

CSV_COLUMNS = (
    "flight", "cell", "date", "from", "to", "aircraft", "aircraft_count", "crew",
    "lowest_agl_m", "highest_agl_m", "approval", "corner", "lon_deg", "lat_deg",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One flight area of an application.

    Attributes:
        start: local time of take-off.
        area: what the aircraft stays inside, lon/lat degrees.
    """

    flight: str
    cell: str
    day: date
    start: datetime
    end: datetime
    aircraft: str
    crew: str
    lowest_agl_m: float
    highest_agl_m: float
    approval: str
    area: Polygon


def entries(
    plan: DistrictPlan, zone: tzinfo, *, approval: str | Mapping[str, str] = ""
) -> list[Entry]:
    """One entry for each scheduled flight, in order of take-off.

    Args:
        plan: of the district.
        zone: in which times are given.
        approval: number of the approval, one for all or one for each cell code.
    """
    by_code = {flight.code: flight for flight in plan.flights}
    found = []
    for slot in plan.schedule.slots:
        flight = by_code[slot.sortie_code]
        found.append(
            Entry(
                slot.sortie_code,
                slot.cell_code,
                slot.day,
                slot.takeoff.astimezone(zone),
                slot.landing.astimezone(zone),
                drone_named(flight.drone_key).name,
                slot.crew_code,
                flight.lowest_agl_m,
                flight.highest_agl_m,
                _approval(approval, slot),
                flight.fence,
            )
        )
    return found


def _approval(approval: str | Mapping[str, str], slot: Slot) -> str:
    return approval if isinstance(approval, str) else approval.get(slot.cell_code, "")


def write_annex(path: Path, found: Sequence[Entry]) -> None:
    """Write the annex as CSV (a row for each corner) or GeoJSON, by the ending of the name."""
    if path.suffix.lower() == ".csv":
        _write_csv(path, found)
    elif path.suffix.lower() in (".geojson", ".json", ".gpkg"):
        write_features(path, "annex", [_record(entry) for entry in found], fields=_FIELDS)
    else:
        raise GeoError(f"{path}: an annex is written as .csv, .geojson or .gpkg")


_FIELDS = CSV_COLUMNS[: CSV_COLUMNS.index("corner")]


def _record(entry: Entry) -> dict[str, object]:
    return {**dict(zip(_FIELDS, _values(entry), strict=True)), "geometry": entry.area}


def _values(entry: Entry) -> list[object]:
    return [
        entry.flight,
        entry.cell,
        entry.day.isoformat(),
        entry.start.isoformat(timespec="minutes"),
        entry.end.isoformat(timespec="minutes"),
        entry.aircraft,
        1,
        entry.crew,
        entry.lowest_agl_m,
        entry.highest_agl_m,
        entry.approval,
    ]


def _write_csv(path: Path, found: Sequence[Entry]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(CSV_COLUMNS)
        for entry in found:
            corners = shapely.get_coordinates(entry.area.exterior)[:-1]
            for number, (lon, lat) in enumerate(corners.tolist(), 1):
                rows.writerow([*_values(entry), number, f"{lon:.7f}", f"{lat:.7f}"])
