"""How fields, water, roads and yards look from above."""

from collections.abc import Callable

import cv2
import numpy as np
from shapely import LineString, box, get_parts
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from simulations.layout import Crop, Parcel, Patch, Pond, Way
from simulations.sheet import PIXELS_PER_M, Bytes, Floats, Sheet, Window, mask_of
from simulations.textures import (
    Palette,
    across_m,
    broad,
    noise,
    palette,
    ragged,
    rows,
    shifted,
    toned,
)

GRASS = palette([(50, 58, 34), (80, 92, 52), (108, 116, 68), (142, 142, 94), (172, 162, 120)])
SOIL = palette([(66, 54, 42), (106, 88, 68), (134, 114, 90), (164, 144, 118)])
STRAW = palette([(104, 88, 58), (150, 130, 90), (182, 162, 118), (206, 190, 148)])
LEAF = palette([(44, 58, 32), (72, 92, 48), (98, 120, 64), (130, 148, 88)])
PADDY = palette([(62, 68, 54), (82, 104, 58), (108, 130, 70), (142, 158, 96)])
RAPE = palette([(78, 92, 46), (126, 134, 60), (170, 166, 78), (198, 190, 106)])
BEDS = palette([(86, 68, 50), (112, 94, 68), (94, 104, 66), (84, 102, 60), (112, 130, 84)])
ASPHALT = palette([(70, 70, 72), (98, 98, 98), (118, 116, 114), (146, 144, 140)])
CONCRETE = palette([(112, 108, 100), (148, 144, 134), (172, 168, 158), (200, 196, 186)])
DIRT = palette([(96, 80, 60), (134, 114, 88), (162, 142, 112), (190, 172, 142)])
REEDS = palette([(40, 52, 24), (70, 84, 36), (108, 108, 56), (140, 132, 80)])
WATERS = (
    palette([(40, 50, 34), (60, 72, 48), (80, 92, 62), (112, 122, 94)]),
    palette([(44, 44, 30), (72, 74, 50), (94, 96, 68), (126, 128, 100)]),
    palette([(34, 44, 38), (52, 66, 58), (74, 88, 76), (108, 120, 106)]),
    palette([(70, 62, 46), (98, 90, 68), (120, 110, 86), (148, 138, 114)]),
)
RIVER_LOOK = 3
BAND_PX = 512


def draw_base(sheet: Sheet) -> None:
    """Cover everything with rough grass, band by band to spare memory."""
    whole = sheet.window
    for top in range(0, whole.height, BAND_PX):
        height = min(BAND_PX, whole.height - top)
        band = Window(whole.left_px, whole.top_px + top, whole.width, height)
        tone = 0.42 + 0.11 * broad(band) + 0.06 * noise(band, "cloud") + 0.08 * noise(band, "grain")
        tone += 0.05 * noise(band, "clod")
        sheet.albedo[top : top + height] = toned(tone, GRASS)


