"""EDGE: read depots, fleet, weather, cell histories and tips from files."""

import csv
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from shapely import Point

from geo.errors import AerogridError
from geo.formats import Feature, read_features
from missions.errors import MissionError
from missions.fleet import Crew, Depot, Fleet, Hours
from missions.priority import History, Season, Tip, Weights
from missions.windows import Weather, zone_of

_Value = TypeVar("_Value")
_TABLES = ("hours", "crew", "season", "priority")


@dataclass(frozen=True, slots=True)
class FleetFile:
    """All that a fleet file says."""

    fleet: Fleet
    seasons: tuple[Season, ...]
    weights: Weights


def read_depots(path: Path) -> tuple[Depot, ...]:
    """Read depots from points of a GeoJSON or GeoPackage.

    Columns: `code` (or `name`), and `launch` ("cell" or "depot"; "cell" where it is missing).
    """
    depots = tuple(
        _made(f"{path}: feature {feature.number}", _depot, feature)
        for feature in read_features(path)
    )
    if not depots:
        raise MissionError(f"{path}: has no depots; draw at least one point")
    return depots


def _depot(feature: Feature) -> Depot:
    place = feature.geometry
    if not isinstance(place, Point) or place.is_empty:
        raise MissionError("is no point; a depot is one place")
    said = {name.lower(): value for name, value in feature.properties.items()}
    code = said.get("code") or said.get("name") or ""
    return Depot(str(code), place.x, place.y, said.get("launch") or "cell")


def read_fleet(path: Path, depots: Sequence[Depot]) -> FleetFile:
    """Read hours, crews, seasons and weights of priority from a TOML file.

    Tables: [hours] and [priority] with the fields of `Hours` and `Weights`, [[crew]] with those of
    `Crew`, [[season]] with name, from and to (MM-DD), points and cells.
    """
    said = _toml(path)
    unknown = sorted(set(said) - set(_TABLES))
    if unknown:
        raise MissionError(f"{path}: [{unknown[0]}] is not known; allowed are {', '.join(_TABLES)}")
    crews = tuple(
        _record(f"{path}: [[crew]] {number}", Crew, record)
        for number, record in enumerate(said.get("crew", []), 1)
    )
    hours = _record(f"{path}: [hours]", Hours, said.get("hours", {}))
    zone_of(hours)
    return FleetFile(
        _made(str(path), Fleet, tuple(depots), crews, hours),
        tuple(
            _made(f"{path}: [[season]] {number}", _season, record)
            for number, record in enumerate(said.get("season", []), 1)
        ),
        _record(f"{path}: [priority]", Weights, said.get("priority", {})),
    )


def read_weather(path: Path, hours: Hours) -> tuple[Weather, ...]:
    """Read weather windows from a CSV file or from [[window]] tables of a TOML file.

    Columns: from, to (ISO 8601, local to the fleet's time zone where none is given), wind_m_s,
    rain_mm_h, closed (yes or no), reason; all but the first two may be missing.
    """
    if path.suffix.lower() == ".toml":
        rows: list[Mapping[str, Any]] = _toml(path).get("window", [])
    else:
        rows = list(_csv(path, ("from", "to")))
    return tuple(
        _made(f"{path}: window {number}", _weather, row, hours)
        for number, row in enumerate(rows, 1)
    )


def read_histories(path: Path) -> dict[str, History]:
    """Read a CSV file with code, last_patrol (ISO date), open_cases, overdue_cases."""
    found: dict[str, History] = {}
    for number, row in enumerate(_csv(path, ("code",)), 1):
        found[row["code"]] = _made(f"{path}: row {number}", _history, row)
    return found


def read_tips(path: Path, hours: Hours) -> tuple[Tip, ...]:
    """Read hotline tickets from a CSV file with time (ISO 8601), lon, lat and maybe text."""
    return tuple(
        _made(f"{path}: row {number}", _tip, row, hours)
        for number, row in enumerate(_csv(path, ("time", "lon", "lat")), 1)
    )


