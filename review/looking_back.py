"""Which earlier photo shows the ground of a photo, and where in it?"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import numpy as np

from geo.frames import Array, LocalFrame
from geo.projection import ground_from_pixels, pixels_from_ground
from geo.terrain import Terrain
from review.ground import ground_below
from review.holdings import Holding
from review.photos import PhotoShelf
from vision.frame_extent import Outlook, outlook_of
from vision.model import Frame

_STEPS = 7  # of the grid of pixels that two photos are laid over each other by
_LEAST_SHARE = 0.25
"""Of the grid that the earlier photo has to show for the whole picture to be worth swiping."""

Place = tuple[float, float]


def earlier_photo(
    photos: PhotoShelf, terrain: Terrain | None, place: Place, frame: Frame, patrol_id: str
) -> tuple[str, Frame] | None:
    """Find the best photo, with its patrol, of the latest earlier patrol that shows a place.

    Args:
        photos: patrols that cannot show the place are told by their outlooks, and not read.
        terrain: None takes the ground as flat below each photo.
        place: lon, lat degrees.
        frame: a photo of the place, whose ground the other one has to show a good part of.
        patrol_id: of that photo; another patrol's is wanted.
    """
    ground_m = None if terrain is None else _altitude_m(place, terrain)
    before_s = _known_s(frame.taken_at)

    def may_show(outlook: Outlook) -> bool:
        return outlook.first_s < before_s and outlook.may_show(*place, ground_m)

    latest: tuple[float, int] | None = None  # when; of several at once the first patrol counts
    found = None
    for nth, holding, outlook in _candidates(photos, may_show, patrol_id):
        if latest is not None and outlook.last_s < latest[0]:
            break
        others = photos.patrols.frames(holding).values()
        near = (other for other in others if (seen := outlook_of(other)) and may_show(seen))
        showing = list(_showing(near, terrain, place, frame))
        if not showing:
            continue
        at = max(_known_s(other.taken_at) for other, _ in showing), -nth
        if latest is None or at > latest:
            latest = at
            found = holding.patrol_id, min(showing, key=lambda entry: entry[1])[0]
    return found


def _candidates(
    photos: PhotoShelf, may_show: Callable[[Outlook], bool], patrol_id: str
) -> list[tuple[int, Holding, Outlook]]:
    """Other patrols, numbered, that may show a place before a photo does; the last first."""
    others = [
        (nth, holding, holding.outlook)
        for nth, holding in enumerate(photos.patrols.all())
        if holding.patrol_id != patrol_id and holding.outlook and may_show(holding.outlook)
    ]
    return sorted(others, key=lambda entry: -entry[2].last_s)


def _showing(
    others: Iterable[Frame], terrain: Terrain | None, place: Place, frame: Frame
) -> Iterator[tuple[Frame, float]]:
    """Photos that show a photo's ground, with pixels from their middle to the place."""
    for other in others:
        off_px = _off_middle_px(other, terrain, place)
        if off_px is not None and _covers(other, frame, terrain):
            yield other, off_px


def _known_s(taken_at: datetime | None) -> float:
    return float("nan") if taken_at is None else taken_at.timestamp()


def _altitude_m(place: Place, terrain: Terrain) -> float:
    return float(terrain.altitudes_amsl_m(np.array([place]))[0])


def _off_middle_px(other: Frame, terrain: Terrain | None, place: Place) -> float | None:
    """How far a place lies from the middle of a photo; None where it lies outside."""
    ground = terrain or ground_below(other)
    if other.camera is None or other.pose is None or ground is None:
        return None
    xyz_m = np.array([[0.0, 0.0, _altitude_m(place, ground)]])
    x, y = pixels_from_ground(xyz_m, other.camera, other.pose, LocalFrame(*place))[0]
    if not (0 <= x < other.width_px and 0 <= y < other.height_px):
        return None
    return float(np.hypot(x - other.width_px / 2, y - other.height_px / 2))


def _covers(other: Frame, frame: Frame, terrain: Terrain | None) -> bool:
    moved = pixels_in(other, frame, terrain)
    if moved is None:
        return False
    size = np.array([other.width_px, other.height_px])
    inside = ((moved >= 0) & (moved < size)).all(axis=1)
    return bool(inside.mean() >= _LEAST_SHARE)


def pixel_grid(frame: Frame) -> Array:
    """Pixels (N, 2) spread over a photo."""
    across = np.linspace(0, frame.width_px - 1, _STEPS)
    down = np.linspace(0, frame.height_px - 1, _STEPS)
    grid: Array = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    return grid


def pixels_in(other: Frame, frame: Frame, terrain: Terrain | None) -> Array | None:
    """Where the grid of a photo lies in another one (N, 2), NaN where it does not."""
    ground = terrain or ground_below(frame)
    if ground is None or frame.camera is None or frame.pose is None:
        return None
    if other.camera is None or other.pose is None:
        return None
    place = frame.pose.position
    local = LocalFrame(place.lon_deg, place.lat_deg)
    xyz_m = ground_from_pixels(pixel_grid(frame), frame.camera, frame.pose, ground, local)
    return pixels_from_ground(xyz_m, other.camera, other.pose, local)
