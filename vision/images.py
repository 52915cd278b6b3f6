"""EDGE: what is in a photo file: its pixels as RGB, its EXIF and XMP tags, its hash."""

import hashlib
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePath
from struct import error as struct_error
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from vision.errors import ChangedPhotoError, PhotoError
from vision.metadata import PhotoTags, orientation_of
from vision.xmp import xmp_properties

Picture = NDArray[np.uint8]
"""(rows, columns, 3) red, green, blue."""

PurePathT = TypeVar("PurePathT", bound=PurePath)
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
MOST_PIXELS = 250_000_000  # 0.75 GB as RGB; above any drone camera, below what stops a machine

# Pillow's own limit warns per process and cannot be set per file; _opened() checks each file.
Image.MAX_IMAGE_PIXELS = None
# Damaged tags are told by what is missing in a frame's reasons, not on the terminal.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by EXIF orientation
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_GPS, _EXIF = ExifTags.IFD.GPSInfo, ExifTags.IFD.Exif


def list_photos(folder: Path) -> tuple[Path, ...]:
    """Photo files below a folder, sorted by path; hidden files are left out."""
    if not folder.is_dir():
        raise PhotoError(f"{folder}: no such folder; give the folder that holds the photos")
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return tuple(folder / path for path in photos_among(files))


def photos_among(files: Iterable[PurePathT]) -> list[PurePathT]:
    """Photo files among paths below a folder, sorted; hidden files are left out."""
    return sorted(
        (
            path
            for path in files
            if path.suffix.lower() in PHOTO_SUFFIXES
            and not any(part.startswith(".") for part in path.parts)
        ),
        key=lambda path: path.parts,
    )


def sha256_of(path: Path) -> str:
    """Hash a file's bytes, hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PhotoError(f"{path}: cannot be read ({error.strerror}); check the file") from error


def read_rgb(path: Path, *, scale: float = 1.0) -> Picture:
    """Read a picture as it is meant to be looked at (EXIF orientation applied).

    Args:
        path: any file that Pillow reads; 16-bit, grey, CMYK and transparent pictures are converted.
        scale: a JPEG is decoded at the coarsest of 1, 1/2, 1/4, 1/8 that keeps this share of its
            size, which is several times faster; other formats come at full size.
    """
    with _opened(path) as image:
        return _decoded(image, scale)


def read_pinned_rgb(path: Path, sha256: str, *, scale: float = 1.0) -> Picture:
    """Read a picture like `read_rgb`, but only the very file whose hash was kept.

    Whatever shows a photo as evidence reads it here, so that no other picture takes its place.

    Raises:
        ChangedPhotoError: the file's bytes hash to something else.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != sha256:
                raise ChangedPhotoError(path, found, sha256)
            file.seek(0)
            with _opened(path, file) as image:
                return _decoded(image, scale)
    except OSError as error:
        raise PhotoError(f"{path}: cannot be read ({error.strerror}); check the file") from error


def _decoded(image: Image.Image, scale: float) -> Picture:
    if scale < 1 and image.format in ("JPEG", "MPO"):
        image.draft("RGB", (math.ceil(image.width * scale), math.ceil(image.height * scale)))
    return _rgb(_upright(image))


def read_tags(path: Path) -> PhotoTags:
    """Read size, EXIF and XMP without decoding the picture."""
    with _opened(path) as image:
        exif, gps = _ifds(image)
        return PhotoTags(image.width, image.height, exif, gps, xmp_properties(_xmp_text(image)))


def _upright(image: Image.Image) -> Image.Image:
    """Turn as the tags say; ImageOps.exif_transpose also writes them anew, and odd ones end it."""
    exif = _ifds(image)[0]
    turn = _TURNS.get(orientation_of(PhotoTags(*image.size, exif)))
    return image if turn is None else image.transpose(turn)


def _ifds(image: Image.Image) -> tuple[dict[str, Any], dict[str, Any]]:
    """EXIF and GNSS tags by name; damaged ones say nothing, and the pixels may be fine."""
    try:
        exif = image.getexif()
        main, photo, gps = dict(exif), exif.get_ifd(_EXIF), exif.get_ifd(_GPS)
    except (SyntaxError, ValueError, KeyError, TypeError):
        return {}, {}
    named = _named(main, ExifTags.TAGS) | _named(photo, ExifTags.TAGS)
    return named, _named(gps, ExifTags.GPSTAGS)


def _named(tags: Mapping[int, Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {names[key]: value for key, value in tags.items() if key in names}


def _xmp_text(image: Image.Image) -> str:
    raw = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    if isinstance(raw, bytes):
        return raw.decode("utf-8", errors="replace")
    return raw if isinstance(raw, str) else ""


@contextmanager
def _opened(path: Path, file: BinaryIO | None = None) -> Iterator[Image.Image]:
    """Open a picture; every way in which its file can be broken becomes a PhotoError.

    `file` is the file at `path` where it is open already.
    """
    try:
        with Image.open(file or path) as image:
            if image.width * image.height > MOST_PIXELS:
                raise PhotoError(
                    f"{path}: {image.width} x {image.height} pixels are more than the "
                    f"{MOST_PIXELS / 1e6:.0f} million allowed; cut the picture into parts"
                )
            yield image
    except UnidentifiedImageError as error:
        raise PhotoError(f"{path}: no picture that can be read ({_not_read(path)})") from error
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, struct_error) as error:
        what = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise PhotoError(f"{path}: damaged or cut short ({what}); copy it again") from error


def _not_read(path: Path) -> str:
    """Why Pillow does not know what a file is."""
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        return "the file is empty; copy it again"
    if start in _TIFF_STARTS:
        return "a TIFF of a kind not supported, such as colours of 16 bits; save it with 8 bits"
    return "it holds no JPEG, PNG, TIFF or WebP"


def _rgb(image: Image.Image) -> Picture:
    """Bring any kind of pixel to 8-bit RGB."""
    if image.mode.startswith(("I", "F")):
        return _stretched(np.asarray(image, dtype=np.float64))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        over = image.convert("RGBA")
        image = Image.new("RGBA", over.size, (0, 0, 0, 255))
        image.alpha_composite(over)  # nothing there is black, as outside of an orthophoto
    return np.array(image.convert("RGB"))


def _stretched(values: NDArray[np.float64]) -> Picture:
    """Grey values of more than 8 bits, their middle 99 per cent spread over 0 to 255."""
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, (0.5, 99.5)) if known.size else (0.0, 1.0)
    spread = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    grey = (np.nan_to_num(spread) * 255).round().astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
