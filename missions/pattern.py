"""Which rows, in which direction and order, cover a polygon in the least time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from shapely import Polygon

from geo.frames import Array
from missions.canvas import Canvas, Photos
from missions.closing import Draft, Ground, add_row, close, largest_patch
from missions.coverage import close_gaps
from missions.curves import covers_along
from missions.decompose import best_layouts, decompose, distinct, edge_angles
from missions.ends import shortened, slack
from missions.errors import MissionError
from missions.estimate import Layout, Wanted
from missions.inside import Inside, reflex_corners
from missions.route import Route, connect, ordered
from missions.settings import COVERED_SHARE
from missions.shots import Shots
from missions.sweep import sweep_levels
from missions.timing import Motion

_STEP_DEG = 5.0
_MOST_EDGES = 16
_ROUTED_SHARE = 1.5  # of those closed
_SKETCH_SHARE = 0.05  # of the spacing
_CLOSED = (8, 30)  # of large and of small areas, which take little time and vary more
_CLOSED_ROWS = 150
_SEEN_SHARE = 0.4  # of those closed
_CLOSE_SECOND = 1.02  # times the fastest; slower routes are dropped before all gaps are closed
_EARLY_SPARE = 0.01  # of the polygon may stay uncovered before rows end as early as they can
_SAFER = 0.88  # of what may stay uncovered, where it is measured in pixels
_MOST_ADDED = 8
_SIMPLE_M = (0.4, 0.8, 1.6, 3.2)
_MOST_CORNERS = 80  # ways around them are searched in the square of their number


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Strips of rows and the part of the polygon that they cover."""

    area: Polygon
    strips: Sequence[Sequence[Array] | Array]
    gap_seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """A route with gaps, and an estimate of what closing them takes."""

    draft: Draft
    seconds: float
    gap_seconds: float
    angle_deg: float


def cover(
    polygon: Polygon,
    spacing_m: float,
    motion: Motion,
    photos: Photos,
    *,
    angle_deg: float | None = None,
    wanted_share: float = COVERED_SHARE,
) -> Route:
    """Cover a polygon, in metres, with rows; the direction is the one flown in the least time.

    All ways stay inside the polygon and out of its holes. Rows may bend along a bent side, parts
    may have rows of their own direction, and rows end up to half the spacing before the border.

    Args:
        polygon: valid, metres; holes are left out.
        spacing_m: distance between rows.
        motion: of the aircraft, decides which direction is fastest.
        photos: rows end early only as far as enough of them see enough of the polygon.
        angle_deg: direction of the rows, counter-clockwise from east, if it must be this one.
        wanted_share: of the polygon within half the spacing of the route; corners that rows miss
            get rows of their own until this is reached.
    """
    shape = simplified(polygon)
    inside = Inside(shape)
    spare = 1.0 - wanted_share
    trim = spacing_m / 2 * min(1.0, spare / _EARLY_SPARE)
    wanted = Wanted(spacing_m, trim, spare)
    angles = [angle_deg] if angle_deg is not None else _angles(shape)
    closed = int(np.clip(_CLOSED_ROWS * spacing_m / np.sqrt(shape.area), *_CLOSED))
    routed = round(_ROUTED_SHARE * closed)
    plans = list(_parallel(shape, best_layouts(shape, wanted, motion, angles, most=routed)))
    if angle_deg is None:
        plans += _free(shape, wanted, motion)
    trials = [_trial(blocks, inside, motion, wanted) for blocks in plans if blocks]
    trials.sort(key=lambda trial: trial.seconds + trial.gap_seconds)
    drafts = _closed(_promising(trials, closed), shape, inside, wanted, motion)
    if not drafts:
        raise MissionError(f"the area of {polygon.area:.1f} m2 is too small for rows")
    best: Route | None = None
    best_seconds = np.inf
    for seconds, draft, ground in drafts[: round(_SEEN_SHARE * closed)]:
        if seconds >= best_seconds:
            break  # showing more only adds time
        route = _seen(draft, ground, photos, motion)
        seconds = motion.path_seconds(route.points())
        if seconds < best_seconds:
            best, best_seconds = route, seconds
    assert best is not None  # the first draft was tried
    return close_gaps(shape, best, spacing_m, wanted_share, inside, motion)


def _closed(
    trials: Sequence[_Trial], shape: Polygon, inside: Inside, wanted: Wanted, motion: Motion
) -> list[tuple[float, Draft, Ground]]:
    """Trials without gaps, fastest first; those that turn out slow are dropped."""
    found: list[tuple[float, Draft, Ground]] = []
    canvases: dict[float, Canvas] = {}
    best_seconds = np.inf
    for trial in trials:
        if trial.seconds >= best_seconds:
            continue  # closing gaps only adds time
        angle = round(trial.angle_deg % 180, 2)
        if angle not in canvases:
            canvases[angle] = Canvas.of(shape, wanted.spacing_m, angle)
        ground = Ground(shape, inside, canvases[angle], wanted.spacing_m)
        share = 1 - _SAFER * wanted.spare_share
        draft = close(trial.draft, ground, share, motion, _CLOSE_SECOND * best_seconds)
        if draft is not None:
            seconds = motion.path_seconds(draft.route.points())
            best_seconds = min(best_seconds, seconds)
            found.append((seconds, draft, ground))
    return sorted(found, key=lambda one: one[0])


