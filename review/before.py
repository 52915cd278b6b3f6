"""The ground of a photo as an earlier patrol saw it, laid over the photo pixel by pixel."""

from typing import Annotated

import cv2
import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import Response

from cases.model import Case
from review import answers
from review.admission import Data
from review.errors import MissingPhotoError, UnknownPhotoError
from review.looking_back import earlier_photo, pixel_grid, pixels_in
from review.sources import ReviewData
from review.views import PRIVATE
from vision.model import Frame

router = APIRouter(prefix="/api")

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
    moved = pixels_in(earlier, frame, data.terrain)
    assert moved is not None, "a photo that was found shows the ground"
    scale = min(1.0, longest_px / max(frame.width_px, frame.height_px))
    size = (round(frame.width_px * scale), round(frame.height_px * scale))
    known = np.isfinite(moved).all(axis=1)
    here = (pixel_grid(frame)[known] + 0.5) * scale - 0.5
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
    place = case.lon_deg, case.lat_deg
    return earlier_photo(data.photos, data.terrain, place, frame, patrol_id)
