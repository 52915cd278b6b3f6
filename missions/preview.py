"""EDGE: a picture of planned sorties."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.files import replacing
from geo.frames import Array, LocalFrame
from missions.airspace import EMPTY, Airspace
from missions.keep_outs import keep_outs
from missions.legs import Leg, legs
from missions.model import Sortie

# Okabe and Ito (2008): told apart by colour-blind readers.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_GROUND, _EDGE, _FENCE, _TEXT = "#EEF2E6", "#4D5B3A", "#B3261E", "#222222"
_ZONE = "#7B1FA2"
_DPI = 110
_BELOW_SHARE = 0.07
_NOTE = (
    "Rows lie where the cell is covered in the least time: some closer than the overlap asks for, "
    "short ones in corners."
)
_PLAIN: dict[str, Any] = {"fontsize": 9, "frameon": False, "borderaxespad": 0.0}


def write_preview(
    path: Path,
    sorties: Sequence[Sortie],
    *,
    areas: Sequence[Polygon | MultiPolygon] = (),
    airspace: Airspace = EMPTY,
) -> None:
    """Draw sorties, usually all of one cell, as a PNG; the same sorties give the same bytes.

    Args:
        path: ends in .png.
        sorties: at least one.
        areas: what is surveyed, lon/lat degrees, each with its border.
        airspace: zones and obstacles; those near the sorties are drawn.
    """
    if not sorties:
        raise ValueError("sorties must hold at least one sortie to draw")
    figure = Figure(figsize=(9.0, 9.6), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    _draw(figure, sorties, areas, airspace)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def _draw(
    figure: Figure,
    sorties: Sequence[Sortie],
    areas: Sequence[Polygon | MultiPolygon],
    airspace: Airspace,
) -> None:
    axes = figure.add_axes((0.03, 0.10, 0.94, 0.77))
    axes.set_aspect("equal")
    axes.set_axis_off()
    grounds = list(areas) or [sorties[0].fence]
    frame = LocalFrame.around(shapely.GeometryCollection(grounds))
    for area in areas:
        _polygon(axes, frame.to_local(area), facecolor=_GROUND, edgecolor=_EDGE, linewidth=1.4)
    for sortie in sorties:
        fence = frame.to_local(sortie.fence)
        style = {"facecolor": "none", "edgecolor": _FENCE, "linestyle": (0, (6, 4))}
        _polygon(axes, fence, **style, linewidth=1.0, zorder=1.5)
    fences = shapely.GeometryCollection([sortie.fence for sortie in sorties])
    shown = frame.to_local(fences).envelope
    kept_out = [shape.intersection(shown) for _, shape in keep_outs(airspace, fences, frame)]
    for shape in kept_out:
        _polygon(axes, shape, facecolor=_ZONE + "38", edgecolor=_ZONE, linewidth=1.0, zorder=1.4)
    for number, sortie in enumerate(sorties):
        _sortie(axes, sortie, frame, _COLOURS[number % len(_COLOURS)])
    _homes(axes, sorties, frame)
    axes.autoscale_view()
    axes.margins(0.04)
    _scale_bar(axes)
    _legend(figure, sorties, zones=any(not shape.is_empty for shape in kept_out))
    _title(figure, sorties)


def _polygon(axes: Axes, shape: BaseGeometry, **style: object) -> None:
    """Fill an area without its holes."""
    for part in shapely.get_parts(shape).tolist():
        if not isinstance(part, Polygon) or part.is_empty:
            continue  # a zone that only touches the edge of the picture
        rings = [np.asarray(ring.coords) for ring in (part.exterior, *part.interiors)]
        codes = [
            [Outline.MOVETO, *[Outline.LINETO] * (len(ring) - 2), Outline.CLOSEPOLY]
            for ring in rings
        ]
        outline = Outline(np.concatenate(rings), np.concatenate(codes))
        axes.add_patch(PathPatch(outline, **style))


def _sortie(axes: Axes, sortie: Sortie, frame: LocalFrame, colour: str) -> None:
    flown = list(legs(sortie.home, sortie.items))
    rows = _lines(frame, [leg for leg in flown if leg.camera_on])
    ways = _lines(frame, [leg for leg in flown if not leg.camera_on])
    axes.add_collection(LineCollection(list(rows), colors=colour, linewidths=1.5, zorder=3))
    axes.add_collection(
        LineCollection(list(ways), colors=colour, linewidths=1.0, linestyles=":", zorder=2.5)
    )
    if sortie.photos:
        places = np.array([(photo.lon_deg, photo.lat_deg) for photo in sortie.photos])
        axes.plot(*frame.xy_from_lonlat(places).T, ".", color=colour, markersize=3, zorder=4)
    home = frame.xy_from_lonlat(np.array([[sortie.home.lon_deg, sortie.home.lat_deg]]))
    axes.plot(*home.T, marker="*", color="white", markeredgecolor="black", markersize=19, zorder=5)
    if len(rows):  # often at home: the smaller marks lie on the star
        axes.plot(*rows[0][0], marker="o", color=colour, markeredgecolor="white", ms=7, zorder=6)
        axes.plot(*rows[-1][1], marker="s", color=colour, markeredgecolor="white", ms=6, zorder=6)


def _homes(axes: Axes, sorties: Sequence[Sortie], frame: LocalFrame) -> None:
    """Write beside each take-off place which sorties start there, where there are several."""
    named: dict[tuple[float, float], list[str]] = {}
    for sortie in sorties:
        place = (sortie.home.lon_deg, sortie.home.lat_deg)
        named.setdefault(place, []).append(_ascii(sortie.code))
    if len(named) < 2:
        return
    for place, codes in named.items():
        at = frame.xy_from_lonlat(np.array([place]))[0]
        more = f" and {len(codes) - 1} more" if len(codes) > 1 else ""
        axes.annotate(
            codes[0] + more,
            (float(at[0]), float(at[1])),
            (9, 8),
            textcoords="offset points",
            fontsize=9,
            weight="bold",
            color=_TEXT,
            zorder=8,
        )


def _lines(frame: LocalFrame, chosen: Sequence[Leg]) -> Array:
    """Legs as (legs, 2, 2) local metres."""
    ends = np.array([(leg.start[:2], leg.end[:2]) for leg in chosen]).reshape(-1, 2)
    return frame.xy_from_lonlat(ends).reshape(-1, 2, 2)


def _scale_bar(axes: Axes) -> None:
    """A bar of a round length at the lower left and an arrow to the north."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    south -= _BELOW_SHARE * (north - south)  # room for the bar below all that is drawn
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    wanted = (east - west) / 5
    decade = 10 ** np.floor(np.log10(wanted))
    bar = float(decade * max(step for step in (1, 2, 5) if step * decade <= wanted))
    x, y = west + 0.02 * (east - west), south + 0.01 * (north - south)
    axes.plot([x, x + bar], [y, y], color=_TEXT, linewidth=3, solid_capstyle="butt", zorder=7)
    axes.annotate(
        f"{bar:g} m", (x + bar / 2, y), (0, 5), textcoords="offset points", ha="center", color=_TEXT
    )
    axes.annotate(
        "N",
        xy=(0.955, 0.975),
        xytext=(0.955, 0.925),
        xycoords="figure fraction",
        ha="center",
        va="center",
        fontsize=13,
        color=_TEXT,
        arrowprops={"arrowstyle": "-|>", "color": _TEXT, "linewidth": 1.5},
    )


