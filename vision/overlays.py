"""EDGE: pictures for people: outlines over photos with legible names, crops for review."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from shapely import Polygon, box

from geo.files import replacing
from vision.classes import CLASSES
from vision.images import Picture
from vision.model import Detection

COLOURS = {entry.name: entry.colour for entry in CLASSES}
WHITE, INK = (255, 255, 255), (13, 17, 22)
Colour = tuple[int, int, int]
Pixels = NDArray[np.int32]
"""(n, 2) columns and rows."""
_GREY = (200, 200, 200)
_NAMES = {entry.name: entry.label_en for entry in CLASSES}
_FONT_PX = 14
_PADDING_PX = 3
_JPEG_QUALITY = 88


@lru_cache(maxsize=8)
def font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own face (Latin letters only), so that pictures are the same on every machine."""
    return ImageFont.load_default(size_px)


@dataclass(frozen=True, slots=True)
class Mark:
    """One outline to draw, in (x, y) pixels of the full picture.

    Attributes:
        text: written beside it; Latin letters.
        rank: where texts are crowded, that of a higher rank stays.
    """

    class_name: str
    polygon_px: Polygon
    text: str
    rank: float


def mark_of(detection: Detection) -> Mark:
    """Mark a detection with its class and score."""
    text = f"{class_name_en(detection.class_name)} {detection.score:.2f}"
    return Mark(detection.class_name, detection.polygon_px, text, detection.score)


def class_name_en(class_name: str) -> str:
    """Name a class as pictures write it."""
    return _NAMES.get(class_name, class_name)


def overlay(image: Picture, marks: Iterable[Mark], *, scale: float = 1.0) -> Picture:
    """Draw outlines with a tinted inside, and their texts where these hide no other text.

    Args:
        image: (rows, columns, 3) RGB.
        marks: an outline whose text found no room keeps the colour of its class.
        scale: size of `image` as a share of the full picture.
    """
    drawn = image.copy()
    ordered = sorted(marks, key=lambda mark: (-mark.rank, mark.class_name))
    shapes = [(mark, _rings(mark.polygon_px, scale)) for mark in ordered]
    width = max(2, round(max(image.shape[:2]) / 500))
    for mark, rings in reversed(shapes):
        _draw_outline(drawn, rings, COLOURS.get(mark.class_name, _GREY), width)
    return _named(drawn, shapes)


def _rings(polygon: Polygon, scale: float) -> list[Pixels]:
    rings = [polygon.exterior, *polygon.interiors]
    return [np.round((np.asarray(r.coords) + 0.5) * scale - 0.5).astype(np.int32) for r in rings]


def _draw_outline(drawn: Picture, rings: Sequence[Pixels], colour: Colour, width: int) -> None:
    """Tint the inside; the line has a dark edge that shows on light ground."""
    tinted = drawn.copy()
    cv2.fillPoly(tinted, rings, colour)
    cv2.addWeighted(tinted, 0.2, drawn, 0.8, 0, drawn)
    for line, thickness in ((INK, width + 2), (colour, width)):
        cv2.polylines(drawn, rings, True, line, thickness, cv2.LINE_AA)


def _named(drawn: Picture, shapes: Sequence[tuple[Mark, list[Pixels]]]) -> Picture:
    """Write the text of each outline, the highest rank first, where it hides no other text."""
    sheet = Image.fromarray(drawn)
    pen = ImageDraw.Draw(sheet)
    taken: list[Polygon] = []
    for mark, rings in shapes:
        place = _free_place(sheet.size, _text_size(pen, mark.text), rings[0], taken)
        if place is not None:
            taken.append(place)
            _write_chip(pen, place, mark.text, COLOURS.get(mark.class_name, _GREY))
    return np.asarray(sheet, dtype=np.uint8)


def _text_size(pen: ImageDraw.ImageDraw, text: str) -> tuple[int, int]:
    across = pen.textlength(text, font=font(_FONT_PX))
    return math.ceil(across) + 4 * _PADDING_PX, _FONT_PX + 2 * _PADDING_PX


def _free_place(
    picture: tuple[int, int], size: tuple[int, int], ring: Pixels, taken: Sequence[Polygon]
) -> Polygon | None:
    """First box beside an outline that is inside the picture and on no other box."""
    (west, north), (east, south) = ring.min(axis=0), ring.max(axis=0)
    width, height = size
    corners = (
        (west, north - height - 2),
        (west, south + 3),
        (east + 3, north),
        (west - width - 3, north),
        (east - width, north - height - 2),
    )
    for x, y in corners:
        left = min(max(0, int(x)), max(0, picture[0] - width))
        top = min(max(0, int(y)), max(0, picture[1] - height))
        place = box(left, top, left + width, top + height)
        if not any(place.intersects(other) for other in taken):
            return place
    return None


def _write_chip(pen: ImageDraw.ImageDraw, place: Polygon, text: str, colour: Colour) -> None:
    """White letters on dark, with a bar in the colour of the class."""
    left, top, right, bottom = place.bounds
    pen.rectangle((left, top, right, bottom), fill=INK)
    pen.rectangle((left, top, left + _PADDING_PX, bottom), fill=colour)
    middle = (left + 2.5 * _PADDING_PX, (top + bottom) / 2)
    pen.text(middle, text, fill=WHITE, font=font(_FONT_PX), anchor="lm")


def crop(
    image: Picture, polygon_px: Polygon, *, margin_share: float = 0.6, least_px: int = 320
) -> Picture:
    """Cut the surroundings of an outline out of a full picture."""
    west, north, east, south = polygon_px.bounds
    half = max((east - west) * (0.5 + margin_share), (south - north) * (0.5 + margin_share))
    half = max(half, least_px / 2)
    x, y = (west + east) / 2, (north + south) / 2
    rows, columns = image.shape[:2]
    top, left = max(0, math.floor(y - half)), max(0, math.floor(x - half))
    return image[top : min(rows, math.ceil(y + half)), left : min(columns, math.ceil(x + half))]


def write_picture(path: Path, image: Picture) -> None:
    """Write a picture as JPEG or PNG, by the suffix."""
    formats = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}
    kind = formats.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"path must end in .jpg or .png; got {path.name}")
    with replacing(path) as temporary:
        Image.fromarray(image).save(temporary, format=kind, quality=_JPEG_QUALITY)
