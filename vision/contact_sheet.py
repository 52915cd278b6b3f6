"""EDGE: photos side by side, each with what was found in it and what it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw
from shapely.affinity import translate

from vision.classes import CLASSES
from vision.errors import ChangedPhotoError, PhotoError
from vision.images import Picture, read_pinned_rgb
from vision.model import Frame
from vision.overlays import INK, WHITE, Mark, font, overlay

_CONTEXT = 3.0  # a close-up shows so many times the extent of what was found
_LEAST_SHARE = 0.3  # and at least this share of the photo's width
_GAP_PX, _CAPTION_PX, _HEADER_PX = 8, 44, 72
_PALE = (170, 180, 190)
_LETTERS = 60  # of a caption that fit on a tile


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a contact sheet.

    Attributes:
        title, note: the two lines below it; Latin letters.
        focus_px: (west, north, east, south) of the photo's pixels around which it is cut out, None
            for the whole photo.
    """

    frame: Frame
    marks: tuple[Mark, ...]
    title: str
    note: str
    focus_px: tuple[float, float, float, float] | None = None


def contact_sheet(
    folder: Path, tiles: Sequence[Tile], title: str, *, columns: int = 4, tile_px: int = 480
) -> Picture:
    """Show photos side by side below a title and the colours of the classes.

    A photo that is no longer the one that was searched is not shown; its tile says so.
    """
    drawn = [_draw_tile(folder, tile, tile_px) for tile in tiles]
    width_px = columns * (tile_px + _GAP_PX) + _GAP_PX
    shown = {mark.class_name for tile in tiles for mark in tile.marks}
    bands = [_header(title, shown, width_px)]
    for start in range(0, len(drawn), columns):
        bands.append(_row(drawn[start : start + columns], width_px))
    return np.vstack(bands)


def _header(title: str, classes: set[str], width_px: int) -> Picture:
    band = Image.new("RGB", (width_px, _HEADER_PX), INK)
    pen = ImageDraw.Draw(band)
    pen.text((2 * _GAP_PX, 22), title, fill=WHITE, font=font(22), anchor="lm")
    left = 2.0 * _GAP_PX
    for entry in CLASSES:
        if entry.name in classes:
            pen.rectangle((left, 46, left + 16, 62), fill=entry.colour)
            pen.text((left + 22, 54), entry.label_en, fill=WHITE, font=font(15), anchor="lm")
            left += 46 + pen.textlength(entry.label_en, font=font(15))
    return np.asarray(band, dtype=np.uint8)


def _row(tiles: Sequence[Picture], width_px: int) -> Picture:
    """Set tiles of different heights side by side, their captions close below them."""
    band = np.full((max(len(tile) for tile in tiles) + _GAP_PX, width_px, 3), INK, dtype=np.uint8)
    left = _GAP_PX
    for tile in tiles:
        band[: tile.shape[0], left : left + tile.shape[1]] = tile
        left += tile.shape[1] + _GAP_PX
    return band


def _draw_tile(folder: Path, tile: Tile, tile_px: int) -> Picture:
    """One picture, no higher than 3 to 4, above its caption."""
    try:
        picture = _picture(folder, tile, tile_px)
    except ChangedPhotoError:
        picture = _instead("photo changed since it was searched", tile_px)
    except PhotoError:
        picture = _instead("photo cannot be read", tile_px)
    margin = tile_px - picture.shape[1]
    sides = ((0, _CAPTION_PX), (margin // 2, margin - margin // 2), (0, 0))
    sheet = Image.fromarray(np.pad(picture, sides, constant_values=24))
    pen = ImageDraw.Draw(sheet)
    top = picture.shape[0]
    pen.text((6, top + 13), _fitting(tile.title), fill=WHITE, font=font(16), anchor="lm")
    pen.text((6, top + 33), _fitting(tile.note), fill=_PALE, font=font(13), anchor="lm")
    return np.asarray(sheet, dtype=np.uint8)


def _fitting(text: str) -> str:
    """Keep what fits and what the face has."""
    latin = text.encode("ascii", "replace").decode()
    return latin if len(latin) <= _LETTERS else f"{latin[: _LETTERS - 3]}..."


def _instead(words: str, tile_px: int) -> Picture:
    sheet = Image.new("RGB", (tile_px, tile_px * 3 // 4), (24, 24, 24))
    middle = (tile_px / 2, tile_px * 3 / 8)
    ImageDraw.Draw(sheet).text(middle, words, fill=WHITE, font=font(15), anchor="mm")
    return np.asarray(sheet, dtype=np.uint8)


def _picture(folder: Path, tile: Tile, tile_px: int) -> Picture:
    """Read the shown part of a photo at the size of a tile and draw what was found in it."""
    left, top, right, bottom = _window(tile)
    scale = min(tile_px / (right - left), tile_px * 0.75 / (bottom - top))
    path = folder / tile.frame.path
    image = read_pinned_rgb(path, tile.frame.sha256, scale=min(1.0, scale))
    decoded = image.shape[1] / tile.frame.width_px
    rows = slice(round(top * decoded), max(1, round(bottom * decoded)))
    part = image[rows, round(left * decoded) : max(1, round(right * decoded))]
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    shrinks = size[0] < part.shape[1]
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    moved = [
        replace(mark, polygon_px=translate(mark.polygon_px, -left, -top)) for mark in tile.marks
    ]
    return overlay(np.asarray(small, dtype=np.uint8), moved, scale=scale)


def _window(tile: Tile) -> tuple[int, int, int, int]:
    """Part of the photo that is shown: 4 to 3 around the focus, moved into the photo."""
    across, down = tile.frame.width_px, tile.frame.height_px
    if tile.focus_px is None:
        return 0, 0, across, down
    west, north, east, south = tile.focus_px
    wanted = max(_CONTEXT * (east - west), _CONTEXT * (south - north) * 4 / 3)
    width = min(across, math.ceil(max(wanted, _LEAST_SHARE * across)))
    height = min(down, math.ceil(width * 3 / 4))
    left = min(max(0, round((west + east - width) / 2)), across - width)
    top = min(max(0, round((north + south - height) / 2)), down - height)
    return left, top, left + width, top + height
