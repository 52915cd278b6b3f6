"""Which short rows cover what the rows of a polygon leave out, in the least extra time."""

from dataclasses import dataclass

import numpy as np
import shapely
from scipy import ndimage
from shapely import LineString, Polygon

from geo.frames import Array
from missions.canvas import Canvas, Counts, Mask, Pixels
from missions.coverage import insertion
from missions.ends import shortened
from missions.inside import Inside
from missions.route import Route
from missions.timing import Motion

_LEAST_GAP_M2 = 20.0
_MOST_ROWS = 60
_GRID_M = 1e-3
_END_SHARE = 0.4  # of the spacing, that a row may end before the tip of its gap
_SHORTEST_SHARE = 0.3  # of the spacing


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A route whose rows may still get longer.

    Attributes:
        rows: (rows, 2, 2) as long as may be, in order of flight.
        most_m: (rows, 2) by which starts and ends of the route's rows lie further in.
    """

    rows: Array
    most_m: Array
    route: Route


@dataclass(frozen=True, slots=True)
class Ground:
    """A polygon in the forms that closing gaps needs."""

    polygon: Polygon
    inside: Inside
    canvas: Canvas
    spacing_m: float


def close(
    draft: Draft,
    ground: Ground,
    wanted_share: float,
    motion: Motion,
    most_seconds: float = np.inf,
) -> Draft | None:
    """Add rows through the largest gaps until enough is covered.

    Returns:
        None where the route takes more than `most_seconds` before that.
    """
    canvas = ground.canvas
    counts = canvas.blank()
    canvas.add_swath(counts, draft.route.points(), ground.spacing_m / 2)
    allowed = (1 - wanted_share) * canvas.inside_pixels
    for _ in range(_MOST_ROWS):
        gaps = canvas.inside & (counts <= 0)
        if np.count_nonzero(gaps) <= allowed:
            break
        gap = largest_patch(gaps)
        if len(gap) * canvas.area_m2 < _LEAST_GAP_M2:
            break
        before, draft = draft, add_row(draft, ground, canvas.pixel_centres(gap), motion)
        _recount(counts, before.route, draft.route, ground)
        if motion.path_seconds(draft.route.points()) > most_seconds:
            return None
    return draft


def add_row(draft: Draft, ground: Ground, places_m: Array, motion: Motion) -> Draft:
    """Fly along a patch of places (N, 2) too, where that costs least."""
    row = _row_through(ground.polygon, places_m)
    length = float(np.hypot(*(row[1] - row[0])))
    spare = max(0.0, (length - _SHORTEST_SHARE * ground.spacing_m) / 2)
    trim = min(_END_SHARE * ground.spacing_m, spare)
    short = shortened(row[None], np.full((1, 2), trim))[0]
    place, turned, route = insertion(draft.route, short, ground.inside, motion)
    rows = np.insert(draft.rows, place, row[::-1] if turned else row, axis=0)
    return Draft(rows, np.insert(draft.most_m, place, trim, axis=0), route)


def _recount(counts: Counts, old: Route, new: Route, ground: Ground) -> None:
    """Count what a route with one more row covers, and no more what only the old one did."""
    place = int(np.argmax([*(old.rows != new.rows[:-1]).any(axis=(1, 2)), True]))
    canvas, reach = ground.canvas, ground.spacing_m / 2
    if 0 < place < len(old.rows):
        canvas.add_swath(counts, old.transfers[place - 1], reach, times=-1)
    for way in (*new.transfers[max(0, place - 1) : place + 1], new.rows[place]):
        canvas.add_swath(counts, way, reach)


def largest_patch(mask: Mask) -> Pixels:
    """Lines and columns (N, 2) of the largest patch of a mask."""
    labels, count = ndimage.label(mask)
    largest = int(np.bincount(labels.ravel(), minlength=count + 1)[1:].argmax())
    lines, columns = ndimage.find_objects(labels)[largest]
    pixels: Pixels = np.argwhere(labels[lines, columns] == largest + 1)
    pixels += [lines.start, columns.start]
    return pixels


def _row_through(polygon: Polygon, places_m: Array) -> Array:
    """A row (2, 2) along the length of a patch of places (N, 2), inside the polygon."""
    middle = places_m.mean(axis=0)
    nearest = places_m[int(np.hypot(*(places_m - middle).T).argmin())]
    off = places_m - middle
    along = np.linalg.eigh(off.T @ off)[1][:, 1]
    shares = off @ along
    if np.ptp(shares) < 1.0:
        return np.stack([nearest, nearest])
    line = LineString([nearest + shares.min() * along, nearest + shares.max() * along])
    inside = shapely.intersection(line, polygon, grid_size=_GRID_M)
    parts = [part for part in shapely.get_parts(inside).tolist() if part.length > 1.0]
    if not parts:
        return np.stack([nearest, nearest])
    here = shapely.Point(nearest)
    ends = shapely.get_coordinates(min(parts, key=lambda part: (part.distance(here), -part.length)))
    return np.stack([ends[0], ends[-1]])
