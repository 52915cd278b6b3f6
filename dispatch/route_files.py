"""EDGE: read routing tables: one TOML file, and a CSV or GeoPackage that it names."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dispatch.errors import RoutingError
from dispatch.routing import RoutingTable, Rule, parse_routing, rule_of_row
from dispatch.table_files import read_text
from geo.errors import GeoError
from geo.formats import Feature, read_features
from geo.grid import Grid

COLUMNS = ("cells", "town", "village", "category", "responsible", "assisting")


def load_routing(path: Path, grid: Grid | None = None) -> RoutingTable:
    """Read a routing table; areas of a GeoPackage stand for the cells whose middle they hold.

    Raises:
        RoutingError: a file breaks its schema, or names departments that are not there.
    """
    file = parse_routing(read_text(path, RoutingError), str(path))
    if file.table is None:
        return RoutingTable(file)
    beside = path.parent / file.table
    rows = _csv_rows(beside) if beside.suffix.lower() == ".csv" else _features(beside, grid)
    rules = [_rule(beside, number, *row) for number, row in enumerate(rows, 1)]
    return RoutingTable(file, rules, file.table)


def _rule(path: Path, number: int, row: Mapping[str, str], cells: tuple[str, ...]) -> Rule:
    try:
        return rule_of_row(row, cells)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"])
        raise RoutingError(
            f"{path}: route {number}: {field or 'row'}: {problem['msg']} (got {problem['input']!r})"
        ) from error


def _csv_rows(path: Path) -> Iterator[tuple[dict[str, str], tuple[str, ...]]]:
    rows = csv.DictReader(io.StringIO(_csv_text(path), newline=""))
    _refuse_columns(path, rows.fieldnames or ())
    for row in rows:
        yield {name: value or "" for name, value in row.items() if name}, ()


def _csv_text(path: Path) -> str:
    """Decode a table as spreadsheets write it: UTF-8, or GBK where Excel is Chinese."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RoutingError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


def _features(path: Path, grid: Grid | None) -> Iterator[tuple[dict[str, str], tuple[str, ...]]]:
    try:
        features = read_features(path)
    except GeoError as error:
        raise RoutingError(str(error)) from error
    for feature in features:
        _refuse_columns(path, feature.properties)
        row = {name: _text(feature.properties.get(name)) for name in COLUMNS}
        yield row, _cells_in(path, feature, grid)


def _cells_in(path: Path, feature: Feature, grid: Grid | None) -> tuple[str, ...]:
    if feature.geometry is None:
        return ()
    if grid is None:
        raise RoutingError(f"{path}: holds areas, so the grid cells are needed; give --grids")
    inside = tuple(
        cell.code
        for cell in grid
        if feature.geometry.intersects(cell.boundary.representative_point())
    )
    if not inside:
        raise RoutingError(
            f"{path}: the area of route {feature.number} holds the middle of no cell; correct it"
        )
    return inside


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _refuse_columns(path: Path, names: Any) -> None:
    missing = [name for name in ("category", "responsible") if name not in names]
    if missing:
        raise RoutingError(
            f"{path}: lacks the column {missing[0]!r}; it has {', '.join(map(str, names))}, and "
            f"may have {', '.join(COLUMNS)}"
        )
