"""EDGE: photos that officers take at the place: looked at before they are kept, never changed.

A file is named by its hash, so the request names no path, and the same photo is kept once. It is
kept as it was sent: its tags (time, place, device) are evidence.
"""

import hashlib
import io
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse
from PIL import Image

from cases.attaching import PlacePhoto, photos_of, refuse_early
from cases.drawing import Draughtsman
from cases.lifecycle import Role
from geo.errors import AerogridError
from geo.files import replacing
from review import answers
from review.admission import ClockOf, Data, Guest
from review.blind import Blind, detail_of, seen
from review.errors import NoJpegError, NoPhotosError, PhotoSizeError, UnknownPhotoError
from review.views import PRIVATE, Name
from vision.errors import PhotoError
from vision.images import read_tags

router = APIRouter(prefix="/api")

MOST_PIXELS = 50_000_000
"""Of a phone's photo; more is no photo, but a bomb that fills the memory."""
_LEAST_SIDE_PX = 64
_decoding = threading.BoundedSemaphore(2)  # a photo of 50 megapixels takes 150 MB

_JPEG_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
    }
}


async def _content(request: Request) -> bytes:
    """The whole body; the guard has seen that it is not too long."""
    return await request.body()


@router.post("/cases/{case_no}/photos", openapi_extra=_JPEG_BODY)
def post_photo(
    case_no: str,
    content: Annotated[bytes, Depends(_content)],
    data: Data,
    blind: Blind,
    clock: ClockOf,
    visitor: Guest,
    actor: Annotated[Name | None, Query()] = None,
    role: Role | None = None,
) -> answers.CaseDetail:
    """Keep a photo (JPEG) that was taken at the place of a case, and note it in its history."""
    acts_as, now = visitor.acts_as(role), clock()
    shown = seen(data, blind, case_no)
    case = shown.case if shown else data.registry.case(case_no)
    if data.feedback is None:
        raise NoPhotosError
    refuse_no_photo(content)
    refuse_early(case, acts_as)
    path = data.feedback / f"{hashlib.sha256(content).hexdigest()}.jpg"
    is_new = not path.exists()
    if is_new:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    by = Draughtsman(visitor.signs(actor), acts_as, now)
    try:
        case = data.registry.attach(case_no, _told(path), by=by)
    except AerogridError:
        if is_new:
            path.unlink(missing_ok=True)
        raise
    return detail_of(data, case, acts_as, now)


@router.get("/cases/{case_no}/photos/{sha256}.jpg", response_class=FileResponse)
def get_place_photo(case_no: str, sha256: str, data: Data, blind: Blind) -> FileResponse:
    """Show a photo from the place of a case."""
    shown = seen(data, blind, case_no)
    known = photos_of(shown.events if shown else data.registry.history(case_no))
    if data.feedback is None or sha256 not in known:
        raise UnknownPhotoError(f"case {case_no} has no photo from the place {sha256!r}")
    path = data.feedback / f"{sha256}.jpg"
    if not path.is_file():
        raise UnknownPhotoError(f"the file of photo {sha256} of case {case_no} is gone")
    return FileResponse(path, headers=PRIVATE, media_type="image/jpeg")


def refuse_no_photo(content: bytes) -> None:
    """Refuse what is no whole JPEG of a photo's size; nothing large is decoded to find out.

    Raises:
        NoJpegError: it is no whole JPEG.
        PhotoSizeError: it has too many or too few pixels.
    """
    try:
        with warnings.catch_warnings(), _decoding:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
                _refuse_size(image.width, image.height)
                image.load()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise PhotoSizeError(f"the photo has more than {MOST_PIXELS:,} pixels") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise NoJpegError(f"this is no whole JPEG ({error}); take the photo again") from error


def _refuse_size(width_px: int, height_px: int) -> None:
    if width_px * height_px > MOST_PIXELS:
        raise PhotoSizeError(
            f"the photo has {width_px} x {height_px} pixels; at most {MOST_PIXELS:,} are kept"
        )
    if min(width_px, height_px) < _LEAST_SIDE_PX:
        raise PhotoSizeError(
            f"the photo has {width_px} x {height_px} pixels; at least {_LEAST_SIDE_PX} a side"
        )


def _told(path: Path) -> PlacePhoto:
    """What a kept photo says of itself; damaged tags say nothing."""
    sha256, size_bytes = path.stem, path.stat().st_size
    try:
        tags = read_tags(path)
    except PhotoError:
        return PlacePhoto(sha256, size_bytes)
    taken_at = str(tags.exif.get("DateTimeOriginal", ""))[:19] or None
    lat_deg, lon_deg = _degrees(tags.gps, "GPSLatitude"), _degrees(tags.gps, "GPSLongitude")
    if lat_deg is None or lon_deg is None:
        return PlacePhoto(sha256, size_bytes, taken_at)
    return PlacePhoto(sha256, size_bytes, taken_at, lon_deg, lat_deg)


def _degrees(gps: Mapping[str, Any], name: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in gps[name])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not value <= 180:
        return None
    return round(-value if gps.get(f"{name}Ref") in ("S", "W") else value, 7)
