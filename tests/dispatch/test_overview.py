import re
from dataclasses import replace

import pytest

from cases.model import Case
from dispatch.overview import WIDTH_PX, draw_overview
from geo.frames import LocalFrame
from tests.dispatch.world import case

CIRCLE = re.compile(r'cx="([-\d.]+)" cy="([-\d.]+)"')
BAR = re.compile(r'h ([\d.]+)".*?>(\d+) (m|km)</text>')


def dots(cases: list[Case]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in CIRCLE.findall(draw_overview(cases, {}))]


def at(number: int, east_m: float, north_m: float) -> Case:
    frame = LocalFrame(119.8, 32.4)
    [[lon_deg, lat_deg]] = frame.lonlat_from_xy([[east_m, north_m]]).tolist()
    return replace(case(number), lon_deg=lon_deg, lat_deg=lat_deg)


def test_nothing_is_drawn_without_cases():
    assert draw_overview([], {}) == ""


def test_north_is_up_and_east_is_right():
    (x0, y0), (x1, y1) = dots([at(1, 0, 0), at(2, 300, 400)])
    assert x1 > x0
    assert y1 < y0


def test_distances_agree_with_the_scale_bar():
    cases = [at(1, 0, 0), at(2, 300, 400)]
    (x0, y0), (x1, y1) = dots(cases)
    length_px, length, unit = BAR.search(draw_overview(cases, {})).groups()
    length_m = float(length) * (1000 if unit == "km" else 1)
    apart_m = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 * length_m / float(length_px)
    assert apart_m == pytest.approx(500, rel=0.005)


@pytest.mark.parametrize("spread_m", [0, 10, 5_000, 60_000])
def test_every_dot_is_inside_the_drawing(spread_m: float):
    cases = [at(1, -spread_m, spread_m), at(2, spread_m, 0), at(3, 0, -spread_m)]
    height_px = int(re.search(r"viewBox=\"0 0 \d+ (\d+)\"", draw_overview(cases, {}))[1])
    assert all(0 <= x <= WIDTH_PX and 0 <= y <= height_px for x, y in dots(cases))
