"""Where do the cases of a bulletin lie? A small drawing in local metres."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from cases.model import Case
from geo.frames import Array, LocalFrame

WIDTH_PX = 640
LEAST_SPAN_M = 200.0
MARGIN_PX = 28
_ROUND_M = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


def draw_overview(cases: Sequence[Case], colours: Mapping[str, str]) -> str:
    """Draw the cases as numbered dots with a scale bar, north up, as SVG; "" without cases.

    `colours` gives each category code the colour of its dots.
    """
    if not cases:
        return ""
    lonlat_deg = np.array([[case.lon_deg, case.lat_deg] for case in cases])
    west, south = lonlat_deg.min(axis=0)
    east, north = lonlat_deg.max(axis=0)
    frame = LocalFrame(float(west + east) / 2, float(south + north) / 2)
    xy_m = frame.xy_from_lonlat(lonlat_deg)
    span_m = max(LEAST_SPAN_M, float(np.ptp(xy_m, axis=0).max()))
    px_per_m = (WIDTH_PX - 2 * MARGIN_PX) / span_m
    height_px = round(float(np.ptp(xy_m[:, 1])) * px_per_m) + 2 * MARGIN_PX + 24
    places_px = _places_px(xy_m, px_per_m)
    dots = [
        _dot(case, colours.get(case.category, "#555"), x_px, y_px)
        for case, (x_px, y_px) in zip(cases, places_px.tolist(), strict=True)
    ]
    return (
        f'<svg viewBox="0 0 {WIDTH_PX} {height_px}" role="img" '
        f'aria-label="Map of cases 案件分布图">{"".join(dots)}'
        f"{_scale_bar(px_per_m, height_px)}</svg>"
    )


def _places_px(xy_m: Array, px_per_m: float) -> Array:
    x_px = (xy_m[:, 0] - xy_m[:, 0].mean()) * px_per_m
    x_px = x_px - (x_px.min() + x_px.max()) / 2 + WIDTH_PX / 2
    y_px = (xy_m[:, 1].max() - xy_m[:, 1]) * px_per_m + MARGIN_PX
    return np.column_stack([x_px, y_px])


def _dot(case: Case, colour: str, x_px: float, y_px: float) -> str:
    number = escape(case.case_no.rpartition("-")[2].lstrip("0") or case.case_no)
    return (
        f'<a href="#{escape(case.case_no)}"><circle cx="{x_px:.1f}" cy="{y_px:.1f}" r="6" '
        f'fill="{escape(colour)}"/><text x="{x_px + 8:.1f}" y="{y_px + 4:.1f}">{number}</text></a>'
    )


def _scale_bar(px_per_m: float, height_px: int) -> str:
    length_m = max((m for m in _ROUND_M if m * px_per_m <= WIDTH_PX / 3), default=_ROUND_M[0])
    length_px = length_m * px_per_m
    y_px = height_px - 10
    label = f"{length_m} m" if length_m < 1000 else f"{length_m // 1000} km"
    return (
        f'<path d="M {MARGIN_PX} {y_px} h {length_px:.1f}" stroke="#333" stroke-width="3"/>'
        f'<text x="{MARGIN_PX + length_px + 6:.1f}" y="{y_px + 4}">{label}</text>'
    )
