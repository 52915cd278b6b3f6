"""The ground of a photo as an earlier patrol saw it, laid over the photo pixel by pixel."""

from datetime import datetime
from typing import Annotated

import cv2
import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import Response

from cases.model import Case
from geo.frames import Array, LocalFrame
from geo.projection import ground_from_pixels, pixels_from_ground
from geo.terrain import Terrain
from review import answers
from review.admission import Data
from review.errors import MissingPhotoError, UnknownPhotoError
from review.ground import ground_below
from review.sources import ReviewData
from review.views import PRIVATE
from vision.model import Frame

router = APIRouter(prefix="/api")

_STEPS = 7  # of the grid of pixels that two photos are laid over each other by
_LEAST_SHARE = 0.25
"""Of the grid that the earlier photo has to show for the whole picture to be worth swiping."""
_LEAST_LONG_PX, _MOST_LONG_PX = 320, 2400

Patrol = Annotated[str, Query(max_length=300)]
Photo = Annotated[str, Query(max_length=300)]


@router.get(
    "/cases/{case_no}/before",
    response_model=answers.EarlierPhoto,
    responses={204: {"description": "no earlier photo shows it"}},
)
def get_before(
    case_no: str, patrol: Patrol, photo: Photo, data: Data
) -> answers.EarlierPhoto | Response:
    """Say which earlier photo shows the ground of one of the case's photos; 204 where none does."""
    case = data.registry.case(case_no)
    found = _earlier(data, case, _frame(data, case, patrol, photo), patrol)
    if found is None:
        return Response(status_code=204)
    patrol_id, earlier = found
    return answers.EarlierPhoto(earlier.photo_id, patrol_id, earlier.taken_at)


@router.get("/cases/{case_no}/before.jpg", response_class=Response)
def get_before_picture(
    case_no: str,
    patrol: Patrol,
    photo: Photo,
    data: Data,
    longest_px: Annotated[int, Query(alias="max", ge=_LEAST_LONG_PX, le=_MOST_LONG_PX)] = 1600,
) -> Response:
    """Show that photo as if it had been taken from where the case's photo was."""
    case = data.registry.case(case_no)
    frame = _frame(data, case, patrol, photo)
    found = _earlier(data, case, frame, patrol)
    if found is None:
        raise UnknownPhotoError(f"no earlier photo shows the place of case {case_no}")
    patrol_id, earlier = found
    moved = _pixels_in(earlier, frame, data.terrain)
    assert moved is not None, "a photo that was found shows the ground"
    scale = min(1.0, longest_px / max(frame.width_px, frame.height_px))
    size = (round(frame.width_px * scale), round(frame.height_px * scale))
    known = np.isfinite(moved).all(axis=1)
    here = (_grid(frame)[known] + 0.5) * scale - 0.5
    matrix, _ = cv2.findHomography(moved[known], here)
    content = data.photos.laid(patrol_id, earlier.photo_id, matrix, size)
    return Response(content, media_type="image/jpeg", headers=PRIVATE)


def _frame(data: ReviewData, case: Case, patrol_id: str, photo_id: str) -> Frame:
    """A photo of the case; of no other is told what was there before."""
    evidence = {(entry.patrol_id, entry.photo_id) for entry in case.evidence}
    frame = data.photos.frame(patrol_id, photo_id)
    if frame is None or (patrol_id, photo_id) not in evidence:
        raise MissingPhotoError(patrol_id, photo_id)
    return frame


def _earlier(
    data: ReviewData, case: Case, frame: Frame, patrol_id: str
) -> tuple[str, Frame] | None:
    """The best photo, with its patrol, of the latest earlier patrol that shows the case's place."""
    found = [
        (_known(other.taken_at), -off, (owner, other))
        for owner, other in data.photos.all_frames()
        if owner != patrol_id and _is_before(other, frame)
        if (off := _off_middle(other, case, data.terrain)) is not None
        if _covers(other, frame, data.terrain)
    ]
    if not found:
        return None
    latest = max(found, key=lambda entry: entry[0])[2][0]
    of_latest = [entry for entry in found if entry[2][0] == latest]
    return max(of_latest, key=lambda entry: entry[1])[2]


def _is_before(other: Frame, frame: Frame) -> bool:
    return _known(other.taken_at) < _known(frame.taken_at)


def _known(taken_at: datetime | None) -> float:
    return float("nan") if taken_at is None else taken_at.timestamp()


def _off_middle(other: Frame, case: Case, terrain: Terrain | None) -> float | None:
    """How far the case lies from the middle of a photo, pixels; None where it lies outside."""
    ground = terrain or ground_below(other)
    if other.camera is None or other.pose is None or ground is None:
        return None
    place = np.array([[case.lon_deg, case.lat_deg]])
    local = LocalFrame(case.lon_deg, case.lat_deg)
    xyz_m = np.array([[0.0, 0.0, ground.altitudes_amsl_m(place)[0]]])
    x, y = pixels_from_ground(xyz_m, other.camera, other.pose, local)[0]
    if not (0 <= x < other.width_px and 0 <= y < other.height_px):
        return None
    return float(np.hypot(x - other.width_px / 2, y - other.height_px / 2))


def _covers(other: Frame, frame: Frame, terrain: Terrain | None) -> bool:
    moved = _pixels_in(other, frame, terrain)
    if moved is None:
        return False
    size = np.array([other.width_px, other.height_px])
    inside = ((moved >= 0) & (moved < size)).all(axis=1)
    return bool(inside.mean() >= _LEAST_SHARE)


def _grid(frame: Frame) -> Array:
    """Pixels (N, 2) spread over a photo."""
    across = np.linspace(0, frame.width_px - 1, _STEPS)
    down = np.linspace(0, frame.height_px - 1, _STEPS)
    grid: Array = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    return grid


def _pixels_in(other: Frame, frame: Frame, terrain: Terrain | None) -> Array | None:
    """Where the grid of a photo lies in another one (N, 2), NaN where it does not."""
    ground = terrain or ground_below(frame)
    if ground is None or frame.camera is None or frame.pose is None:
        return None
    if other.camera is None or other.pose is None:
        return None
    place = frame.pose.position
    local = LocalFrame(place.lon_deg, place.lat_deg)
    xyz_m = ground_from_pixels(_grid(frame), frame.camera, frame.pose, ground, local)
    return pixels_from_ground(xyz_m, other.camera, other.pose, local)
