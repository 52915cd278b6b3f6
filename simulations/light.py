"""How the sun lights an area: direction, shadows and the shade of slopes."""

from dataclasses import dataclass

import cv2
import numpy as np

from simulations.ground import GroundArea
from simulations.sheet import PIXELS_PER_M, Bytes, Floats

COARSE = 2
STEEPEST = 2.5
LEVELS = 8
SHADE_SCALE = 120
STEP_SHADE = 0.75
BAND_ROWS = 512


@dataclass(frozen=True, slots=True)
class Light:
    """Sun and air of one sortie.

    Attributes:
        sun_azimuth_deg: clockwise from north.
        haze_share: share of the view lost to haze over 100 m.
        warmth: 0 for a white sun, 1 for a low yellow one.
    """

    sun_azimuth_deg: float = 205.0
    sun_elevation_deg: float = 48.0
    sun_share: float = 0.62
    sky_share: float = 0.42
    haze_share: float = 0.04
    warmth: float = 0.2

    def __post_init__(self) -> None:
        """Refuse a sun that does not shine."""
        if not 10 <= self.sun_elevation_deg <= 90:
            raise ValueError(f"sun_elevation_deg must be in [10, 90]; got {self.sun_elevation_deg}")

    @property
    def toward_sun(self) -> tuple[float, float, float]:
        """Unit vector east, north, up."""
        azimuth, elevation = np.radians([self.sun_azimuth_deg, self.sun_elevation_deg])
        flat = float(np.cos(elevation))
        return flat * float(np.sin(azimuth)), flat * float(np.cos(azimuth)), float(
            np.sin(elevation)
        )  # fmt: skip


def sunlit(area: GroundArea, light: Light) -> Bytes:
    """Share of the sun that reaches each 0.2 m of an area; SHADE_SCALE is flat open ground."""
    if light not in area.shades:
        area.shades[light] = _sunlit(area, light)
    return area.shades[light]


def _sunlit(area: GroundArea, light: Light) -> Bytes:
    raised = area.sheet.raised_cm[::COARSE, ::COARSE].astype(np.float32) / np.float32(100)
    lit = _slope_shade(raised, light)
    lit[_in_shadow(raised, light)] = 0
    return np.asarray(cv2.GaussianBlur(lit, (0, 0), 0.7))


def _in_shadow(raised: Floats, light: Light) -> np.ndarray:
    """Tell where something towards the sun stands higher than the ray to the sun.

    The highest obstacle along the ray is found by doubling the distance looked at.
    """
    east, north, up = light.toward_sun
    flat = float(np.hypot(east, north))
    if flat < 1e-6:
        return np.zeros(raised.shape, bool)
    step = COARSE / PIXELS_PER_M
    highest = raised
    for level in range(LEVELS):
        distance = step * 2**level
        columns = round(distance * east / flat / step)
        rows = round(-distance * north / flat / step)
        highest = np.maximum(highest, _moved(highest, rows, columns) - distance * up / flat)
    return np.asarray(highest > raised + 0.12)


def _moved(values: Floats, rows: int, columns: int) -> Floats:
    """Value at the pixel some rows and columns further; far below ground outside."""
    out = np.full_like(values, -1e3)
    height, width = values.shape
    if abs(rows) >= height or abs(columns) >= width:
        return out
    to = (
        slice(max(-rows, 0), height - max(rows, 0)),
        slice(max(-columns, 0), width - max(columns, 0)),
    )
    source = (
        slice(max(rows, 0), height - max(-rows, 0)),
        slice(max(columns, 0), width - max(-columns, 0)),
    )
    out[to] = values[source]
    return out


def _slope_shade(raised: Floats, light: Light) -> Bytes:
    """Lambert's cosine of roofs and crowns against flat ground; steps count as flat."""
    shade = np.empty(raised.shape, np.uint8)
    for top in range(0, len(raised), BAND_ROWS):
        first, last = max(top - 1, 0), min(top + BAND_ROWS + 1, len(raised))
        rows = _slope_band(raised[first:last], light)
        shade[top : top + BAND_ROWS] = rows[top - first : top - first + BAND_ROWS]
    return shade


def _slope_band(raised: Floats, light: Light) -> Bytes:
    scale = PIXELS_PER_M / COARSE / 8
    dx = cv2.Sobel(raised, cv2.CV_32F, 1, 0, ksize=3, scale=scale)
    dy = -cv2.Sobel(raised, cv2.CV_32F, 0, 1, ksize=3, scale=scale)
    steep = np.maximum(np.abs(dx), np.abs(dy)) > STEEPEST
    east, north, up = light.toward_sun
    cosine = (up - dx * east - dy * north) / np.sqrt(1 + dx * dx + dy * dy)
    shade = np.clip(np.where(steep, STEP_SHADE, cosine / up), 0.2, 1.6)
    return np.asarray(shade * SHADE_SCALE, np.uint8)
