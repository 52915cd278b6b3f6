"""What the ground looks like from near: noise, rows and palettes, anchored in the world."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from simulations.sheet import PIXELS_PER_M, Bytes, Floats, Window

TILE_PX = 1024
# name: (shortest wavelength m, longest wavelength m, exponent of amplitude, stretch along x)
BANDS = {
    "grain": (0.2, 0.7, 0.0, 1.0),
    "clod": (0.5, 3.0, 0.6, 1.0),
    "patch": (3.0, 18.0, 1.2, 1.0),
    "cloud": (0.4, 25.0, 1.65, 1.0),
    "ripple": (0.5, 2.2, 0.3, 3.5),
}
BROAD_STEP_PX = 16

Palette = Bytes
Colour = tuple[int, int, int]


@lru_cache(maxsize=16)
def noise_tile(band: str) -> Floats:
    """Periodic noise of one band, repeated twice each way, zero mean, unit deviation."""
    shortest_m, longest_m, exponent, stretch = BANDS[band]
    rng = np.random.default_rng([7, *band.encode()])
    white = np.fft.rfft2(rng.standard_normal((TILE_PX, TILE_PX)))
    row = np.fft.fftfreq(TILE_PX)[:, None] * PIXELS_PER_M
    column = np.fft.rfftfreq(TILE_PX)[None, :] * PIXELS_PER_M * stretch
    frequency = np.hypot(row, column)
    frequency[0, 0] = 1e9
    inside = (frequency < 1 / shortest_m) & (frequency > 1 / longest_m)
    tile = np.fft.irfft2(white * inside * frequency**-exponent, s=(TILE_PX, TILE_PX))
    return np.tile((tile / tile.std()).astype(np.float32), (2, 2))


def noise(window: Window, band: str, shift_px: int = 0) -> Floats:
    """Noise of a band at the pixels of a window; the same pixel always has the same value."""
    tile = noise_tile(band)
    top, left = (window.top_px + shift_px) % TILE_PX, (window.left_px + 3 * shift_px) % TILE_PX
    if top + window.height <= 2 * TILE_PX and left + window.width <= 2 * TILE_PX:
        return tile[top : top + window.height, left : left + window.width]
    down = -(-(top + window.height) // TILE_PX)
    tile = tile[:TILE_PX, left : left + TILE_PX]
    wide = tile
    wide = np.tile(wide, (1, -(-window.width // TILE_PX)))[:, : window.width]
    return np.tile(wide, (down, 1))[top : top + window.height]


def broad(window: Window, shift_px: int = 0) -> Floats:
    """Slow noise with waves of 30 to 250 m at the pixels of a window."""
    step = BROAD_STEP_PX
    top, left = window.top_px // step, window.left_px // step
    coarse = Window(left, top, window.width // step + 3, window.height // step + 3)
    values = noise(coarse, "patch", 37 + shift_px)
    scale = 1 / step
    matrix = np.array(
        [
            [scale, 0, (window.left_px + 0.5) * scale - left - 0.5],
            [0, scale, (window.top_px + 0.5) * scale - top - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (window.width, window.height)
    return np.asarray(
        cv2.warpAffine(values, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    )


def palette(stops: Sequence[Colour]) -> Palette:
    """Blend colours evenly from tone 0 to tone 255, (256, 3)."""
    at = np.linspace(0, 255, len(stops))
    channels = np.array(stops, float).T
    ramp = np.column_stack([np.interp(np.arange(256), at, channel) for channel in channels])
    return np.round(ramp).astype(np.uint8)


def shifted(ramp: Palette, by: Colour | NDArray[np.float64]) -> Palette:
    """Add a colour to a whole palette."""
    moved = ramp.astype(int) + np.round(np.asarray(by)).astype(int)
    return np.asarray(np.clip(moved, 0, 255), np.uint8)


def toned(tone: Floats, ramp: Palette) -> Bytes:
    """Colour a tone field of 0 to 1 by a palette, (rows, columns, 3)."""
    index = np.clip(tone * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(cv2.merge([index, index, index]), ramp[None]), np.uint8)


def ragged(mask: Bytes, window: Window, reach_m: float) -> Bytes:
    """Fray the edge of a mask by about reach_m, as nature does."""
    size = max(3, int(reach_m * PIXELS_PER_M) * 2 + 1)
    soft = cv2.blur(mask, (size, size), borderType=cv2.BORDER_REPLICATE).astype(np.float32)
    frayed = soft + noise(window, "clod", 211) * 34 + noise(window, "grain", 5) * 7
    return np.asarray((frayed > 127) * np.uint8(255), np.uint8)


def rows(window: Window, direction_deg: float, spacing_m: float, sway: Floats | float) -> Floats:
    """Wave across lines that run in a direction, counter-clockwise from east; -1 to 1."""
    angle = np.radians(direction_deg)
    across = window.y_m() * np.float32(np.cos(angle)) - window.x_m() * np.float32(np.sin(angle))
    phase = across * np.float32(2 * np.pi / spacing_m) + sway
    return np.asarray(np.sin(phase), np.float32)


def across_m(window: Window, direction_deg: float) -> Floats:
    """Distance across a direction from the origin of the frame, metres."""
    angle = np.radians(direction_deg)
    across = window.y_m() * np.float32(np.cos(angle)) - window.x_m() * np.float32(np.sin(angle))
    return np.asarray(across, np.float32)
