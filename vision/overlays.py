"""EDGE: pictures for people: outlines over photos, crops for review, contact sheets."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from shapely import Polygon

from geo.files import replacing
from vision.classes import CLASSES
from vision.errors import ChangedPhotoError
from vision.images import read_pinned_rgb
from vision.model import Detection, Frame

COLOURS = {entry.name: entry.colour for entry in CLASSES}
_GREY = (200, 200, 200)
_JPEG_QUALITY = 88


def overlay(
    image: NDArray[np.uint8], detections: Iterable[Detection], *, scale: float = 1.0
) -> NDArray[np.uint8]:
    """Draw outlines with a tinted inside and their scores.

    Args:
        image: (rows, columns, 3) RGB.
        detections: in pixels of the full picture.
        scale: size of `image` as a share of the full picture.
    """
    drawn = image.copy()
    width = max(1, round(max(image.shape[:2]) / 600))
    for item in detections:
        colour = COLOURS.get(item.class_name, _GREY)
        rings = _rings(item.polygon_px, scale)
        tinted = drawn.copy()
        cv2.fillPoly(tinted, rings, colour)
        cv2.addWeighted(tinted, 0.25, drawn, 0.75, 0, drawn)
        cv2.polylines(drawn, rings, isClosed=True, color=colour, thickness=width)
        _label(drawn, f"{item.class_name} {item.score:.2f}", rings[0].min(axis=0), colour, width)
    return drawn


def _rings(polygon: Polygon, scale: float) -> list[NDArray[np.int32]]:
    rings = [polygon.exterior, *polygon.interiors]
    return [np.round((np.asarray(r.coords) + 0.5) * scale - 0.5).astype(np.int32) for r in rings]


def _label(
    image: NDArray[np.uint8],
    text: str,
    corner: NDArray[np.int32],
    colour: tuple[int, int, int],
    width: int,
) -> None:
    size = 0.4 * width
    place = (max(0, int(corner[0])), max(12 * width, int(corner[1]) - 3 * width))
    for line, thickness in (((0, 0, 0), width + 2), (colour, width)):
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, line, thickness)


def crop(
    image: NDArray[np.uint8], polygon_px: Polygon, *, margin_share: float = 0.6, least_px: int = 320
) -> NDArray[np.uint8]:
    """Cut the surroundings of an outline out of a full picture."""
    west, north, east, south = polygon_px.bounds
    half = max((east - west) * (0.5 + margin_share), (south - north) * (0.5 + margin_share))
    half = max(half, least_px / 2)
    x, y = (west + east) / 2, (north + south) / 2
    rows, columns = image.shape[:2]
    top, left = max(0, math.floor(y - half)), max(0, math.floor(x - half))
    return image[top : min(rows, math.ceil(y + half)), left : min(columns, math.ceil(x + half))]


def draw_photo(
    folder: Path, frame: Frame, detections: Iterable[Detection], *, longest_px: int = 1600
) -> NDArray[np.uint8]:
    """Read a photo at no more than a size and draw what was found in it."""
    scale = min(1.0, longest_px / max(frame.width_px, frame.height_px))
    image = read_pinned_rgb(folder / frame.path, frame.sha256, scale=scale)
    size = (max(1, round(frame.width_px * scale)), max(1, round(frame.height_px * scale)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return overlay(small, detections, scale=scale)


def contact_sheet(
    folder: Path,
    frames: Sequence[Frame],
    detections: Mapping[str, Sequence[Detection]],
    *,
    columns: int = 4,
    tile_px: int = 480,
) -> NDArray[np.uint8]:
    """Show readable photos side by side with what was found; detections by photo_id.

    A photo that is no longer the one that was searched is not shown; its tile says so.
    """
    tiles = [
        _tile(folder, frame, detections.get(frame.photo_id, ()), tile_px)
        for frame in frames
        if frame.is_readable
    ]
    blank = np.full((tile_px * 3 // 4 + 20, tile_px, 3), 24, dtype=np.uint8)
    tiles += [blank] * (-len(tiles) % columns or columns * (not tiles))
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)


def _tile(
    folder: Path, frame: Frame, found: Sequence[Detection], tile_px: int
) -> NDArray[np.uint8]:
    """One photo on a tile of 4 to 3 with its name below."""
    height_px = tile_px * 3 // 4
    fitting = min(tile_px / frame.width_px, height_px / frame.height_px)
    longest_px = max(1, int(fitting * max(frame.width_px, frame.height_px)))
    tile = np.full((height_px + 20, tile_px, 3), 24, dtype=np.uint8)
    try:
        picture = draw_photo(folder, frame, found, longest_px=longest_px)
        tile[: picture.shape[0], : picture.shape[1]] = picture
    except ChangedPhotoError:
        middle = np.array([4, height_px // 2], dtype=np.int32)
        _label(tile, "photo changed since it was searched", middle, (255, 255, 255), 1)
    name = frame.photo_id[-40:].encode("ascii", "replace").decode()
    _label(tile, name, np.array([4, height_px + 18], dtype=np.int32), (255, 255, 255), 1)
    return tile


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture as JPEG or PNG, by the suffix."""
    formats = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}
    kind = formats.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"path must end in .jpg or .png; got {path.name}")
    with replacing(path) as temporary:
        Image.fromarray(image).save(temporary, format=kind, quality=_JPEG_QUALITY)