def _tip(row: Mapping[str, str], hours: Hours) -> Tip:
    moment = _moment(row["time"], hours)
    return Tip(moment, float(row["lon"]), float(row["lat"]), row.get("text") or "")


def _history(row: Mapping[str, str]) -> History:
    last = row.get("last_patrol") or ""
    return History(
        date.fromisoformat(last) if last else None,
        int(row.get("open_cases") or 0),
        int(row.get("overdue_cases") or 0),
    )


def _weather(row: Mapping[str, Any], hours: Hours) -> Weather:
    return Weather(
        _moment(row["from"], hours),
        _moment(row["to"], hours),
        float(row.get("wind_m_s") or 0),
        float(row.get("rain_mm_h") or 0),
        _truth(row.get("closed")),
        str(row.get("reason") or ""),
    )


def _truth(value: Any) -> bool:
    text = str(value if value is not None else "").strip().lower()
    if text in ("yes", "true", "1"):
        return True
    if text in ("", "no", "false", "0"):
        return False
    raise ValueError(f"closed is {value!r}; write yes or no")


def _moment(value: Any, hours: Hours) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone_of(hours))


def _season(record: Mapping[str, Any]) -> Season:
    allowed = ("name", "from", "to", "points", "cells")
    for name in record:
        if name not in allowed:
            raise MissionError(f"{name} is not known; allowed are {', '.join(allowed)}")
    return Season(
        str(record["name"]),
        _month_day(record["from"]),
        _month_day(record["to"]),
        float(record["points"]),
        frozenset(str(code) for code in record.get("cells", [])),
    )


def _month_day(text: str) -> tuple[int, int]:
    month, _, day = str(text).partition("-")
    return int(month), int(day)


def _record(where: str, kind: type[_Value], said: Mapping[str, Any]) -> _Value:
    """Make a dataclass of a table after checking names and types."""
    kinds = get_type_hints(kind)
    known = {field.name: kinds[field.name] for field in fields(kind)}  # type: ignore[arg-type]
    for name, value in said.items():
        if name not in known:
            raise MissionError(f"{where}: {name} is not known; allowed are {', '.join(known)}")
        if known[name] in (int, float, str, time) and not _fits(value, known[name]):
            raise MissionError(
                f"{where}: {name} is {value!r}, which is no {_PLAIN[known[name]]}; correct it"
            )
    return _made(where, partial(kind, **said))


_PLAIN = {int: "whole number", float: "number", str: "text", time: "time such as 08:00:00"}


def _fits(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _made(where: str, make: Callable[..., _Value], *values: Any) -> _Value:
    """Make a value; if it cannot be, say where it comes from."""
    try:
        return make(*values)
    except AerogridError as error:
        raise MissionError(f"{where}: {error}") from error
    except KeyError as error:
        raise MissionError(f"{where}: {error.args[0]} is missing; add it") from error
    except (TypeError, ValueError) as error:
        raise MissionError(f"{where}: {error}; correct it") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissionError(f"{path}: no such file; give a TOML file") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MissionError(f"{path}: is not TOML ({error}); correct it there") from error


def _csv(path: Path, needed: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows of a CSV file with a header, names in lower case."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MissionError(f"{path}: no such file; give a CSV file") from None
    except UnicodeDecodeError as error:
        raise MissionError(f"{path}: is not UTF-8 ({error}); save it as CSV UTF-8") from error
    reader = csv.DictReader(text.splitlines())
    names = [(name or "").strip().lower() for name in reader.fieldnames or []]
    missing = [name for name in needed if name not in names]
    if missing:
        raise MissionError(
            f"{path}: the first line has no column {', '.join(missing)}; it has {', '.join(names)}"
        )
    reader.fieldnames = names
    for row in reader:
        yield {name: (value or "").strip() for name, value in row.items() if name}