def _legend(figure: Figure, sorties: Sequence[Sortie], *, zones: bool) -> None:
    marks: list[Artist] = [
        Line2D([], [], color="grey", linewidth=1.5, marker=".", label="row with photos"),
        Line2D([], [], color="grey", linewidth=1.0, linestyle=":", label="way without photos"),
        Line2D([], [], color=_FENCE, linestyle=(0, (6, 4)), label="geofence"),
        Line2D([], [], color="none", marker="*", markeredgecolor="black", ms=13, label="home"),
        Line2D([], [], color="none", marker="o", markerfacecolor="grey", label="first row"),
        Line2D([], [], color="none", marker="s", markerfacecolor="grey", label="last row"),
    ]
    if zones:
        marks.append(Patch(facecolor=_ZONE + "38", edgecolor=_ZONE, label="zone, obstacle"))
    if len(sorties) > 1:
        marks += [
            Line2D([], [], color=_COLOURS[n % len(_COLOURS)], linewidth=3, label=_ascii(s.code))
            for n, s in enumerate(sorties[: len(_COLOURS)])
        ]
    figure.text(0.04, 0.085, _NOTE, fontsize=9, color="#555555")
    figure.legend(handles=marks, loc="lower left", bbox_to_anchor=(0.03, 0.01), ncols=4, **_PLAIN)


def _title(figure: Figure, sorties: Sequence[Sortie]) -> None:
    first = sorties[0]
    codes = sorted({code for sortie in sorties for code in sortie.cell_codes})
    minutes = sum(sortie.duration_s for sortie in sorties) / 60
    distance = sum(sortie.distance_m for sortie in sorties) / 1000
    photos = sum(len(sortie.photos) for sortie in sorties)
    flights = f"{len(sorties)} {'sortie' if len(sorties) == 1 else 'sorties'}"
    figure.text(0.04, 0.955, _ascii(_name(codes, sorties)), fontsize=16, weight="bold", color=_TEXT)
    figure.text(
        0.04,
        0.922,
        f"{minutes:.1f} min    {distance:.2f} km    {photos} photos    {flights}",
        fontsize=13,
        color=_TEXT,
    )
    figure.text(
        0.04,
        0.893,
        f"{_ascii(first.drone_key)}, {first.height_home_m:.0f} m above home, "
        f"{first.speed_m_s:.1f} m/s, {100 * first.gsd_m:.1f} cm per pixel",
        fontsize=11,
        color="#555555",
    )


def _name(codes: Sequence[str], sorties: Sequence[Sortie]) -> str:
    """Which cells, or else missions, are drawn: the first of them, and how many more."""
    named = codes or [sortie.code for sortie in sorties]
    kind = "Cell" if codes else "Mission"
    if len(named) == 1:
        return f"{kind} {named[0]}"
    more = f" and {len(named) - 2} more" if len(named) > 2 else ""
    return f"{len(named)} {kind.lower()}s: {', '.join(named[:2])}{more}"


def _ascii(text: str) -> str:
    """Text that the built-in font can draw."""
    return text.encode("ascii", "replace").decode("ascii")
