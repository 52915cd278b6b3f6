"""Which features of a file are grid cells: column names, codes, sound boundaries."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.boundaries import mend, overlaps
from geo.errors import GridError
from geo.frames import LocalFrame
from geo.grid import Cell, Grid, GridProblem, repeated_codes

CODE_PATTERN = r"\d{15}"
_BY_SETTING = "(setting code_pattern)"
_ANY_CODE = (
    '. For other codes write code_pattern = "" (any code), or what they look like, under [grids] '
    "in a TOML file, and give it with --config"
)

# Usual column names, compared without case, blanks, _ and -; the first that a file has is taken.
# Shapefiles cut names after 10 bytes: three Chinese characters in UTF-8.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "code": (
        *("网格编码", "网格编", "网格代码", "网格代", "网格码", "gridcode", "wgbm", "wgdm"),
        *("cellcode", "gridid", "wgid", "code", "编码", "代码", "bm", "id"),
    ),
    "name": ("网格名称", "网格名", "gridname", "wgmc", "cellname", "name", "名称", "mc", "title"),
    "town": (
        *("镇街", "镇街名称", "镇街名", "所属镇街", "所属镇", "乡镇", "乡镇名称", "乡镇名", "街道"),
        *("town", "townname", "township", "xzmc", "zjmc", "jdmc", "street"),
    ),
    "village": (
        *("村居", "村居名称", "村居名", "所属村居", "所属村", "村", "社区", "village"),
        *("villagename", "community", "cjmc", "cmc", "sqmc", "cun"),
    ),
    "officer": (
        *("网格员", "网格员姓名", "网格长", "officer", "gridofficer", "wgy", "wgyxm", "wgz"),
        "manager",
    ),
}

_Row = tuple[int, Mapping[str, Any], BaseGeometry | None]


def grid_from_features(
    rows: Sequence[_Row],
    *,
    source: str,
    fields: Mapping[str, str],
    code_pattern: str | None = CODE_PATTERN,
) -> Grid:
    """Make the grid of features in lon/lat, repairing or refusing each broken one.

    Args:
        rows: number in the file, attributes and geometry of each feature.
        source: name of the file, for messages.
        fields: column of each of code, name, town, village, officer; guessed where not given.
        code_pattern: regular expression that a whole code must match; None takes any code.
    """
    if not rows:
        raise GridError(f"{source}: the file has no features; a grid needs at least one polygon")
    columns = choose_columns(list(dict.fromkeys(k for row in rows for k in row[1])), fields, source)
    codes = [code_text(properties.get(columns["code"])) for _, properties, _ in rows]
    _refuse_duplicates(rows, codes, source)
    cells, numbers, problems = _cells(rows, codes, columns, code_pattern)
    if not cells:
        raise GridError(
            f"{source}: none of {len(rows)} features is a usable cell: {_listed(problems)}"
        )
    return Grid(cells, [*problems, *overlaps(cells, numbers)])


def choose_columns(
    present: Sequence[str], fields: Mapping[str, str], source: str
) -> dict[str, str]:
    """Find the column of each of our names, "" for none; without one for codes a GridError."""
    unknown = sorted(set(fields) - set(COLUMNS))
    missing = sorted(set(fields.values()) - set(present))
    listed = ", ".join(present) or "none"
    if unknown:
        raise GridError(f"{source}: {', '.join(unknown)}: not one of {', '.join(COLUMNS)}")
    if missing:
        raise GridError(f"{source}: no column {', '.join(missing)}; it has {listed}")
    plain = {_plain(name): name for name in reversed(present)}
    chosen = {
        ours: fields.get(ours) or next((plain[n] for n in names if n in plain), "")
        for ours, names in COLUMNS.items()
    }
    if not chosen["code"]:
        raise GridError(
            f"{source}: no column looks like grid codes; the columns are {listed}. "
            'Name it in the settings, for example fields = { code = "WGBM" }'
        )
    return chosen


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]", "", name).lower()


def code_text(value: Any) -> str:
    """Write a code as text: numbers without a fraction, gaps as empty text.

    >>> code_text(320412001001001.0)
    '320412001001001'
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _some(numbers: Sequence[str]) -> str:
    more = f" and {len(numbers) - 10} more" if len(numbers) > 10 else ""
    return ", ".join(numbers[:10]) + more


def _listed(problems: Sequence[GridProblem]) -> str:
    """The first few problems, how many more there are, and what to do about odd codes."""
    more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
    by_setting = any(problem.what.endswith(_BY_SETTING) for problem in problems)
    return "; ".join(map(str, problems[:3])) + more + (_ANY_CODE if by_setting else "")


def _refuse_duplicates(rows: Sequence[_Row], codes: Sequence[str], source: str) -> None:
    repeated = repeated_codes(code for code in codes if code)
    if not repeated:
        return
    where = {
        code: [str(row[0]) for row, its in zip(rows, codes, strict=True) if its == code]
        for code in repeated[:10]
    }
    listed = "; ".join(f"{code} in features {_some(n)}" for code, n in where.items())
    more = f" and {len(repeated) - 10} more" if len(repeated) > 10 else ""
    raise GridError(
        f"{source}: grid codes occur more than once: {listed}{more}. Each cell needs its own code; "
        "correct the file, or merge the parts of a cell into one feature"
    )


def _cells(
    rows: Sequence[_Row],
    codes: Sequence[str],
    columns: Mapping[str, str],
    code_pattern: str | None,
) -> tuple[list[Cell], list[int], list[GridProblem]]:
    """Make a cell of each sound feature; number in the file of each; and what was wrong."""
    cells, numbers, problems = [], [], []
    frame = _frame(rows)
    for (number, properties, geometry), code in zip(rows, codes, strict=True):
        fault = _code_fault(code, code_pattern)
        if fault:
            problems.append(GridProblem(number, code, fault, "refused"))
            continue
        boundary, what = _boundary(geometry, frame)
        if boundary is None:
            problems.append(GridProblem(number, code, what, "refused"))
            continue
        if what:
            problems.append(GridProblem(number, code, what, "repaired"))
        texts = {ours: code_text(properties.get(name)) for ours, name in columns.items()}
        texts["name"] = texts["name"] or code
        cells.append(Cell(**{**texts, "code": code}, boundary=boundary))
        numbers.append(number)
    return cells, numbers, problems


def _boundary(
    geometry: BaseGeometry | None, frame: LocalFrame
) -> tuple[Polygon | MultiPolygon | None, str]:
    """Mend a boundary in metres and bring it back to degrees; sound ones stay as they are."""
    ground, what = mend(None if geometry is None else frame.to_local(geometry))
    if ground is None:
        return None, what
    boundary = frame.to_lonlat(ground) if what else geometry
    if boundary is None or not boundary.is_valid:  # rounding can make rings touch
        boundary = frame.to_lonlat(ground).buffer(0)
    return boundary, what  # type: ignore[return-value]


def _frame(rows: Sequence[_Row]) -> LocalFrame:
    """Make the local frame around all features that have a place."""
    bounds = np.array([g.bounds for _, _, g in rows if g is not None and not g.is_empty])
    bounds = bounds[np.isfinite(bounds).all(axis=1)] if len(bounds) else bounds
    if not len(bounds):
        return LocalFrame(0.0, 0.0)
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    return LocalFrame(float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2)


def _code_fault(code: str, pattern: str | None) -> str:
    if not code:
        return "no code"
    if pattern is not None and not re.fullmatch(pattern, code):
        usual = "is not 15 digits" if pattern == CODE_PATTERN else f"does not match {pattern!r}"
        return f"the code {usual} {_BY_SETTING}"
    return ""
