"""EDGE: draw a district's plan: cells coloured by day, depots, tours of the crews."""

from collections.abc import Sequence
from datetime import date
from itertools import takewhile
from pathlib import Path

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from shapely import Polygon

from geo.files import replacing
from geo.frames import LocalFrame
from geo.grid import Grid
from missions.airspace import EMPTY, Airspace
from missions.district import DistrictPlan
from missions.fleet import Fleet
from missions.keep_outs import keep_outs

_DAYS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377", "#bbbbbb")
_NOT_FLOWN = "#f2f2f2"
_REFUSED = "#222222"
_ZONE = "#882255"
_CREWS = ("#333333", "#cc3311", "#117733", "#332288", "#cc6677", "#aa4499")
_MOST_CODES = 200
_PAPER, _INK = "#ffffff", "#333333"
_INCHES = 12.0
_DPI = 130


def write_district_map(
    path: Path, grid: Grid, fleet: Fleet, plan: DistrictPlan, airspace: Airspace = EMPTY
) -> None:
    """Write a PNG; the same plan gives the same bytes.

    Cells bear the end of their code in which they differ, where there are few enough to read it.
    """
    figure = Figure(figsize=(_INCHES, _INCHES), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.04, 0.08, 0.92, 0.85))
    axes.set_aspect("equal")
    axes.tick_params(labelsize=8, colors=_INK)
    axes.set_xlabel("km east of the middle", fontsize=9, color=_INK)
    axes.set_ylabel("km north of the middle", fontsize=9, color=_INK)
    frame = grid.frame()
    colours = day_colours(plan)
    _cells(axes, grid, frame, cell_colours(grid, plan))
    _zones(axes, grid, frame, airspace)
    _tours(axes, fleet, plan, frame)
    _codes(axes, grid, frame)
    _depots(axes, fleet, frame)
    axes.autoscale_view()
    _words(figure, fleet, plan, colours)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def day_colours(plan: DistrictPlan) -> dict[date, str]:
    """Colour of each day on which something is flown."""
    return {day: _DAYS[n % len(_DAYS)] for n, day in enumerate(plan.slots_by_day())}


def cell_colours(grid: Grid, plan: DistrictPlan) -> list[str]:
    """Colour of each cell: of the day its last flight is on, or that it is not (wholly) flown."""
    colours = day_colours(plan)
    last: dict[str, str] = {slot.cell_code: colours[slot.day] for slot in plan.schedule.slots}
    last |= {left.cell_code: _NOT_FLOWN for left in plan.schedule.unassigned}
    last |= {refusal.cell_code: _REFUSED for refusal in plan.refused}
    return [last.get(cell.code, _NOT_FLOWN) for cell in grid]


def _cells(axes: Axes, grid: Grid, frame: LocalFrame, colours: Sequence[str]) -> None:
    rings, fills = [], []
    for cell, colour in zip(grid, colours, strict=True):
        for part in shapely.get_parts(frame.to_local(cell.boundary)).tolist():
            rings.append(shapely.get_coordinates(part.exterior) / 1000)
            fills.append(colour)
    axes.add_collection(
        PolyCollection(rings, facecolors=fills, edgecolors="white", linewidths=0.5, zorder=1)
    )


def _zones(axes: Axes, grid: Grid, frame: LocalFrame, airspace: Airspace) -> None:
    """Zones and obstacles, as far as they lie in the district."""
    whole = shapely.GeometryCollection([cell.boundary for cell in grid])
    shown = frame.to_local(whole).envelope
    rings = [
        shapely.get_coordinates(part.exterior) / 1000
        for _, shape in keep_outs(airspace, whole, frame)
        for part in shapely.get_parts(shape.intersection(shown)).tolist()
        if isinstance(part, Polygon)
    ]
    axes.add_collection(
        PolyCollection(rings, facecolors=_ZONE + "38", edgecolors=_ZONE, linewidths=1.0, zorder=1.5)
    )