def _jitter(seed: int, spread: float) -> np.ndarray:
    """Draw a small colour offset: mostly brightness, a little hue."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(0, spread) + rng.normal(0, spread / 3, 3))


def draw_parcel(sheet: Sheet, parcel: Parcel) -> None:
    """Draw one field with its crop."""
    window = sheet.visible(parcel.polygon)
    if window is None:
        return
    tone, ramp = CROP_LOOKS[parcel.crop](window, parcel)
    mask = ragged(mask_of(window, parcel.polygon), window, 0.35)
    sheet.colour(window, mask, toned(tone, shifted(ramp, _jitter(parcel.seed, 9))))


def _shift(parcel: Parcel) -> int:
    return parcel.seed % 997


def _wheat(window: Window, parcel: Parcel) -> tuple[Floats, Palette]:
    shift = _shift(parcel)
    tone = 0.5 + 0.05 * noise(window, "patch", shift) + 0.03 * noise(window, "cloud", shift)
    tone += (
        0.06 * broad(window, shift)
        + 0.04 * noise(window, "clod")
        + 0.09 * noise(window, "grain")
        + 0.04 * rows(window, parcel.row_deg, 0.6, 0.0)
    )
    return tone - 0.3 * _ruts(window, parcel, 14.0), LEAF


def _ruts(window: Window, parcel: Parcel, spacing_m: float) -> Floats:
    """Wheel marks, two lines 1.8 m apart at each passage; 1 in a rut."""
    across = across_m(window, parcel.row_deg) + noise(window, "patch", 17) * 0.12
    place = (across + parcel.seed % 13) % spacing_m
    rut = np.minimum(np.abs(place - 1.0), np.abs(place - 2.8))
    return np.clip(1.3 - rut / 0.22, 0, 1)


def _stubble(window: Window, parcel: Parcel) -> tuple[Floats, Palette]:
    shift = _shift(parcel)
    width = 3.2 + parcel.seed % 5 * 0.5
    sway = noise(window, "patch", shift) * 0.35
    swath = rows(window, parcel.row_deg, width, sway)
    tone = 0.5 + 0.07 * noise(window, "patch", shift) + 0.09 * noise(window, "clod")
    tone += 0.11 * np.clip(swath - 0.35, 0, 1) * (1 + noise(window, "cloud", 3) * 0.5)
    tone += 0.05 * np.sign(rows(window, parcel.row_deg, 2 * width, 0.7))
    tone += 0.1 * noise(window, "grain") + 0.04 * rows(window, parcel.row_deg, 0.45, sway)
    return tone - 0.12 * _ruts(window, parcel, width), STRAW


def _ploughed(window: Window, parcel: Parcel) -> tuple[Floats, Palette]:
    shift = _shift(parcel)
    spacing = 0.7 + parcel.seed % 4 * 0.15
    tone = 0.42 + 0.05 * noise(window, "patch", shift) + 0.08 * noise(window, "clod", shift)
    tone += 0.05 * noise(window, "cloud", shift) + 0.06 * broad(window, shift)
    tone += 0.12 * rows(window, parcel.row_deg, spacing, noise(window, "cloud") * 0.4)
    return tone + 0.06 * noise(window, "grain"), SOIL


def _vegetables(window: Window, parcel: Parcel) -> tuple[Floats, Palette]:
    shift = _shift(parcel)
    spacing = 1.3 + parcel.seed % 4 * 0.2
    bed = rows(window, parcel.row_deg, spacing, noise(window, "patch", shift) * 0.2)
    growth = 0.22 * noise(window, "cloud", shift) + 0.16 * noise(window, "clod", shift)
    return 0.48 + 0.3 * bed + growth + 0.08 * noise(window, "grain"), BEDS


def _paddy(window: Window, parcel: Parcel) -> tuple[Floats, Palette]:
    shift = _shift(parcel)
    tone = 0.55 + 0.06 * noise(window, "patch", shift) + 0.08 * noise(window, "grain")
    tone += 0.05 * broad(window, shift) + 0.04 * noise(window, "clod", shift)
    tone += 0.06 * rows(window, parcel.row_deg, 0.5, noise(window, "cloud") * 0.3)
    gaps = np.clip(noise(window, "cloud", shift + 9) - 2.0, 0, 1)
    return tone - 0.6 * gaps, PADDY


def _rape(window: Window, parcel: Parcel) -> tuple[Floats, Palette]:
    shift = _shift(parcel)
    tone = 0.55 + 0.14 * noise(window, "cloud", shift) + 0.1 * noise(window, "clod")
    return tone + 0.08 * noise(window, "grain") - 0.3 * _ruts(window, parcel, 9.0), RAPE


def _fallow(window: Window, parcel: Parcel) -> tuple[Floats, Palette]:
    shift = _shift(parcel)
    tone = 0.55 + 0.2 * noise(window, "cloud", shift) + 0.1 * noise(window, "clod", shift)
    return tone + 0.07 * noise(window, "grain"), GRASS


CROP_LOOKS: dict[Crop, Callable[[Window, Parcel], tuple[Floats, Palette]]] = {
    "wheat": _wheat,
    "stubble": _stubble,
    "ploughed": _ploughed,
    "vegetables": _vegetables,
    "paddy": _paddy,
    "rape": _rape,
    "fallow": _fallow,
}


def draw_patch(sheet: Sheet, patch: Patch) -> None:
    """Draw a yard, garden, works ground, bare earth or meadow."""
    window = sheet.visible(patch.polygon)
    if window is None:
        return
    shift = patch.seed % 991
    grain, cloud = noise(window, "grain"), noise(window, "cloud", shift)
    mask = mask_of(window, patch.polygon)
    if patch.kind in ("yard", "works"):
        tone = 0.52 + 0.05 * cloud + 0.07 * grain + 0.05 * noise(window, "patch", shift)
        joints = np.maximum(rows(window, 2.0, 4.0, 0.0), rows(window, 92.0, 4.0, 0.0)) > 0.992
        tone -= 0.12 * joints
        ramp = CONCRETE if patch.seed % 3 else DIRT
        frayed = mask if patch.kind == "yard" else ragged(mask, window, 0.6)
        sheet.colour(window, frayed, toned(tone, shifted(ramp, _jitter(patch.seed, 8))))
    elif patch.kind == "garden":
        bed = rows(window, 0.0 if patch.seed % 2 else 90.0, 1.1, 0.2 * cloud)
        tone = 0.5 + 0.25 * bed + 0.2 * cloud + 0.1 * grain
        sheet.colour(window, ragged(mask, window, 0.5), toned(tone, BEDS))
    elif patch.kind == "earth":
        tone = 0.55 + 0.16 * cloud + 0.12 * noise(window, "clod", shift) + 0.07 * grain
        sheet.colour(window, ragged(mask, window, 2.4), toned(tone, DIRT))
    else:
        tone = 0.45 + 0.09 * cloud + 0.09 * broad(window, shift) + 0.09 * grain
        tone += 0.06 * noise(window, "clod", shift)
        sheet.colour(window, ragged(mask, window, 1.0), toned(tone, GRASS))


def draw_pond(sheet: Sheet, pond: Pond) -> None:
    """Draw a pond with its reed bank, ripples and some duckweed."""
    _draw_water(sheet, pond.polygon, pond.seed % 4, pond.seed)


def _draw_water(sheet: Sheet, polygon: BaseGeometry, look: int, seed: int) -> None:
    bank = polygon.buffer(2.2)
    window = sheet.visible(bank)
    if window is None:
        return
    shift = seed % 983
    reeds = 0.42 + 0.2 * noise(window, "cloud", shift) + 0.16 * noise(window, "clod", shift)
    sheet.colour(window, ragged(mask_of(window, bank), window, 1.0), toned(reeds, REEDS))
    water = ragged(mask_of(window, polygon), window, 0.5)
    depth = cv2.blur(water, (31, 31)).astype(np.float32) / 255
    tone = 0.5 + 0.05 * noise(window, "patch", shift) + 0.045 * noise(window, "ripple", shift)
    tone += 0.05 * broad(window, shift) + 0.02 * noise(window, "grain") - 0.28 * (1 - depth)
    colour = toned(tone, shifted(WATERS[look], _jitter(seed, 5)))
    if seed % 3 == 0:
        weed = noise(window, "patch", shift + 40) + 2.2 * (1 - depth) + 0.3 * noise(window, "clod")
        green = toned(0.6 + 0.1 * noise(window, "cloud"), LEAF)
        np.copyto(colour, green, where=(weed > 2.35)[..., None])
    sheet.colour(window, water, colour)


def draw_way(sheet: Sheet, way: Way) -> None:
    """Draw a road, a track or a watercourse."""
    window = sheet.window
    bounds = box(
        window.left_px / PIXELS_PER_M - 9,
        -(window.top_px + window.height) / PIXELS_PER_M - 9,
        (window.left_px + window.width) / PIXELS_PER_M + 9,
        -window.top_px / PIXELS_PER_M + 9,
    )
    if not way.line.intersects(bounds):
        return
    seen = way.line.intersection(bounds)
    {"canal": _canal, "river": _river, "track": _track, "lane": _lane, "main": _main}[way.kind](
        sheet, way, seen
    )


def _canal(sheet: Sheet, way: Way, seen: BaseGeometry) -> None:
    for piece in get_parts(seen):
        _draw_water(sheet, piece.buffer(way.width_m / 2 - 1.2, cap_style="flat"), 1, 11)


def _river(sheet: Sheet, way: Way, seen: BaseGeometry) -> None:
    for piece in get_parts(seen):
        _draw_water(sheet, piece.buffer(way.width_m / 2, cap_style="flat"), RIVER_LOOK, 13)


def _strip(sheet: Sheet, line: BaseGeometry, width_m: float, look: Palette, fray_m: float) -> None:
    polygon = line.buffer(width_m / 2, cap_style="flat")
    for piece in get_parts(polygon):
        window = sheet.visible(piece, 1.0)
        if window is None:
            continue
        tone = 0.5 + 0.1 * noise(window, "cloud", 61) + 0.07 * noise(window, "grain")
        tone += 0.06 * broad(window, 5)
        mask = mask_of(window, piece)
        sheet.colour(window, ragged(mask, window, fray_m) if fray_m else mask, toned(tone, look))


def _track(sheet: Sheet, way: Way, seen: BaseGeometry) -> None:
    _strip(sheet, seen, way.width_m, DIRT, 0.6)
    _strip(sheet, seen, 0.8, GRASS, 0.5)


def _lane(sheet: Sheet, way: Way, seen: BaseGeometry) -> None:
    _strip(sheet, seen, way.width_m + 1.6, DIRT, 0.7)
    _strip(sheet, seen, way.width_m - 1.0, CONCRETE, 0.0)


def _main(sheet: Sheet, way: Way, seen: BaseGeometry) -> None:
    _strip(sheet, seen, way.width_m + 2.4, DIRT, 0.7)
    _strip(sheet, seen, way.width_m, ASPHALT, 0.0)
    for side in (-1, 1):
        _paint_line(sheet, way.line.offset_curve(side * (way.width_m / 2 - 0.4)), 0.14)
    dashes = np.arange(0, way.line.length - 4, 9.0)
    for start in dashes:
        dash = substring(way.line, start, start + 4)
        if sheet.visible(dash) is not None:
            _paint_line(sheet, dash, 0.16)


def _paint_line(sheet: Sheet, line: LineString | BaseGeometry, width_m: float) -> None:
    polygon = line.buffer(width_m / 2, cap_style="flat")
    window = sheet.visible(polygon)
    if window is not None:
        worn: Bytes = mask_of(window, polygon)
        alpha = worn.astype(np.float32) / 255 * np.clip(0.75 + 0.2 * noise(window, "clod"), 0, 1)
        sheet.tint(window, alpha, (205, 203, 196))
