"""EDGE: pictures for the page: photos made smaller and crops of what was seen, as JPEG.

Only photos that a patrol's frames name can be asked for; a request never names a path.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
from PIL import Image, ImageDraw
from shapely import Polygon

from geo.frames import Array
from review.errors import MissingPhotoError, UnknownPhotoError
from review.holdings import Holdings
from review.kept import Kept
from vision.errors import PhotoError
from vision.images import read_pinned_rgb, read_rgb, sha256_of
from vision.model import Frame

CROP_SIDE_PX = 160
_CROP_CONTEXT = 2.2  # the crop's side is this many times the object's extent
_LEAST_CROP_PX = 96
_QUALITY = 85
_CACHE_BYTES = 96 * 2**20
_HASHES = 20_000
_AT_ONCE = 4  # a decoded photo of 20 megapixels takes 60 MB
_JPEG_SUFFIXES = (".jpg", ".jpeg")

_Stamp = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Marked:
    """An outline to draw in a crop."""

    polygon_px: Polygon
    colour: tuple[int, int, int]


class PhotoShelf:
    """The photos that the page may show, by patrol and photo id."""

    def __init__(self, holdings: Holdings) -> None:
        """Take the patrols; what no program can read of them is left out."""
        self.patrols = holdings
        self._hashes: Kept[_Stamp, str] = Kept(_HASHES, lambda _: 1, at_once=_AT_ONCE)
        self._cache: Kept[object, bytes] = Kept(_CACHE_BYTES, len, at_once=_AT_ONCE)

    def __len__(self) -> int:
        return sum(len(holding) for holding in self.patrols.all())

    def frame(self, patrol_id: str, photo_id: str) -> Frame | None:
        """Look up what is known of a photo; None where no patrol holds it."""
        holding = self.patrols.holding(patrol_id, photo_id)
        return self.patrols.frames(holding).get(photo_id) if holding else None

    def frames(self, patrol_id: str) -> list[Frame]:
        """List what is known of a patrol's photos."""
        holding = self.patrols.holding(patrol_id)
        return list(self.patrols.frames(holding).values()) if holding else []

    def path(self, patrol_id: str, photo_id: str) -> Path | None:
        """Find the photo's file; None where it is not there, or lies outside its folder."""
        holding = self.patrols.holding(patrol_id, photo_id)
        frame = self.frame(patrol_id, photo_id)
        if holding is None or frame is None:
            return None
        path = (holding.folder / frame.path).resolve()
        return path if path.is_relative_to(holding.folder) and path.is_file() else None

    def sha256(self, patrol_id: str, photo_id: str) -> str | None:
        """Hash the photo's file as it is now; None where it is not there or cannot be read."""
        path = self.path(patrol_id, photo_id)
        if path is None:
            return None
        try:
            return self._hashes.get(_stamp(path), lambda: sha256_of(path))
        except (OSError, PhotoError):
            return None

    def patrol_of(self, photo_id: str, may_show: Callable[[str], bool]) -> str:
        """Name the one patrol that holds a photo of this id, among those it may be shown of."""
        holding = [entry.patrol_id for entry in self.patrols.having(photo_id)]
        found = [patrol_id for patrol_id in holding if may_show(patrol_id)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise UnknownPhotoError(f"no patrol of this page holds the photo {photo_id!r}")
        raise UnknownPhotoError(
            f"photo {photo_id!r} occurs in the patrols {', '.join(found)}; name one with ?patrol="
        )

    def original(self, patrol_id: str, photo_id: str) -> Path | None:
        """Find the file if browsers can show it as it is."""
        path, _ = self._existing(patrol_id, photo_id)
        return path if path.suffix.lower() in _JPEG_SUFFIXES else None

    def jpeg(self, patrol_id: str, photo_id: str, longest_px: int) -> bytes:
        """Encode the photo with its longest side made no longer than a limit."""
        path, frame = self._existing(patrol_id, photo_id)
        scale = min(1.0, longest_px / max(frame.width_px, frame.height_px))
        return self._cache.get(
            (_stamp(path), longest_px), lambda: _encoded(_shrunk(path, scale, longest_px))
        )

    def crop(self, patrol_id: str, photo_id: str, sha256: str, marks: tuple[Marked, ...]) -> bytes:
        """Encode a square around outlines in a photo, with the outlines drawn.

        Raises:
            ChangedPhotoError: the file is not the one with this hash, in which they were seen.
        """
        path, frame = self._existing(patrol_id, photo_id)
        outlines = tuple((mark.polygon_px.wkb, mark.colour) for mark in marks)
        key = (_stamp(path), sha256, outlines)
        return self._cache.get(key, lambda: _encoded(_crop(path, sha256, frame, marks)))

    def laid(self, patrol_id: str, photo_id: str, matrix: Array, size: tuple[int, int]) -> bytes:
        """Encode a photo laid over another one by a homography (3, 3) from its pixels to those.

        Raises:
            ChangedPhotoError: the file is not the one that the patrol took.
        """
        path, frame = self._existing(patrol_id, photo_id)
        key = (_stamp(path), matrix.tobytes(), size)
        return self._cache.get(key, lambda: _encoded(_laid(path, frame.sha256, matrix, size)))

    def _existing(self, patrol_id: str, photo_id: str) -> tuple[Path, Frame]:
        path, frame = self.path(patrol_id, photo_id), self.frame(patrol_id, photo_id)
        if path is None or frame is None:
            raise MissingPhotoError(patrol_id, photo_id)
        return path, frame


def _stamp(path: Path) -> _Stamp:
    """Tell one content of a file from the next."""
    status = path.stat()
    return str(path), status.st_mtime_ns, status.st_size


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _shrunk(path: Path, scale: float, longest_px: int) -> Image.Image:
    image = Image.fromarray(read_rgb(path, scale=scale))
    image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def _laid(path: Path, sha256: str, matrix: Array, size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(cv2.warpPerspective(read_pinned_rgb(path, sha256), matrix, size))


def _crop(path: Path, sha256: str, frame: Frame, marks: tuple[Marked, ...]) -> Image.Image:
    left, top, side = crop_window(frame, tuple(mark.polygon_px for mark in marks))
    scale = min(1.0, CROP_SIDE_PX / side)
    picture = Image.fromarray(read_pinned_rgb(path, sha256, scale=scale))
    shrink = picture.width / frame.width_px  # the decoder halves, so this is at least `scale`
    box = tuple(value * shrink for value in (left, top, left + side, top + side))
    size = (CROP_SIDE_PX, CROP_SIDE_PX)
    image = picture.transform(size, Image.Transform.EXTENT, box, Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(image)
    zoom = CROP_SIDE_PX / side
    for mark in marks:
        for ring in (mark.polygon_px.exterior, *mark.polygon_px.interiors):
            line = [((x + 0.5 - left) * zoom, (y + 0.5 - top) * zoom) for x, y in ring.coords]
            draw.line(line, fill=(0, 0, 0), width=4, joint="curve")
            draw.line(line, fill=mark.colour, width=2, joint="curve")
    return image


def crop_window(frame: Frame, outlines: tuple[Polygon, ...]) -> tuple[float, float, float]:
    """Choose left, top and side in pixels of a square around outlines, inside where it fits."""
    bounds = [outline.bounds for outline in outlines]
    left, top = min(b[0] for b in bounds), min(b[1] for b in bounds)
    right, bottom = max(b[2] for b in bounds), max(b[3] for b in bounds)
    wanted = max((right - left) * _CROP_CONTEXT, (bottom - top) * _CROP_CONTEXT, _LEAST_CROP_PX)
    side = min(wanted, min(frame.width_px, frame.height_px))
    x = min(max((left + right - side) / 2, 0.0), frame.width_px - side)
    y = min(max((top + bottom - side) / 2, 0.0), frame.height_px - side)
    return x, y, side
