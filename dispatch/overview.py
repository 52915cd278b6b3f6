"""Where do the cases of a bulletin lie? A map of cells and cases in local metres."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape

import numpy as np
import shapely
from shapely import Polygon, box
from shapely.geometry.base import BaseGeometry

from cases.model import Case
from geo.frames import Array, LocalFrame
from geo.grid import Cell

WIDTH_PX, MOST_HEIGHT_PX = 920, 760
LEAST_SPAN_M = 200.0
MARGIN_PX, FOOT_PX = 30, 34
PATROLLED, OTHER = "#ffffff", "#ecece6"
_DOT_PX = 7
_LETTER_PX = 6.7  # of a cell's code
_ARROW_ROOM = box(WIDTH_PX - 50, 0, WIDTH_PX, 54)
_ROUND_M = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


def draw_overview(
    cases: Sequence[Case],
    colours: Mapping[str, str],
    cells: Sequence[Cell] = (),
    patrolled: Iterable[str] = (),
) -> str:
    """Draw cells with their codes and cases as numbered dots, north up, as SVG.

    `colours` gives each category code the colour of its dots, `patrolled` names the cells that the
    patrol was over: the map shows these and all cases. Returns "" where there is neither.
    """
    codes = set(patrolled)
    seen = [cell for cell in cells if cell.code in codes]
    lonlat_deg = _corners(cases, seen)
    if not len(lonlat_deg):
        return ""
    (west, south), (east, north) = lonlat_deg.min(axis=0), lonlat_deg.max(axis=0)
    frame = LocalFrame(float(west + east) / 2, float(south + north) / 2)
    sheet = _Sheet(frame, frame.xy_from_lonlat(lonlat_deg))
    places_px = sheet.places_px(np.array([[case.lon_deg, case.lat_deg] for case in cases]))
    parts = [*_draw_cells(cells, codes, sheet), *_draw_dots(cases, colours, places_px)]
    return (
        f'<svg viewBox="0 0 {WIDTH_PX} {sheet.height_px}" role="img" '
        f'aria-label="Map of cases 案件分布图">{"".join(parts)}'
        f"{_north_arrow()}{_scale_bar(sheet.px_per_m, sheet.height_px)}</svg>"
    )


class _Sheet:
    """From degrees to pixels: the largest scale at which everything is inside the drawing."""

    def __init__(self, frame: LocalFrame, xy_m: Array) -> None:
        low, high = xy_m.min(axis=0), xy_m.max(axis=0)
        span_m = np.maximum(high - low, LEAST_SPAN_M / 2)
        across_px, down_px = WIDTH_PX - 2 * MARGIN_PX, MOST_HEIGHT_PX - 2 * MARGIN_PX - FOOT_PX
        self.px_per_m = float(
            min(across_px / max(span_m[0], LEAST_SPAN_M), down_px / max(span_m[1], 1e-9))
        )
        self.height_px = round(float(span_m[1]) * self.px_per_m) + 2 * MARGIN_PX + FOOT_PX
        self._frame = frame
        self._middle_m = (low + high) / 2
        self._middle_px = np.array([WIDTH_PX / 2, (self.height_px - FOOT_PX) / 2])

    def places_px(self, lonlat_deg: Array) -> Array:
        """Columns and rows, (n, 2)."""
        if not len(lonlat_deg):
            return np.empty((0, 2))
        offset_m = self._frame.xy_from_lonlat(lonlat_deg) - self._middle_m
        return np.asarray(offset_m * (self.px_per_m, -self.px_per_m) + self._middle_px)

    @property
    def window(self) -> Polygon:
        """What is inside the drawing."""
        return box(0, 0, WIDTH_PX, self.height_px)


def _corners(cases: Sequence[Case], cells: Sequence[Cell]) -> Array:
    places = np.array([[case.lon_deg, case.lat_deg] for case in cases]).reshape(-1, 2)
    return np.vstack([places, *(shapely.get_coordinates(cell.boundary) for cell in cells)])


def _draw_cells(cells: Sequence[Cell], patrolled: set[str], sheet: _Sheet) -> list[str]:
    """Areas first, then their codes, so that no area covers a code."""
    areas, codes = [], []
    for cell in sorted(cells, key=lambda cell: (cell.code in patrolled, cell.code)):
        drawn = shapely.transform(cell.boundary, sheet.places_px)
        if drawn.intersects(sheet.window):
            fill = PATROLLED if cell.code in patrolled else OTHER
            areas.append(f'<path class="cell" d="{_path(drawn)}" fill="{fill}"/>')
            codes.append(_code(cell, drawn.intersection(sheet.window)))
    return areas + codes


def _path(shape: BaseGeometry) -> str:
    rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(ring)[:-1]) + "Z"
        for ring in rings
    )


def _code(cell: Cell, shown: BaseGeometry) -> str:
    """Write a cell's code, or its last digits, at the highest place that is all inside it."""
    for text in (cell.code, cell.code[-3:]):
        place = _highest_place(shown, len(text) * _LETTER_PX + 6)
        if place is not None:
            x_px, y_px = place
            return f'<text class="code" x="{x_px:.1f}" y="{y_px:.1f}">{escape(text)}</text>'
    return ""


