"""How trees look from above: crowns of many leafy clumps."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from simulations.layout import Tree
from simulations.sheet import PIXELS_PER_M, Floats, Label, Sheet, Window
from simulations.textures import palette, toned

PROTOTYPES = 16
STAMP_PX = 96
CROWNS = (
    palette([(20, 32, 16), (48, 68, 32), (78, 104, 50), (116, 140, 76)]),
    palette([(24, 38, 18), (58, 84, 38), (96, 126, 58), (140, 164, 90)]),
    palette([(32, 38, 22), (70, 78, 40), (108, 112, 62), (150, 148, 94)]),
    palette([(16, 30, 20), (38, 60, 38), (62, 88, 56), (98, 120, 82)]),
    palette([(36, 44, 20), (84, 96, 42), (124, 134, 64), (164, 170, 96)]),
)


@dataclass(frozen=True, slots=True)
class Crown:
    """A tree seen from above, side STAMP_PX.

    Attributes:
        height: share of the tree's height, 0 outside the crown.
        tone: brightness of the leaves, 0 to 1.
    """

    height: Floats
    tone: Floats


@lru_cache(maxsize=PROTOTYPES)
def crown(number: int) -> Crown:
    """Grow one of the crowns that all trees are made from."""
    rng = np.random.default_rng([17, number])
    height = np.zeros((STAMP_PX, STAMP_PX), np.float32)
    tone = np.zeros_like(height)
    y, x = np.mgrid[0:STAMP_PX, 0:STAMP_PX].astype(np.float32) / (STAMP_PX / 2) - 1
    clumps = int(rng.integers(35, 80))
    for _ in range(clumps):
        reach = 0.86 * np.sqrt(rng.random())
        turn = rng.uniform(0, 2 * np.pi)
        size = rng.uniform(0.1, 0.26)
        away = min(reach, 1 - size)
        dx, dy = x - away * np.cos(turn), y - away * np.sin(turn)
        cap = 1 - (dx**2 + dy**2) / size**2
        top = 0.3 + 0.7 * np.sqrt(max(1 - away**2, 0)) - rng.uniform(0, 0.14)
        level = np.where(cap > 0, top - 0.16 * (1 - np.sqrt(np.maximum(cap, 0))), 0)
        shade = 0.25 + 0.5 * cap + rng.normal(0, 0.1)
        higher = level > height
        height, tone = np.where(higher, level, height), np.where(higher, shade, tone)
    leaves = rng.standard_normal(height.shape).astype(np.float32)
    tone = tone + 0.16 * cv2.GaussianBlur(leaves, (0, 0), 0.8) / 0.35
    height = height * (1 + 0.05 * leaves)
    return Crown(np.asarray(height, np.float32), np.asarray(tone, np.float32))


def draw_tree(sheet: Sheet, tree: Tree) -> None:
    """Draw one tree with its height."""
    r = tree.radius_m
    bounds = (tree.x_m - r, tree.y_m - r, tree.x_m + r, tree.y_m + r)
    whole = Window.around(bounds, 0.1)
    window = whole.clip(sheet.window)
    if window is None:
        return
    height, tone = _stamp(tree, whole)
    top, left = window.top_px - whole.top_px, window.left_px - whole.left_px
    cut = (slice(top, top + window.height), slice(left, left + window.width))
    mask = np.asarray((height[cut] > 0.18) * np.uint8(255), np.uint8)
    standing = sheet.raised_cm[sheet.part(window)] < height[cut] * tree.height_m * 100
    mask = np.where(standing, mask, 0).astype(np.uint8)
    sheet.colour(window, mask, toned(tone[cut], CROWNS[tree.seed % 97 % len(CROWNS)]))
    sheet.raise_to(window, mask, height[cut] * tree.height_m, 0)
    sheet.mark(window, mask, Label.BACKGROUND)


def _stamp(tree: Tree, whole: Window) -> tuple[Floats, Floats]:
    """Turn and scale a crown to one tree, exactly where it stands."""
    grown = crown(tree.seed % PROTOTYPES)
    scale = tree.radius_m * PIXELS_PER_M / (STAMP_PX / 2)
    turn = float(tree.seed // PROTOTYPES % 360)
    matrix = cv2.getRotationMatrix2D(((STAMP_PX - 1) / 2, (STAMP_PX - 1) / 2), turn, scale)
    place = whole.pixels_from_xy(np.array([[tree.x_m, tree.y_m]]))[0]
    matrix[:, 2] += place - (STAMP_PX - 1) / 2
    size = (whole.width, whole.height)
    bright = 0.12 * np.sin(tree.seed % 29)
    height = cv2.warpAffine(grown.height, matrix, size, flags=cv2.INTER_AREA)
    tone = cv2.warpAffine(grown.tone, matrix, size, flags=cv2.INTER_LINEAR)
    return height, np.asarray(tone + bright, np.float32)
