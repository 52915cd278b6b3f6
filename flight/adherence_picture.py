"""EDGE: a picture of a flight over its plan."""

from pathlib import Path

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from flight.adherence import MISSED_BELOW, Adherence, planned_rows
from flight.ground_seen import GroundSeen
from geo.files import replacing
from geo.frames import Array, LocalFrame
from geo.track import Track
from missions.model import Sortie

# Okabe and Ito (2008): told apart by colour-blind readers.
PLAN, FLOWN, BAD, FENCE, UNSEEN, TEXT = (
    "#9A9A9A", "#0072B2", "#D55E00", "#B3261E", "#F0E442", "#222222",
)  # fmt: skip
DPI = 110


def draw_adherence(
    path: Path, sortie: Sortie, track: Track, found: Adherence, seen: GroundSeen | None
) -> None:
    """Draw map and height profile as a PNG; the same flight gives the same bytes.

    Args:
        path: ends in .png.
        sortie: the plan.
        track: of the flight.
        found: of `measure_adherence`.
        seen: of `ground_seen`; its gaps are drawn.
    """
    figure = Figure(figsize=(9.0, 10.4), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    frame = LocalFrame(sortie.home.lon_deg, sortie.home.lat_deg)
    _map(figure.add_axes((0.09, 0.33, 0.88, 0.53)), sortie, track, found, seen, frame)
    _heights(figure.add_axes((0.09, 0.09, 0.88, 0.15)), sortie, track)
    _words(figure, sortie, found, seen)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def _map(
    axes: Axes,
    sortie: Sortie,
    track: Track,
    found: Adherence,
    seen: GroundSeen | None,
    frame: LocalFrame,
) -> None:
    axes.set_aspect("equal", adjustable="datalim")
    if seen is not None:
        gaps = seen.seen.frame.to_lonlat(seen.seen.gaps_m(1)) if seen.share < 1 else None
        for part in [] if gaps is None else shapely.get_parts(gaps).tolist():
            axes.fill(*_xy(frame, np.asarray(part.exterior.coords)).T, color=UNSEEN, zorder=1)
    outline = _xy(frame, np.asarray(sortie.fence.exterior.coords))
    axes.plot(*outline.T, color=FENCE, linestyle=(0, (6, 4)), linewidth=1)
    rows = planned_rows(sortie, frame)
    lines = [[row.start, row.end] for row in rows]
    colours = [PLAN if r.flown_share >= MISSED_BELOW else BAD for r in found.rows]
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=5, alpha=0.6, zorder=2))
    places = np.array([(p.position.lon_deg, p.position.lat_deg) for p in track.points])
    if len(places):
        axes.plot(*_xy(frame, places).T, color=FLOWN, linewidth=1.2, zorder=3)
    taken = [(e.position.lon_deg, e.position.lat_deg) for e in track.camera_events]
    if taken:
        axes.plot(*_xy(frame, np.array(taken)).T, ".", color=FLOWN, markersize=5, zorder=4)
    missed = [(sortie.photos[i].lon_deg, sortie.photos[i].lat_deg) for i in found.photos_missed]
    if missed:
        axes.plot(*_xy(frame, np.array(missed)).T, "x", color=BAD, markersize=7, zorder=5)
    axes.plot(0, 0, "*", color="white", markeredgecolor="black", markersize=16, zorder=6)
    axes.set_xlabel("metres east of home")
    axes.set_ylabel("metres north of home")
    axes.tick_params(labelsize=8)


def _heights(axes: Axes, sortie: Sortie, track: Track) -> None:
    """Height above home by time, with the planned height of the rows and the ceiling."""
    if track.points:
        start = track.points[0].time
        minutes = [(p.time - start).total_seconds() / 60 for p in track.points]
        axes.plot(minutes, [p.height_home_m for p in track.points], color=FLOWN, linewidth=1.2)
    axes.axhline(sortie.height_home_m, color=PLAN, linewidth=3, alpha=0.6, zorder=0)
    if sortie.ceiling_home_m is not None:
        axes.axhline(sortie.ceiling_home_m, color=FENCE, linestyle=(0, (6, 4)), linewidth=1)
    axes.set_xlabel("minutes since take-off")
    axes.set_ylabel("m above home")
    axes.tick_params(labelsize=8)


def _words(figure: Figure, sortie: Sortie, found: Adherence, seen: GroundSeen | None) -> None:
    name = sortie.code.encode("ascii", "replace").decode()
    figure.text(0.05, 0.955, f"Flown against plan: {name}", fontsize=16, weight="bold", color=TEXT)
    missed = len(found.rows_missed)
    lines = (
        f"cross-track {found.rms_m:.2f} m RMS, {found.worst_m:.1f} m at worst; "
        f"height {found.height_error_m:+.1f} m; {missed} of {len(found.rows)} rows missed",
        f"{found.photos_taken} photos taken, {found.photos_planned} planned, "
        f"{len(found.photos_missed)} missed"
        + ("" if seen is None else f"; {seen.share:.1%} of the planned ground photographed"),
    )
    for number, line in enumerate(lines):
        figure.text(0.05, 0.925 - 0.024 * number, line, fontsize=11, color=TEXT)
    marks = [
        Line2D([], [], color=PLAN, linewidth=5, alpha=0.6, label="planned row"),
        Line2D([], [], color=BAD, linewidth=5, alpha=0.6, label="row missed"),
        Line2D([], [], color=FLOWN, linewidth=1.2, marker=".", label="flown, exposure"),
        Line2D([], [], color=BAD, linestyle="", marker="x", label="photo missed"),
        Patch(color=UNSEEN, label="ground in no photo"),
        Line2D([], [], color=FENCE, linestyle=(0, (6, 4)), label="fence, ceiling"),
    ]
    figure.legend(
        handles=marks, loc="upper left", bbox_to_anchor=(0.045, 0.292), ncols=6, fontsize=8.5,
        frameon=False, columnspacing=1.2,
    )  # fmt: skip


def _xy(frame: LocalFrame, lonlat_deg: Array) -> Array:
    return frame.xy_from_lonlat(np.asarray(lonlat_deg, dtype=np.float64))