def _highest_place(shown: BaseGeometry, width_px: float) -> tuple[float, float] | None:
    """Middle and base line of a text of a width, clear of the north arrow; None without room."""
    west, north, east, south = shown.bounds
    x_px = (west + east) / 2
    for top_px in np.arange(north + 1, (north + south) / 2, 3):
        room = box(x_px - width_px / 2, top_px, x_px + width_px / 2, top_px + 14)
        if shown.contains(room) and not room.intersects(_ARROW_ROOM):
            return x_px, float(top_px) + 11
    return None


def _draw_dots(cases: Sequence[Case], colours: Mapping[str, str], places_px: Array) -> list[str]:
    """Every dot, then every number beside its dot where it lies on no other."""
    numbers = short_numbers([case.case_no for case in cases])
    taken = [box(x - _DOT_PX, y - _DOT_PX, x + _DOT_PX, y + _DOT_PX) for x, y in places_px.tolist()]
    dots = []
    for case, number, (x_px, y_px) in zip(cases, numbers, places_px.tolist(), strict=True):
        place = _free_place(x_px, y_px, 7.0 * len(number) + 2, taken)
        taken.append(place)
        left, top, _, _ = place.bounds
        dots.append(
            f'<a href="#{escape(case.case_no)}">'
            f'<circle cx="{x_px:.1f}" cy="{y_px:.1f}" r="{_DOT_PX}" '
            f'fill="{escape(colours.get(case.category, "#555"))}"/>'
            f'<text x="{left + 1:.1f}" y="{top + 11:.1f}">{escape(number)}</text></a>'
        )
    return dots


def short_numbers(case_nos: Sequence[str]) -> list[str]:
    """Shorten numbers as far as each stays one case's: without the day, or with it where needed.

    >>> short_numbers(["20260610-0001", "20260610-0002", "20260611-0001"])
    ['0610-1', '2', '0611-1']
    """
    forms = [_forms(case_no) for case_no in case_nos]
    counts = Counter(form for of_case in forms for form in set(of_case))
    return [next(form for form in of_case if counts[form] == 1) for of_case in forms]


def _forms(case_no: str) -> tuple[str, ...]:
    day, _, number = case_no.rpartition("-")
    last = number.lstrip("0")
    return (last, f"{day[-4:]}-{last}", case_no) if last else (case_no,)


def _free_place(x_px: float, y_px: float, width_px: float, taken: Sequence[Polygon]) -> Polygon:
    """Right of a dot, else left, above or below it; right of it where nothing is free."""
    reach = _DOT_PX + 2
    corners = (
        (x_px + reach, y_px - 7),
        (x_px - reach - width_px, y_px - 7),
        (x_px - width_px / 2, y_px - reach - 13),
        (x_px - width_px / 2, y_px + reach),
    )
    places = [box(x, y, x + width_px, y + 13) for x, y in corners]
    free = (p for p in places if not any(p.intersects(other) for other in taken))
    return next(free, places[0])


def _north_arrow() -> str:
    x_px, y_px = WIDTH_PX - 22, 12
    return (
        f'<path class="north" d="M{x_px} {y_px}l7 22l-7 -5l-7 5z"/>'
        f'<text class="code" x="{x_px}" y="{y_px + 36}">N 北</text>'
    )


def _scale_bar(px_per_m: float, height_px: int) -> str:
    length_m = max((m for m in _ROUND_M if m * px_per_m <= WIDTH_PX / 4), default=_ROUND_M[0])
    length_px = length_m * px_per_m
    y_px = height_px - 14
    label = f"{length_m} m" if length_m < 1000 else f"{length_m // 1000} km"
    return (
        f'<path class="bar" d="M {MARGIN_PX} {y_px - 5} v 5 h {length_px:.1f} v -5"/>'
        f'<text x="{MARGIN_PX + length_px + 6:.1f}" y="{y_px + 1}">{label}</text>'
    )