def _codes(axes: Axes, grid: Grid, frame: LocalFrame) -> None:
    if len(grid) > _MOST_CODES:
        return
    codes = [cell.code for cell in grid]
    ends = zip(min(codes), max(codes), strict=False) if len(codes) > 1 else ()
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    for cell in grid:
        place = frame.to_local(cell.boundary).representative_point()
        name = _ascii(cell.code[shared:])
        at = (place.x / 1000, place.y / 1000)
        text = axes.annotate(name, at, ha="center", va="center", fontsize=6, color=_INK, zorder=3)
        text.set_path_effects([withStroke(linewidth=1.5, foreground=_PAPER, alpha=0.7)])


def crew_colours(fleet: Fleet) -> dict[str, str]:
    """Colour of each crew's way."""
    return {crew.code: _CREWS[n % len(_CREWS)] for n, crew in enumerate(fleet.crews)}


def _tours(axes: Axes, fleet: Fleet, plan: DistrictPlan, frame: LocalFrame) -> None:
    """One line for each crew and day, from the depot over the launch places and back."""
    depot_of = {crew.code: fleet.by_code()[crew.depot] for crew in fleet.crews}
    stops: dict[tuple[date, str], list[tuple[float, float]]] = {}
    for slot in plan.schedule.slots:
        stops.setdefault((slot.day, slot.crew_code), []).append(slot.place_m)
    lines, colours, of_crew = [], [], crew_colours(fleet)
    for (_, crew), places in sorted(stops.items()):
        depot = depot_of[crew]
        base = frame.xy_from_lonlat(np.array([[depot.lon_deg, depot.lat_deg]]))
        lines.append(np.concatenate([base, np.array(places), base]) / 1000)
        colours.append(of_crew[crew])
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=0.9, zorder=2))


def _depots(axes: Axes, fleet: Fleet, frame: LocalFrame) -> None:
    for depot in fleet.depots:
        x, y = frame.xy_from_lonlat(np.array([[depot.lon_deg, depot.lat_deg]]))[0] / 1000
        axes.plot(x, y, marker="s", ms=11, color="white", markeredgecolor="black", zorder=4)
        name = _ascii(depot.code)
        axes.annotate(
            name, (x, y), (8, 6), textcoords="offset points", fontsize=10, weight="bold", zorder=5
        )


def _words(figure: Figure, fleet: Fleet, plan: DistrictPlan, colours: dict[date, str]) -> None:
    by_day = plan.slots_by_day()
    marks: list[Patch | Line2D] = [
        Patch(facecolor=colour, label=f"{day:%a %d %b}: {len(by_day[day])} flights")
        for day, colour in colours.items()
    ]
    marks += [
        Patch(facecolor=_NOT_FLOWN, edgecolor="#999999", label="not flown"),
        Patch(facecolor=_REFUSED, label="cannot be planned"),
        Patch(facecolor=_ZONE + "38", edgecolor=_ZONE, label="zone, obstacle"),
        *(
            Line2D([], [], color=colour, linewidth=1.2, label=f"way of crew {_ascii(crew)}")
            for crew, colour in list(crew_colours(fleet).items())[: len(_CREWS)]
        ),
        Line2D([], [], color="none", marker="s", markeredgecolor="black", ms=9, label="depot"),
    ]
    figure.legend(handles=marks, loc="lower center", ncols=5, fontsize=9, frameon=False)
    hours = sum(flight.duration_s for flight in plan.flights) / 3600
    driven = sum(plan.transit_m.values()) / 1000
    figure.text(
        0.05,
        0.955,
        f"{len(plan.depot_of)} cells ({len(plan.refused)} refused), {len(plan.schedule.slots)} "
        f"flights, {hours:.0f} h in the air, {driven:.0f} km driven",
        fontsize=15,
        weight="bold",
        color=_INK,
    )


def _ascii(text: str) -> str:
    """Text that the built-in font can draw."""
    return text.encode("ascii", "replace").decode("ascii")
