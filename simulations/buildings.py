"""How houses, halls, chimneys and cars look from above, and how high they stand."""

from dataclasses import dataclass

import numpy as np
from shapely import Point

from simulations.layout import Building, Car, rectangle
from simulations.sheet import Bytes, Floats, Label, Sheet, Window, mask_of
from simulations.textures import Palette, noise, palette, shifted, toned

TILES = (
    palette([(58, 34, 28), (104, 58, 46), (142, 84, 66), (176, 118, 94)]),
    palette([(38, 40, 44), (68, 70, 74), (92, 94, 98), (126, 128, 130)]),
    palette([(80, 44, 26), (152, 82, 50), (184, 108, 70), (212, 148, 108)]),
    palette([(40, 52, 70), (62, 82, 108), (86, 108, 134), (122, 140, 160)]),
    palette([(70, 62, 54), (108, 98, 86), (136, 126, 112), (168, 158, 144)]),
)
SHEETS = (
    palette([(34, 66, 110), (52, 96, 150), (76, 124, 176), (120, 158, 198)]),
    palette([(120, 122, 124), (158, 162, 164), (190, 194, 196), (222, 226, 228)]),
    palette([(96, 44, 38), (140, 66, 56), (166, 90, 78), (196, 128, 114)]),
    palette([(84, 92, 88), (116, 126, 120), (142, 152, 146), (180, 188, 182)]),
)
SLAB = palette([(86, 84, 80), (124, 122, 116), (152, 150, 144), (186, 184, 178)])
# Wall colours by the index in Sheet.facade; 0 is vegetation.
FACADES = np.array(
    [
        (60, 70, 45), (205, 202, 194), (188, 176, 154), (142, 140, 136), (146, 92, 72),
        (206, 192, 146), (196, 168, 156), (120, 104, 84), (172, 178, 182),
        (190, 168, 122),
    ],
    np.float32,
)  # fmt: skip
FACADE_CONCRETE, FACADE_BRICK, FACADE_EARTH, FACADE_METAL, FACADE_STRAW = 3, 4, 7, 8, 9
CAR_COLOURS = (
    (214, 214, 212), (226, 226, 226), (44, 46, 50), (120, 124, 130), (150, 36, 34), (40, 66, 120),
    (84, 72, 60),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels of a turned rectangle: distance along and across from its middle, metres."""

    window: Window
    mask: Bytes
    along: Floats
    across: Floats


def box_at(
    sheet: Sheet, place: tuple[float, float], size: tuple[float, float], angle_deg: float
) -> Box | None:
    """Return the pixels of a rectangle on a sheet, or None where it lies beside it."""
    polygon = rectangle(*place, *size, angle_deg)
    window = sheet.visible(polygon)
    if window is None:
        return None
    angle = np.radians(angle_deg)
    dx, dy = window.x_m() - place[0], window.y_m() - place[1]
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = dy * np.cos(angle) - dx * np.sin(angle)
    return Box(
        window, mask_of(window, polygon), along.astype(np.float32), across.astype(np.float32)
    )


def draw_building(sheet: Sheet, building: Building, fresh: bool = False) -> None:
    """Draw a finished building; a fresh one has clean roofs."""
    size = (building.length_m, building.width_m)
    box = box_at(sheet, (building.x_m, building.y_m), size, building.angle_deg)
    if box is None:
        return
    rng = np.random.default_rng([19, building.seed])
    wear = 0.35 if fresh else 1.0
    if building.kind == "hall":
        look = _metal(box, building, rng, wear, 0.12)
    elif building.kind == "shed":
        draw = _metal if rng.random() < 0.5 else _flat
        look = draw(box, building, rng, wear, 0.08)
    else:
        roll = rng.random()
        draw = _gable if roll < 0.55 else _hip if roll < 0.72 else _flat if roll < 0.9 else _metal
        look = draw(box, building, rng, wear, 0.16)
    tone, ramp, height = look
    ramp = shifted(ramp, rng.normal(0, 9) + rng.normal(0, 4, 3))
    sheet.colour(box.window, box.mask, toned(tone, ramp))
    facade = int(rng.choice([1, 1, 2, 3, 5, 6]))
    sheet.raise_to(box.window, box.mask, height, facade)
    sheet.mark(box.window, box.mask, Label.BUILDING)
    _roof_furniture(sheet, building, rng, float(np.max(height)))


Look = tuple[Floats, Palette, Floats]


def _stains(box: Box, building: Building, wear: float) -> Floats:
    shift = building.seed % 977
    spots = 0.1 * noise(box.window, "cloud", shift) + 0.06 * noise(box.window, "clod", shift)
    return np.asarray(wear * spots + 0.05 * noise(box.window, "grain"), np.float32)


def _gable(
    box: Box, building: Building, rng: np.random.Generator, wear: float, tilt: float
) -> Look:
    half = building.width_m / 2
    height = building.eaves_m + (half - np.abs(box.across)) * (0.35 + tilt)
    tone = 0.5 + _stains(box, building, wear)
    tone += 0.07 * np.sin(box.along * 2 * np.pi / 0.42) + 0.04 * np.sin(box.across * 17.9)
    tone += 0.22 * (np.abs(box.across) < 0.16) - 0.2 * (np.abs(box.across) > half - 0.14)
    return tone, TILES[int(rng.integers(len(TILES)))], height


def _hip(box: Box, building: Building, rng: np.random.Generator, wear: float, tilt: float) -> Look:
    inward = np.minimum(
        building.width_m / 2 - np.abs(box.across), building.length_m / 2 - np.abs(box.along)
    )
    height = building.eaves_m + inward * (0.35 + tilt)
    ridge = np.abs(
        (building.length_m / 2 - np.abs(box.along)) - (building.width_m / 2 - np.abs(box.across))
    )
    tone = 0.5 + _stains(box, building, wear) + 0.05 * np.sin(inward * 17.9)
    tone += 0.18 * (ridge < 0.16) + 0.18 * (np.abs(box.across) < 0.14)
    return tone, TILES[int(rng.integers(len(TILES)))], height


def _flat(box: Box, building: Building, rng: np.random.Generator, wear: float, tilt: float) -> Look:
    edge = np.minimum(
        building.width_m / 2 - np.abs(box.across), building.length_m / 2 - np.abs(box.along)
    )
    parapet = edge < 0.28
    height = building.eaves_m + np.where(parapet, 0.7, 0.0)
    tone = (
        0.5 + 1.2 * _stains(box, building, wear) + 0.2 * parapet - 0.12 * ((edge < 0.6) & ~parapet)
    )
    tone += tilt * (np.abs(box.along - building.length_m * 0.17) < 0.08)
    return tone, SLAB, np.asarray(height, np.float32)


def _metal(
    box: Box, building: Building, rng: np.random.Generator, wear: float, tilt: float
) -> Look:
    half = building.width_m / 2
    height = building.eaves_m + (half - np.abs(box.across)) * tilt
    tone = 0.55 + 0.9 * _stains(box, building, wear)
    tone += 0.07 * (np.abs(box.along % 0.9 - 0.45) < 0.09) + 0.1 * (np.abs(box.across) < 0.2)
    strips = (np.abs(box.along % 7.0 - 3.5) < 0.5) & (np.abs(box.across) > 0.5)
    tone += 0.16 * strips * (building.kind == "hall")
    pick = rng.choice(len(SHEETS), p=[0.4, 0.3, 0.15, 0.15])
    return tone, SHEETS[int(pick)], np.asarray(height, np.float32)


def _roof_furniture(
    sheet: Sheet, building: Building, rng: np.random.Generator, top_m: float
) -> None:
    """Put a solar boiler or a vent on the roof."""
    if building.kind == "shed" or rng.random() < 0.45:
        return
    angle = np.radians(building.angle_deg)
    a, b = rng.uniform(-0.35, 0.35) * building.length_m, rng.uniform(-0.3, 0.1) * building.width_m
    x = building.x_m + a * np.cos(angle) - b * np.sin(angle)
    y = building.y_m + a * np.sin(angle) + b * np.cos(angle)
    size = (1.9, 1.4) if building.kind == "house" else (2.5, 2.5)
    box = box_at(sheet, (x, y), size, building.angle_deg)
    if box is None:
        return
    tone = 0.35 + 0.3 * (box.across > 0.4) + 0.05 * noise(box.window, "grain")
    sheet.colour(box.window, box.mask, toned(tone, SHEETS[1] if rng.random() < 0.4 else TILES[3]))
    sheet.raise_to(box.window, box.mask, top_m + 0.5, 3)


def draw_chimney(sheet: Sheet, place: tuple[float, float], height_m: float) -> None:
    """Draw a brick stack with its dark mouth."""
    window = sheet.visible(Point(place).buffer(1.6))
    if window is None:
        return
    away = np.hypot(window.x_m() - place[0], window.y_m() - place[1])
    mask = np.asarray((away < 1.5) * np.uint8(255), np.uint8)
    tone = np.where(away < 0.9, 0.02, 0.55) + 0.08 * noise(window, "grain")
    sheet.colour(window, mask, toned(tone.astype(np.float32), TILES[2]))
    sheet.raise_to(window, mask, height_m, FACADE_BRICK)
    sheet.mark(window, mask, Label.BACKGROUND)


def draw_vent(sheet: Sheet, place: tuple[float, float]) -> None:
    """Draw a cooling unit on legs that gives off steam."""
    box = box_at(sheet, place, (5.0, 4.0), 0.0)
    if box is None:
        return
    fan = np.hypot(np.abs(box.along) - 1.2, box.across) < 0.95
    tone = 0.6 - 0.4 * fan + 0.06 * noise(box.window, "grain")
    sheet.colour(box.window, box.mask, toned(tone.astype(np.float32), SHEETS[1]))
    sheet.raise_to(box.window, box.mask, 8.0, 8)


def draw_car(sheet: Sheet, car: Car) -> None:
    """Draw a car, or a lorry for every seventh seed."""
    lorry = car.seed % 7 == 0
    length, width, height = (7.5, 2.4, 2.9) if lorry else (4.4, 1.8, 1.45)
    box = box_at(sheet, (car.x_m, car.y_m), (length, width), car.angle_deg)
    if box is None:
        return
    body = np.array(CAR_COLOURS[car.seed % len(CAR_COLOURS)], np.float32)
    glass = (np.abs(box.along - 0.75) < 0.32) | (np.abs(box.along + 1.25) < 0.22)
    glass &= np.abs(box.across) < width / 2 - 0.15
    light = 1 + 0.06 * noise(box.window, "grain") - 0.12 * (np.abs(box.across) > width / 2 - 0.2)
    colour = np.where((glass & (not lorry))[..., None], np.array([38, 44, 52], np.float32), body)
    painted = np.clip(colour * light[..., None], 0, 255).astype(np.uint8)
    sheet.colour(box.window, box.mask, painted)
    low = np.where(np.abs(box.along) > length * 0.32, 0.65, 1.0) if not lorry else 1.0
    sheet.raise_to(box.window, box.mask, height * np.asarray(low, np.float32), 8)
    sheet.mark(box.window, box.mask, Label.BACKGROUND)
