"""Which pictures does the contact sheet of a patrol show?"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import shapely

from cases.categories import Category
from cases.drawing import score_of
from cases.model import Case, Evidence
from cases.rules import find_category
from vision.contact_sheet import Tile
from vision.model import Detection, Frame
from vision.overlays import Mark, class_name_en, mark_of

MOST_TILES = 40
_EDGE_SHARE = 0.02
_MOST_URGENT_FIRST = (
    "flame",
    "smoke",
    "burn_scar",
    "boat",
    "fishing_gear",
    "construction",
    "building",
)


_RANKS = {name: -float(place) for place, name in enumerate(_MOST_URGENT_FIRST)}


def choose_tiles(
    frames: Sequence[Frame],
    detections: Iterable[Detection],
    cases: Sequence[Case],
    categories: tuple[Category, ...],
    patrol_id: str,
) -> list[Tile]:
    """Take each case that the patrol saw, urgent ones first, then photos without a case.

    Photos come in turns of their classes, so that a hundred roofs do not hide one fire.
    """
    readable = {frame.photo_id: frame for frame in frames if frame.is_readable}
    tiles = case_tiles(cases, categories, patrol_id, readable)[:MOST_TILES]
    shown = {item.photo_id for case in cases for item in case.evidence}
    left = {
        photo_id: found
        for photo_id, found in _by_photo(detections).items()
        if photo_id in readable and photo_id not in shown
    }
    rest = in_turns(left)[: MOST_TILES - len(tiles)]
    return tiles + [_photo_tile(readable[name], left[name], bool(cases)) for name in rest]


def case_tiles(
    cases: Sequence[Case],
    categories: tuple[Category, ...],
    patrol_id: str,
    frames: Mapping[str, Frame],
) -> list[Tile]:
    """One close-up for each case that the patrol saw, in the order of the queue."""
    ordered = sorted(cases, key=lambda case: (case.urgency, -case.score, case.case_no))
    tiles = []
    for case in ordered:
        outlines = _best_photo(case, patrol_id, frames)
        if outlines:
            name = find_category(categories, case.category).name.en
            tiles.append(_case_tile(case, name, frames[outlines[0].photo_id], outlines))
    return tiles


def _best_photo(case: Case, patrol_id: str, frames: Mapping[str, Frame]) -> list[Evidence]:
    """Outlines of the case in the photo that shows most of its classes, whole, and large."""
    photos: dict[str, list[Evidence]] = {}
    for item in case.evidence:
        if item.patrol_id == patrol_id and item.photo_id in frames:
            photos.setdefault(item.photo_id, []).append(item)

    def worth(outlines: list[Evidence]) -> tuple[int, bool, float]:
        shapes = [item.polygon_px for item in outlines]
        is_whole = _is_inside(shapely.multipolygons(shapes), frames[outlines[0].photo_id])
        classes = {item.class_name for item in outlines}
        return len(classes), is_whole, sum(shape.area for shape in shapes)

    return max(photos.values(), key=worth, default=[])


def _is_inside(shape: shapely.MultiPolygon, frame: Frame) -> bool:
    """Whether a shape keeps away from the photo's edge."""
    edge_px = _EDGE_SHARE * frame.width_px
    inner = shapely.box(
        edge_px,
        edge_px,
        max(edge_px, frame.width_px - edge_px),
        max(edge_px, frame.height_px - edge_px),
    )
    return bool(inner.contains(shape.envelope))


def _case_tile(case: Case, category: str, frame: Frame, outlines: Sequence[Evidence]) -> Tile:
    marks = tuple(
        Mark(
            item.class_name,
            item.polygon_px,
            class_name_en(item.class_name),
            rank=_RANKS.get(item.class_name, -99.0),
        )
        for item in outlines
    )
    bounds = shapely.multipolygons([item.polygon_px for item in outlines]).bounds
    number = case.case_no.rpartition("-")[2]
    photo = frame.photo_id.rpartition("/")[2]
    score = score_of(case)
    surety = "drawn by hand" if score is None else f"score {score:.2f}"
    return Tile(
        frame,
        marks,
        title=f"{number}  {category}, {surety}",
        note=", ".join(part for part in (case.place.cell_code, photo) if part),
        focus_px=bounds,
    )


def _by_photo(detections: Iterable[Detection]) -> dict[str, list[Detection]]:
    found: dict[str, list[Detection]] = {}
    for item in detections:
        found.setdefault(item.photo_id, []).append(item)
    return found


def in_turns(found: Mapping[str, Sequence[Detection]]) -> list[str]:
    """Order photos: the surest of each class in turn, the most urgent class first."""
    queues = [_surest_first(found, name) for name in _MOST_URGENT_FIRST]
    longest = max((len(queue) for queue in queues), default=0)
    turns = [queue[n] for n in range(longest) for queue in queues if n < len(queue)]
    return list(dict.fromkeys(turns))


def _surest_first(found: Mapping[str, Sequence[Detection]], class_name: str) -> list[str]:
    best = {
        photo_id: max(item.score for item in items if item.class_name == class_name)
        for photo_id, items in found.items()
        if any(item.class_name == class_name for item in items)
    }
    return sorted(best, key=lambda photo_id: (-best[photo_id], photo_id))


def _photo_tile(frame: Frame, found: Sequence[Detection], after_cases: bool) -> Tile:
    counts = Counter(class_name_en(item.class_name) for item in found)
    seen = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    title = f"no case: {seen}" if after_cases else seen
    return Tile(frame, tuple(mark_of(item) for item in found), title=title, note=frame.photo_id)
