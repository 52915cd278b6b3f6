"""Which of a case's photos to show: of each patrol its best, the next best, one from the side."""

from collections.abc import Iterator, Sequence

from cases.model import Case, Evidence

NADIR_DEG = -90.0
OBLIQUE_FROM_DEG = 20.0
"""Off straight down: from there walls, and so storeys and roofs, can be told."""


def chosen_photos(case: Case) -> list[Evidence]:
    """Choose up to three photos of each patrol, the newest patrol's first.

    Filing puts the outlines of a patrol in the order of their worth: whole before cut, then
    certain, near the middle, large. A photo from the side is added where neither of the two best
    is one. Each photo is told once, by its first outline.
    """
    by_patrol: dict[str, list[Evidence]] = {}
    for entry in case.evidence:
        photos = by_patrol.setdefault(entry.patrol_id, [])
        if all(entry.photo_sha256 != other.photo_sha256 for other in photos):
            photos.append(entry)
    newest_first = sorted(by_patrol.values(), key=lambda photos: -photos[0].version)
    return [entry for photos in newest_first for entry in _of_patrol(photos)]


def _of_patrol(photos: Sequence[Evidence]) -> Iterator[Evidence]:
    best, others = photos[:2], photos[2:]
    yield from best
    if not any(map(_is_oblique, best)):
        yield from [entry for entry in others if _is_oblique(entry)][:1]


def _is_oblique(entry: Evidence) -> bool:
    return _off_nadir_deg(entry) >= OBLIQUE_FROM_DEG


def _off_nadir_deg(entry: Evidence) -> float:
    """Angle between the view and straight down; 0 where the pose is unknown."""
    return 0.0 if entry.pose is None else abs(entry.pose.attitude.pitch_deg - NADIR_DEG)
