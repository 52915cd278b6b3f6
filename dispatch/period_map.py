"""A bulletin's map of cases, as a drawing that stands alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cases.categories import Category, Words
from cases.model import Case, Event
from dispatch.overview import WIDTH_PX, draw_overview
from dispatch.period import Period, reported_at
from geo.grid import Cell

PALETTE = (
    "#d1495b", "#edae49", "#00798c", "#6a4c93", "#30638e", "#8d6a3f", "#5c8001", "#d81e9e",
)  # fmt: skip
_STYLE = """
text{font-size:12px;font-weight:600;fill:#222;font-family:"Noto Sans CJK SC",sans-serif}
.code{font-size:11px;font-weight:400;fill:#666;text-anchor:middle}
.cell{stroke:#a8a89e;stroke-width:1}circle{stroke:#fff;stroke-width:1.5}
.bar{fill:none;stroke:#222;stroke-width:2}.north{fill:#222}
"""


@dataclass(frozen=True, slots=True)
class PeriodMap:
    """Where the cases of a period lie.

    Attributes:
        svg: the drawing, north up.
        legend: colour and name of each category on it.
    """

    svg: str
    legend: tuple[tuple[str, Words], ...]


def active_cases(
    cases: Sequence[Case], histories: Mapping[str, Sequence[Event]], period: Period
) -> list[Case]:
    """Cases that were seen in a period, or to which anything happened in it."""
    return [case for case in cases if _is_active(histories[case.case_no], period)]


def _is_active(events: Sequence[Event], period: Period) -> bool:
    happened = any(period.holds(event.at) for event in events)
    return happened or period.holds(reported_at(events))


def period_map(
    cases: Sequence[Case], categories: Sequence[Category], cells: Sequence[Cell]
) -> PeriodMap | None:
    """Draw cases over the cells that hold any; None without cases."""
    if not cases:
        return None
    used = {case.category for case in cases}
    known = [category for category in categories if category.code in used]
    colours = {category.code: PALETTE[place % len(PALETTE)] for place, category in enumerate(known)}
    drawn = draw_overview(cases, colours, cells, {case.place.cell_code for case in cases})
    height_px = drawn.partition(f'viewBox="0 0 {WIDTH_PX} ')[2].partition('"')[0]
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{height_px}"'
    svg = drawn.replace("<svg", opening, 1).replace(">", f"><style>{_STYLE}</style>", 1)
    return PeriodMap(svg, tuple((colours[entry.code], entry.name) for entry in known))