def _promising(trials: Sequence[_Trial], most: int) -> list[_Trial]:
    """The fastest by their estimates, and before them the fastest that has no gaps to close."""
    whole = [trial for trial in trials if not trial.gap_seconds][:1]
    return [*whole, *(trial for trial in trials[:most] if trial not in whole)]


def _seen(draft: Draft, ground: Ground, photos: Photos, motion: Motion) -> Route:
    """Let rows get longer, and add one through each unseen patch, until photos show enough."""
    canvas = ground.canvas
    open_ = canvas.inside.copy()  # what no row was added for yet
    for left in reversed(range(_MOST_ADDED)):
        shots = Shots.of(canvas, photos, motion, draft.rows, draft.most_m)
        shots.lengthen()
        unseen = np.zeros_like(open_)
        unseen[tuple(shots.unseen().T)] = True
        unseen &= open_
        if shots.share() >= photos.share or not left or not unseen.any():
            break
        patch = largest_patch(unseen)
        open_[tuple(patch.T)] = False
        draft = add_row(draft, ground, canvas.pixel_centres(patch), motion)
    return connect(shortened(draft.rows, shots.trims_m), ground.inside)


def simplified(polygon: Polygon) -> Polygon:
    """Leave out corners that lie within 0.4 m of a straight line, or more if there are many."""
    simple = polygon
    for tolerance in _SIMPLE_M:
        shape = polygon.simplify(tolerance)
        if not (isinstance(shape, Polygon) and shape.is_valid):
            break
        simple = shape
        if len(reflex_corners(simple)) <= _MOST_CORNERS:
            break
    return simple


def _parallel(polygon: Polygon, layouts: Sequence[Layout]) -> Iterator[list[_Block]]:
    """Rows of one direction over the whole polygon."""
    for layout in layouts:
        strips = sweep_levels(polygon, layout.angle_deg, layout.levels_m)
        if strips:
            yield [_Block(polygon, strips, layout.gap_seconds)]


def _free(polygon: Polygon, wanted: Wanted, motion: Motion) -> Iterator[list[_Block]]:
    """Rows beside bent sides, and rows of several directions."""
    for strips in covers_along(polygon, wanted.spacing_m):
        yield [_Block(polygon, strips)]
    parts = decompose(polygon, wanted, motion)
    if len(parts) > 1:
        yield [
            _Block(
                part.area,
                sweep_levels(part.area, part.layout.angle_deg, part.layout.levels_m),
                part.layout.gap_seconds,
            )
            for part in parts
        ]


def _trial(blocks: Sequence[_Block], inside: Inside, motion: Motion, wanted: Wanted) -> _Trial:
    strips = [strip for block in blocks for strip in block.strips]
    owner = [number for number, block in enumerate(blocks) for _ in block.strips]
    order = ordered(strips, inside, motion)
    rows = np.concatenate([way for _, way in order])
    of = np.concatenate([np.full(len(way), owner[strip]) for strip, way in order])
    most = np.zeros((len(rows), 2))
    for number, block in enumerate(blocks):
        mine = of == number
        most[mine] = slack(_sketch(block.area, wanted), rows, wanted.spacing_m, wanted.trim_m)[mine]
    route = connect(shortened(rows, most), inside)
    seconds = motion.path_seconds(route.points())
    return _Trial(
        Draft(rows, most, route), seconds, sum(b.gap_seconds for b in blocks), _main_angle(rows)
    )


def _sketch(polygon: Polygon, wanted: Wanted) -> Polygon:
    """A polygon without bends that matter little to where rows may end."""
    plain = polygon.simplify(_SKETCH_SHARE * wanted.spacing_m)
    return plain if isinstance(plain, Polygon) and plain.is_valid else polygon


def _main_angle(rows: Array) -> float:
    """Direction of the longest row, degrees."""
    steps = rows[:, 1] - rows[:, 0]
    east, north = steps[int(np.hypot(steps[:, 0], steps[:, 1]).argmax())]
    return float(np.degrees(np.arctan2(north, east)))


def _angles(polygon: Polygon) -> list[float]:
    """Directions worth trying: of the longer edges, and every 5 degrees."""
    edges = edge_angles(polygon, most=_MOST_EDGES)
    return distinct([*edges, *np.arange(0, 180, _STEP_DEG).tolist()])
