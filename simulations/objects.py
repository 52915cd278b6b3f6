"""How planted violations and their innocent twins look on the ground."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from shapely import Polygon

from simulations.buildings import (
    FACADE_BRICK,
    FACADE_CONCRETE,
    FACADE_EARTH,
    FACADE_STRAW,
    SHEETS,
    SLAB,
    Box,
    box_at,
    draw_building,
    draw_car,
    draw_chimney,
    draw_vent,
)
from simulations.layout import Building, Car, Patch, rectangle
from simulations.planting import CHIMNEY_M, Kind, Planted
from simulations.sheet import Bytes, Floats, Label, Sheet, Window, mask_of
from simulations.surfaces import DIRT, SOIL, STRAW, draw_patch
from simulations.textures import noise, palette, ragged, toned

BRICKWORK = palette([(84, 50, 40), (132, 80, 62), (160, 104, 82), (186, 140, 116)])
SAND = palette([(138, 116, 82), (176, 152, 112), (204, 184, 144), (222, 206, 172)])
TIMBER = palette([(70, 52, 34), (112, 86, 58), (148, 120, 86), (184, 160, 126)])
ASH = palette([(14, 13, 12), (28, 26, 24), (48, 44, 40), (92, 84, 74), (140, 126, 106)])
FILM = palette([(126, 134, 134), (164, 172, 170), (196, 202, 200), (228, 232, 230)])
HULLS = (
    palette([(52, 38, 26), (92, 68, 46), (126, 98, 70), (168, 142, 110)]),
    palette([(96, 100, 102), (140, 146, 148), (182, 188, 190), (222, 226, 228)]),
    palette([(28, 52, 92), (44, 84, 138), (80, 120, 168), (142, 168, 200)]),
    palette([(50, 60, 52), (78, 90, 80), (110, 122, 110), (150, 158, 146)]),
    palette([(96, 40, 34), (146, 64, 52), (172, 100, 84), (206, 156, 140)]),
)
BEAMS = (
    palette([(112, 112, 106), (160, 160, 152), (200, 200, 192), (228, 228, 222)]),
    palette([(74, 58, 40), (116, 92, 64), (150, 124, 92), (182, 160, 130)]),
    palette([(30, 66, 112), (50, 98, 152), (96, 138, 182), (150, 180, 208)]),
)


def draw_object(sheet: Sheet, planted: Planted) -> None:
    """Draw one planted object, without its smoke."""
    rng = np.random.default_rng([23, planted.seed])
    DRAWERS[planted.kind](sheet, planted, rng)


def _box(sheet: Sheet, planted: Planted) -> Box | None:
    return box_at(
        sheet, (planted.x_m, planted.y_m), (planted.length_m, planted.width_m), planted.angle_deg
    )


def _disturbed(sheet: Sheet, planted: Planted, reach_m: float) -> None:
    ground = rectangle(
        planted.x_m, planted.y_m, planted.length_m + reach_m, planted.width_m + reach_m,
        planted.angle_deg + 9,
    ).buffer(-reach_m / 3).buffer(reach_m / 2 + 1)  # fmt: skip
    draw_patch(sheet, Patch(ground, "earth", planted.seed))


def _new_building(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    _disturbed(sheet, planted, float(rng.uniform(2, 6)))
    eaves = float(rng.choice([3.2, 3.4, 6.4]))
    house = Building(
        planted.x_m, planted.y_m, planted.length_m, planted.width_m, planted.angle_deg, eaves,
        "house" if rng.random() < 0.75 else "hall", planted.seed,
    )  # fmt: skip
    draw_building(sheet, house, fresh=True)


def _unfinished(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    """Draw roofless walls, or a slab with the columns of the next storey."""
    _disturbed(sheet, planted, float(rng.uniform(5, 10)))
    box = _box(sheet, planted)
    if box is None:
        return
    if rng.random() < 0.7:
        _roofless(sheet, planted, box, rng)
    else:
        _frame(sheet, planted, box, rng)
    sheet.mark(box.window, box.mask, Label.CONSTRUCTION)
    _heaps(sheet, planted, rng)


def _walls(planted: Planted, box: Box, rng: Generator) -> Bytes:
    """Outer walls and partitions with gaps for doors; 255 where a wall stands."""
    half_l, half_w = planted.length_m / 2, planted.width_m / 2
    a, b = box.along, box.across
    wall = (np.abs(a) > half_l - 0.28) | (np.abs(b) > half_w - 0.28)
    for cut in np.cumsum(rng.uniform(3.0, 4.6, 4)) - half_l:
        wall |= (np.abs(a - cut) < 0.14) & (np.abs(cut) < half_l - 1.5)
    wall |= np.abs(b - rng.uniform(-0.15, 0.2) * planted.width_m) < 0.14
    for _ in range(int(rng.integers(4, 9))):
        u, v = rng.uniform(-half_l, half_l), rng.choice([-half_w, half_w, rng.uniform(-2, 2)])
        wall &= ~((np.abs(a - u) < 0.6) & (np.abs(b - v) < 0.8))
    return np.asarray((wall & (box.mask > 0)) * np.uint8(255), np.uint8)


def _roofless(sheet: Sheet, planted: Planted, box: Box, rng: Generator) -> None:
    shift = planted.seed % 971
    floor = 0.42 + 0.16 * noise(box.window, "cloud", shift) + 0.1 * noise(box.window, "clod", shift)
    sheet.colour(box.window, box.mask, toned(floor, SLAB if rng.random() < 0.5 else DIRT))
    wall = _walls(planted, box, rng)
    brick = rng.random() < 0.6
    tone = 0.62 + 0.12 * noise(box.window, "grain") + 0.08 * noise(box.window, "clod")
    sheet.colour(box.window, wall, toned(tone, BRICKWORK if brick else SLAB))
    height = rng.uniform(0.7, 3.0) + 0.25 * np.round(noise(box.window, "patch", shift))
    sheet.raise_to(box.window, wall, np.maximum(height, 0.6), FACADE_BRICK if brick else 3)
    rubble = (noise(box.window, "clod", shift + 5) > 1.5) & (box.mask > 0) & (wall == 0)
    stones = np.asarray(rubble * np.uint8(255), np.uint8)
    sheet.colour(box.window, stones, toned(tone, BRICKWORK if rng.random() < 0.5 else SLAB))
    sheet.raise_to(box.window, stones, 0.35, FACADE_EARTH)


def _frame(sheet: Sheet, planted: Planted, box: Box, rng: Generator) -> None:
    """Draw a fresh slab on columns with starter bars, formwork at its edge."""
    shift = planted.seed % 967
    tone = 0.6 + 0.1 * noise(box.window, "cloud", shift) + 0.06 * noise(box.window, "grain")
    sheet.colour(box.window, box.mask, toned(tone, SLAB))
    floors = 3.3 * float(rng.choice([1, 2]))
    sheet.raise_to(box.window, box.mask, floors, FACADE_CONCRETE)
    edge = (np.abs(box.across) > planted.width_m / 2 - 0.3) & (box.mask > 0)
    boards = np.asarray(edge * np.uint8(255), np.uint8)
    sheet.colour(box.window, boards, toned(0.6 + 0.2 * noise(box.window, "grain"), TIMBER))
    column = (np.abs((box.along + 20) % 3.6 - 1.8) < 0.24) & (
        np.abs((box.across + 20) % 3.4 - 1.7) < 0.24
    )
    posts = np.asarray((column & (box.mask > 0)) * np.uint8(255), np.uint8)
    sheet.colour(box.window, posts, toned(0.3 + 0.3 * noise(box.window, "grain"), BRICKWORK))
    sheet.raise_to(box.window, posts, floors + 1.0, FACADE_CONCRETE)


def _heaps(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    """Pile sand, bricks and boards beside the site."""
    angle = np.radians(planted.angle_deg)
    for _ in range(int(rng.integers(2, 5))):
        side = rng.choice([-1, 1])
        a = rng.uniform(-0.5, 0.5) * planted.length_m
        b = side * (planted.width_m / 2 + rng.uniform(2.0, 3.6))
        x = planted.x_m + a * np.cos(angle) - b * np.sin(angle)
        y = planted.y_m + a * np.sin(angle) + b * np.cos(angle)
        if rng.random() < 0.5:
            _dome(sheet, (x, y), float(rng.uniform(1.0, 2.1)), planted.seed)
        else:
            size = (float(rng.uniform(1.2, 2.6)), float(rng.uniform(0.8, 1.4)))
            _stack(sheet, (x, y), size, float(rng.uniform(0, 180)))


def _dome(sheet: Sheet, place: tuple[float, float], radius_m: float, seed: int) -> None:
    window = sheet.visible(rectangle(*place, 2.6 * radius_m, 2.6 * radius_m, 0))
    if window is None:
        return
    away = np.hypot(window.x_m() - place[0], window.y_m() - place[1])
    height = 0.7 * (radius_m - away) + 0.08 * noise(window, "clod", seed % 953)
    mask = np.asarray((height > 0.03) * np.uint8(255), np.uint8)
    look = SAND if seed % 3 else SLAB
    sheet.colour(window, mask, toned(0.6 + 0.08 * noise(window, "grain") + 0.1 * height, look))
    sheet.raise_to(window, mask, np.clip(height, 0, None), FACADE_EARTH)


def _stack(
    sheet: Sheet, place: tuple[float, float], size: tuple[float, float], angle_deg: float
) -> None:
    box = box_at(sheet, place, size, angle_deg)
    if box is None:
        return
    tone = 0.55 + 0.2 * noise(box.window, "grain") + 0.1 * np.sin(box.along * 25)
    sheet.colour(box.window, box.mask, toned(tone, BRICKWORK if size[0] < 1.9 else TIMBER))
    sheet.raise_to(box.window, box.mask, 0.9, FACADE_BRICK)


def _blob_fields(
    sheet: Sheet, polygon: Polygon, reach_m: float
) -> tuple[Window, Bytes, Floats] | None:
    """Window, ragged mask, and depth inside the polygon (0 at its edge, 1 within)."""
    window = sheet.visible(polygon, 2.5)
    if window is None:
        return None
    hard = mask_of(window, polygon)
    mask = ragged(hard, window, reach_m)
    soft = cv2.GaussianBlur(mask, (0, 0), 9).astype(np.float32) / 255
    return window, mask, np.asarray(np.clip(soft * 2 - 1, 0, 1), np.float32)


def _burn_scar(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    _char(sheet, planted.polygon, planted.seed, rng)


def _char(sheet: Sheet, polygon: Polygon, seed: int, rng: Generator) -> None:
    """Blacken straw with ash, unburnt streaks along the rows and a brown edge."""
    found = _blob_fields(sheet, polygon, 1.0)
    if found is None:
        return
    window, mask, depth = found
    shift = seed % 941
    scorched = cv2.GaussianBlur(mask, (0, 0), 8).astype(np.float32) / 255
    edge = np.clip(scorched * 1.3 + 0.16 * noise(window, "clod", shift), 0, 1) * 0.6
    sheet.tint(window, edge, (84, 64, 42))
    streak = noise(window, "ripple", shift) * 0.12 + noise(window, "clod", shift) * 0.12
    ash = 0.2 + 0.12 * noise(window, "cloud", shift + 3) + streak + 0.05 * noise(window, "grain")
    grey = np.clip(noise(window, "patch", shift + 7) - 0.9, 0, 1) * 0.28 * rng.uniform(0.3, 1.2)
    spared = float(rng.uniform(0.2, 1.3))
    unburnt = np.clip(noise(window, "cloud", shift + 11) - spared + 0.5 * (1 - depth), 0, 1) * 0.7
    colour = toned(np.clip(ash + grey + 0.7 * unburnt, 0, 1), ASH)
    alpha = cv2.GaussianBlur(mask, (0, 0), 1.6).astype(np.float32) / 255 * (1 - 0.5 * unburnt)
    part = sheet.albedo[sheet.part(window)]
    blended = part * (1 - alpha[..., None]) + colour * alpha[..., None]
    part[...] = np.clip(blended, 0, 255).astype(np.uint8)
    sheet.mark(window, mask, Label.BURN_SCAR)


def _burning(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    """Char the ground behind an irregular line of flames at its lee edge."""
    _char(sheet, planted.polygon, planted.seed, rng)
    found = _blob_fields(sheet, planted.polygon, 0.6)
    if found is None or planted.plume is None:
        return
    window, mask, _ = found
    angle = np.radians(planted.plume.toward_deg)
    lee = (window.x_m() - planted.x_m) * np.cos(angle) + (window.y_m() - planted.y_m) * np.sin(
        angle
    )
    rim = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((7, 7), np.uint8)) > 0
    shift = planted.seed % 937
    gaps = noise(window, "patch", shift) + 0.7 * noise(window, "clod", shift)
    front = rim & (lee > -0.1 * planted.width_m) & (gaps > 0.1)
    spots = (mask > 0) & (noise(window, "clod", shift + 21) > 2.75)
    flame = np.asarray((front | spots) * np.uint8(255), np.uint8)
    flame[noise(window, "grain", shift) < -0.5] = 0
    heat = np.clip(
        0.5 + 0.35 * noise(window, "clod", shift + 2) + 0.2 * noise(window, "grain"), 0, 1
    )
    sheet.colour(window, flame, toned(np.asarray(heat, np.float32), FIRE))
    sheet.mark(window, flame, Label.FLAME)


FIRE = palette([(176, 52, 12), (244, 116, 24), (255, 172, 56), (255, 232, 150)])


def _boat(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    box = _box(sheet, planted)
    if box is None:
        return
    mask = mask_of(box.window, planted.polygon)
    inner = cv2.erode(mask, np.ones((5, 5), np.uint8))
    look = HULLS[int(rng.integers(len(HULLS)))]
    rim = toned(0.72 + 0.1 * noise(box.window, "grain"), look)
    sheet.colour(box.window, mask, rim)
    thwart = np.abs(box.along % 1.7 - 0.85) < 0.16
    floor = 0.22 + 0.35 * thwart + 0.1 * noise(box.window, "grain")
    sheet.colour(box.window, inner, toned(np.asarray(floor, np.float32), look))
    cabin = (np.abs(box.along + 0.22 * planted.length_m) < 0.13 * planted.length_m) & (inner > 0)
    if rng.random() < 0.45:
        roof = np.asarray(cabin * np.uint8(255), np.uint8)
        sheet.colour(box.window, roof, toned(0.7 + 0.1 * noise(box.window, "grain"), SHEETS[1]))
        sheet.raise_to(box.window, roof, 1.7, 1)
    sheet.raise_to(box.window, np.where(inner == 0, mask, 0).astype(np.uint8), 0.6, FACADE_EARTH)
    sheet.raise_to(box.window, inner, 0.3, FACADE_EARTH)
    sheet.mark(box.window, mask, Label.BOAT)


def _cages(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    """Draw a raft of square net cages between floating beams."""
    box = _box(sheet, planted)
    if box is None:
        return
    columns = max(2, round(planted.length_m / rng.uniform(3.4, 4.6)))
    rows = max(1, round(planted.width_m / rng.uniform(3.4, 4.6)))
    u = (box.along / planted.length_m + 0.5) * columns
    v = (box.across / planted.width_m + 0.5) * rows
    beam_u, beam_v = 0.2 * columns / planted.length_m, 0.2 * rows / planted.width_m
    off_u, off_v = np.abs(u - np.round(u)), np.abs(v - np.round(v))
    beam = ((off_u < beam_u) | (off_v < beam_v)) & (box.mask > 0)
    mesh = (np.sin(box.along * 14) > 0.5) | (np.sin(box.across * 14) > 0.5)
    net = 0.28 + 0.1 * mesh + 0.06 * noise(box.window, "clod") + 0.05 * noise(box.window, "grain")
    dark = palette([(12, 20, 18), (30, 42, 36), (58, 70, 60), (90, 100, 86)])
    sheet.colour(box.window, box.mask, toned(np.asarray(net, np.float32), dark))
    beams = np.asarray(beam * np.uint8(255), np.uint8)
    float_tone = 0.6 + 0.15 * noise(box.window, "grain") + 0.2 * (np.sin(box.along * 5) > 0.7)
    sheet.colour(box.window, beams, toned(float_tone, BEAMS[int(rng.integers(len(BEAMS)))]))
    sheet.raise_to(box.window, beams, 0.35, FACADE_EARTH)
    sheet.mark(box.window, box.mask, Label.FISHING_GEAR)


def _greenhouse(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    """Draw film tunnels side by side."""
    box = _box(sheet, planted)
    if box is None:
        return
    tunnels = max(2, round(planted.width_m / 7.5))
    width = planted.width_m / tunnels
    place = (box.across + planted.width_m / 2) % width - width / 2
    reach = width / 2 - 0.6
    arch = np.sqrt(np.clip(1 - (place / reach) ** 2, 0, 1))
    covered = (np.abs(place) < reach) & (box.mask > 0)
    mask = np.asarray(covered * np.uint8(255), np.uint8)
    tone = 0.4 + 0.32 * arch + 0.08 * noise(box.window, "cloud", planted.seed % 929)
    tone -= 0.12 * (np.abs(box.along % 1.2 - 0.6) < 0.08)
    tone += 0.05 * noise(box.window, "grain")
    gap = np.where(mask == 0, box.mask, 0).astype(np.uint8)
    sheet.colour(box.window, gap, toned(0.5 + 0.2 * noise(box.window, "cloud"), SOIL))
    sheet.colour(box.window, mask, toned(np.asarray(tone, np.float32), FILM))
    sheet.raise_to(box.window, mask, np.asarray(2.8 * arch, np.float32), 8)


def _bales(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    angle = np.radians(planted.angle_deg)
    square = rng.random() < 0.5
    for a in np.arange(-planted.length_m / 2 + 0.9, planted.length_m / 2 - 0.5, 1.7):
        for b in np.arange(-planted.width_m / 2 + 0.9, planted.width_m / 2 - 0.5, 2.1):
            if rng.random() < 0.3:
                continue
            a2, b2 = a + rng.normal(0, 0.15), b + rng.normal(0, 0.2)
            x = planted.x_m + a2 * np.cos(angle) - b2 * np.sin(angle)
            y = planted.y_m + a2 * np.sin(angle) + b2 * np.cos(angle)
            box = box_at(sheet, (x, y), (1.45, 1.8), planted.angle_deg + rng.normal(0, 8))
            if box is None:
                continue
            tone = 0.85 + 0.14 * noise(box.window, "grain") + 0.08 * np.sin(box.along * 16)
            sheet.colour(box.window, box.mask, toned(tone, STRAW))
            crown = (
                1.2 if square else 0.5 + 0.8 * np.sqrt(np.clip(1 - (box.along / 0.66) ** 2, 0, 1))
            )
            sheet.raise_to(box.window, box.mask, crown, FACADE_STRAW)


def _vehicle(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    draw_car(sheet, Car(planted.x_m, planted.y_m, planted.angle_deg, planted.seed))


def _chimney(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    draw_chimney(sheet, (planted.x_m, planted.y_m), CHIMNEY_M)


def _vent(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    draw_vent(sheet, (planted.x_m, planted.y_m))


def _standing(sheet: Sheet, planted: Planted, rng: Generator) -> None:
    """Draw nothing: a permitted house already stands in the district."""


DRAWERS: dict[Kind, Callable[[Sheet, Planted, Generator], None]] = {
    Kind.NEW_BUILDING: _new_building,
    Kind.UNFINISHED: _unfinished,
    Kind.BURNING: _burning,
    Kind.BURN_SCAR: _burn_scar,
    Kind.BOAT: _boat,
    Kind.CAGES: _cages,
    Kind.PERMITTED_BUILDING: _standing,
    Kind.CHIMNEY: _chimney,
    Kind.STEAM: _vent,
    Kind.DUST: _vehicle,
    Kind.OPEN_BOAT: _boat,
    Kind.GREENHOUSE: _greenhouse,
    Kind.BALES: _bales,
}
