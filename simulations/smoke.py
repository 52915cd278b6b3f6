"""How dense a plume is along each ray, and in which light it stands."""

from dataclasses import dataclass

import cv2
import numpy as np

from simulations.light import Light
from simulations.plume import Plume, PlumeKind
from simulations.sheet import Floats
from simulations.textures import TILE_PX, noise_tile

BILLOW_PX = 70.0
DRIFT_M_S = 2.2
COLOURS: dict[PlumeKind, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    PlumeKind.STRAW: ((204, 206, 210), (172, 166, 158)),
    PlumeKind.CHIMNEY: ((150, 148, 146), (104, 102, 102)),
    PlumeKind.STEAM: ((240, 242, 244), (232, 235, 238)),
    PlumeKind.DUST: ((198, 176, 142), (180, 156, 122)),
}


@dataclass(frozen=True, slots=True)
class Veil:
    """A plume in a picture.

    Attributes:
        alpha: share of the ground it hides, (rows, columns).
        colour: (rows, columns, 3), 0 to 255.
    """

    alpha: Floats
    colour: Floats


@dataclass(frozen=True, slots=True)
class _Inside:
    """Plume coordinates: metres along, half widths across, billow coordinate along."""

    along: Floats
    across: Floats
    billow: Floats


def _inside(plume: Plume, x_m: Floats, y_m: Floats) -> _Inside:
    angle = np.radians(plume.toward_deg)
    dx, dy = x_m - np.float32(plume.x_m), y_m - np.float32(plume.y_m)
    along = dx * np.float32(np.cos(angle)) + dy * np.float32(np.sin(angle))
    across = dy * np.float32(np.cos(angle)) - dx * np.float32(np.sin(angle))
    positive = np.sqrt(np.maximum(along, 0))
    grow = np.float32((plume.width_m - plume.source_width_m) / 2 / np.sqrt(plume.length_m))
    start = np.float32(plume.source_width_m / 2)
    half = start + grow * positive
    # The integral of 1 / half, so that billows are as long as they are wide.
    billow = 2 / grow * positive - 2 * start / grow**2 * np.log1p(grow * positive / start)
    billow = billow + np.minimum(along, 0) / start
    meander = 0.25 * np.sin(billow * 1.1 + plume.seed % 7) * np.minimum(billow, 2) / 2
    return _Inside(along, across / half + meander, billow)


def _billows(inside: _Inside, seed: int, elapsed_s: float) -> Floats:
    """Fractal noise that drifts down the plume; zero mean, unit deviation."""
    offset = seed % TILE_PX
    u = inside.billow * BILLOW_PX - np.float32(elapsed_s * DRIFT_M_S * 9) + offset
    v = inside.across * BILLOW_PX + offset * 3
    tile = noise_tile("cloud")[:TILE_PX, :TILE_PX]
    u, v = np.mod(u, TILE_PX), np.mod(v, TILE_PX)
    return np.asarray(cv2.remap(tile, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def optical_depth(
    plume: Plume, x_m: Floats, y_m: Floats, elapsed_s: float
) -> tuple[Floats, Floats]:
    """Optical depth at places of the plume's own surface, and the billows there."""
    inside = _inside(plume, x_m, y_m)
    billows = _billows(inside, plume.seed, elapsed_s)
    share = np.clip(inside.along / plume.length_m, 0, 1)
    wisps = np.clip(0.8 + 0.66 * billows - 0.45 * share, 0, 2.2)
    profile = np.exp(-1.35 * inside.across**2)
    begin = np.clip(inside.along / plume.source_width_m + 0.45, 0, 1) ** 1.3
    fade = np.clip(1.08 - share, 0, 1) ** 0.8 * (0.5 + 0.5 * np.exp(-2.2 * share))
    depth = plume.thickness * wisps * profile * begin * fade
    depth[(inside.along < -plume.source_width_m) | (inside.along > plume.length_m * 1.08)] = 0
    return np.asarray(depth, np.float32), billows


def _heights(plume: Plume, x_m: Floats, y_m: Floats, gx: Floats, gy: Floats) -> Floats:
    """Height above ground where each ray meets the plume's middle surface."""
    angle = np.radians(plume.toward_deg)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    height = np.full_like(x_m, plume.source_height_m)
    for _ in range(3):
        along = (x_m - height * gx - plume.x_m) * cosine + (y_m - height * gy - plume.y_m) * sine
        height = plume.source_height_m + plume.rise_share * np.clip(along, 0, plume.length_m)
    return np.asarray(height, np.float32)


def veil(
    plume: Plume, x_m: Floats, y_m: Floats, gx: Floats, gy: Floats, light: Light, elapsed_s: float
) -> Veil:
    """Look through a plume along rays that meet the ground at x_m, y_m.

    Each ray goes gx metres east and gy metres north for one metre down.
    """
    height = _heights(plume, x_m, y_m, gx, gy)
    px, py = x_m - height * gx, y_m - height * gy
    depth, billows = optical_depth(plume, px, py, elapsed_s)
    east, north, _ = light.toward_sun
    reach = np.float32(0.12 * plume.width_m + 0.3)
    _, sunward = optical_depth(plume, px + east * reach, py + north * reach, elapsed_s)
    bright, dull = COLOURS[plume.kind]
    mix = (plume.seed % 11) / 10 if plume.kind is not PlumeKind.STEAM else 0.0
    base = np.array(bright, np.float32) * (1 - mix) + np.array(dull, np.float32) * mix
    lit = np.clip(0.9 + 0.13 * (billows - sunward) - 0.05 * np.minimum(depth, 2), 0.6, 1.12)
    return Veil(np.asarray(1 - np.exp(-depth), np.float32), lit[..., None] * base)


def shadow(plume: Plume, x_m: Floats, y_m: Floats, light: Light, elapsed_s: float) -> Floats:
    """Share of the sun that a plume takes from places on the ground."""
    east, north, up = light.toward_sun
    height = plume.source_height_m + plume.rise_share * plume.length_m * 0.35
    x, y = x_m + np.float32(height * east / up), y_m + np.float32(height * north / up)
    depth, _ = optical_depth(plume, x, y, elapsed_s)
    return np.asarray(0.65 * (1 - np.exp(-0.8 * depth)), np.float32)
