"""What lies where: the picture of one piece of ground while it is being drawn."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely import Polygon, get_parts
from shapely.geometry.base import BaseGeometry

Bytes = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]
PIXELS_PER_M = 10
GSD_M = 1 / PIXELS_PER_M


class Label(IntEnum):
    """Class of a pixel as training masks write it."""

    BACKGROUND = 0
    BUILDING = 1
    CONSTRUCTION = 2
    SMOKE = 3
    FLAME = 4
    BURN_SCAR = 5
    BOAT = 6
    FISHING_GEAR = 7
    IGNORE = 255


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of world pixels: column x_m * 10, row -y_m * 10, both rounded down."""

    left_px: int
    top_px: int
    width: int
    height: int

    @classmethod
    def around(cls, bounds_m: tuple[float, float, float, float], pad_m: float = 0.3) -> "Window":
        """Make the window that covers (west, south, east, north) in local metres."""
        west, south, east, north = bounds_m
        left = int(np.floor((west - pad_m) * PIXELS_PER_M))
        top = int(np.floor(-(north + pad_m) * PIXELS_PER_M))
        right = int(np.ceil((east + pad_m) * PIXELS_PER_M))
        bottom = int(np.ceil(-(south - pad_m) * PIXELS_PER_M))
        return cls(left, top, max(right - left, 1), max(bottom - top, 1))

    def clip(self, other: "Window") -> "Window | None":
        """Return the common part, or None where there is none."""
        left, top = max(self.left_px, other.left_px), max(self.top_px, other.top_px)
        right = min(self.left_px + self.width, other.left_px + other.width)
        bottom = min(self.top_px + self.height, other.top_px + other.height)
        if right <= left or bottom <= top:
            return None
        return Window(left, top, right - left, bottom - top)

    def x_m(self) -> Floats:
        """Local x of the pixel centres, (1, width)."""
        columns = np.arange(self.width, dtype=np.float32) + np.float32(self.left_px + 0.5)
        return (columns * np.float32(GSD_M))[None, :]

    def y_m(self) -> Floats:
        """Local y of the pixel centres, (height, 1)."""
        rows = np.arange(self.height, dtype=np.float32) + np.float32(self.top_px + 0.5)
        return (-rows * np.float32(GSD_M))[:, None]

    def pixels_from_xy(self, xy_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels (N, 2) of this window, origin at the centre of its first one, of local metres."""
        scale = np.array([PIXELS_PER_M, -PIXELS_PER_M])
        pixels: NDArray[np.float64] = xy_m[:, :2] * scale - [self.left_px, self.top_px] - 0.5
        return pixels


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rasters of one window: colour, height above the bare ground, class, colour of walls.

    Attributes:
        raised_cm: height of what stands on the ground, centimetres.
        facade: index of the wall colour of what stands there, 0 for vegetation.
    """

    window: Window
    albedo: Bytes
    raised_cm: NDArray[np.uint16]
    label: Bytes
    facade: Bytes

    @classmethod
    def blank(cls, window: Window) -> "Sheet":
        """Make an empty sheet of bare black ground."""
        shape = (window.height, window.width)
        return cls(
            window,
            np.zeros((*shape, 3), np.uint8),
            np.zeros(shape, np.uint16),
            np.zeros(shape, np.uint8),
            np.zeros(shape, np.uint8),
        )

    def visible(self, geometry: BaseGeometry, pad_m: float = 0.3) -> Window | None:
        """Return the part of this sheet that a geometry can touch."""
        if geometry.is_empty:
            return None
        return Window.around(geometry.bounds, pad_m).clip(self.window)

    def part(self, window: Window) -> tuple[slice, slice]:
        """Return the slices (rows, columns) of a window inside this sheet."""
        row, column = window.top_px - self.window.top_px, window.left_px - self.window.left_px
        return slice(row, row + window.height), slice(column, column + window.width)

    def colour(self, window: Window, mask: Bytes, colour: Bytes) -> None:
        """Paint colour (rows, columns, 3) where the mask is not 0."""
        part = self.albedo[self.part(window)]
        np.copyto(part, colour, where=(mask > 0)[..., None])

    def tint(self, window: Window, alpha: Floats, colour: tuple[int, int, int]) -> None:
        """Blend one colour into the ground by alpha 0 to 1."""
        part = self.albedo[self.part(window)]
        weight = alpha[..., None]
        blended = part * (1 - weight) + np.array(colour, np.float32) * weight
        part[...] = np.clip(blended + 0.5, 0, 255).astype(np.uint8)

    def raise_to(self, window: Window, mask: Bytes, height_m: Floats | float, facade: int) -> None:
        """Let something stand where the mask is not 0, where it is higher than what is there."""
        area = self.part(window)
        height = np.asarray(np.clip(np.asarray(height_m) * 100, 0, 65535), np.uint16)
        higher = (mask > 0) & (height >= self.raised_cm[area])
        np.copyto(self.raised_cm[area], height, where=higher)
        np.copyto(self.facade[area], np.uint8(facade), where=higher)

    def mark(self, window: Window, mask: Bytes, label: Label) -> None:
        """Write a class where the mask is not 0."""
        np.copyto(self.label[self.part(window)], np.uint8(label), where=mask > 0)


def mask_of(window: Window, geometry: BaseGeometry) -> Bytes:
    """Rasterise polygons in local metres: 255 inside, 0 outside."""
    mask = np.zeros((window.height, window.width), np.uint8)
    for part in get_parts(geometry):
        if isinstance(part, Polygon) and not part.is_empty:
            rings = [part.exterior, *part.interiors]
            points = [window.pixels_from_xy(np.asarray(ring.coords)) for ring in rings]
            fixed = [np.round(p * 16).astype(np.int32) for p in points]
            cv2.fillPoly(mask, fixed, 255, cv2.LINE_8, 4)
    return mask
