import re
from dataclasses import replace

import pytest
from shapely import box

from cases.model import Case
from dispatch.overview import WIDTH_PX, draw_overview
from geo.frames import LocalFrame
from geo.grid import Cell
from tests.dispatch.world import case

CIRCLE = re.compile(r'cx="([-\d.]+)" cy="([-\d.]+)"')
BAR = re.compile(r'h ([\d.]+) v -5".*?>(\d+) (m|km)</text>')
CODE = re.compile(r'class="code" x="([-\d.]+)" y="([-\d.]+)">([^<]+)<')
NUMBER = re.compile(r'<text x="([-\d.]+)" y="([-\d.]+)">(\d+)</text></a>')


def dots(cases: list[Case]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in CIRCLE.findall(draw_overview(cases, {}))]


def at(number: int, east_m: float, north_m: float) -> Case:
    frame = LocalFrame(119.8, 32.4)
    [[lon_deg, lat_deg]] = frame.lonlat_from_xy([[east_m, north_m]]).tolist()
    return replace(case(number), lon_deg=lon_deg, lat_deg=lat_deg)


def test_nothing_is_drawn_without_cases():
    assert draw_overview([], {}) == ""


def test_no_two_dots_of_a_week_have_one_number():
    days = [replace(at(1, 0, 0), case_no=f"{day}-0001") for day in ("20260610", "20260611")]
    other_year = replace(at(1, 90, 0), case_no="20250611-0001")
    drawn = draw_overview([*days, other_year, at(27, 0, 90)], {})
    told = re.findall(r">([^<>]+)</text></a>", drawn)
    assert told == ["0610-1", "20260611-0001", "20250611-0001", "27"]


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


def cell(code: str, west_m: float, south_m: float, width_m: float = 300) -> Cell:
    square = box(west_m, south_m, west_m + width_m, south_m + 300)
    return Cell(code, "", "", "", "", LocalFrame(119.8, 32.4).to_lonlat(square))


CELLS = [cell("320623101201001", 0, 0), cell("320623101201002", 300, 0), cell("far", 9000, 9000)]


def test_the_map_shows_the_patrolled_cells_with_their_codes():
    drawing = draw_overview([at(1, 50, 50)], {}, CELLS, {"320623101201001", "320623101201002"})
    codes = {text: (float(x), float(y)) for x, y, text in CODE.findall(drawing)}
    assert {"320623101201001", "320623101201002"} <= set(codes)
    assert "far" not in codes
    assert codes["320623101201001"][0] < codes["320623101201002"][0]
    [(x, y)] = [(float(x), float(y)) for x, y in CIRCLE.findall(drawing)]
    assert x < codes["320623101201001"][0]
    assert y > codes["320623101201001"][1]  # the code stands at the upper edge, the case is south


def test_a_patrol_without_cases_still_has_a_map_of_its_cells():
    assert 'class="cell"' in draw_overview([], {}, CELLS, {"320623101201001"})


def test_a_narrow_cell_carries_the_end_of_its_code():
    narrow = [cell(f"32062310120{n:04d}", 40 * n, 0, 40) for n in range(20)]
    drawing = draw_overview([], {}, narrow, {entry.code for entry in narrow})
    rows_px = {text: float(y) for _, y, text in CODE.findall(drawing)}
    assert {f"{n:03d}" for n in range(20)} <= set(rows_px)
    assert rows_px["019"] > 54 > rows_px["001"]  # clear of the north arrow


def test_numbers_of_cases_close_to_each_other_do_not_overlap():
    cases = [at(n, 14 * n, 2 * n) for n in range(1, 9)] + [at(9, 600, 400)]
    places = [(float(x), float(y)) for x, y, _ in NUMBER.findall(draw_overview(cases, {}))]
    boxes = [box(x, y - 10, x + 7, y) for x, y in places]
    assert len(boxes) == 9
    assert not any(a.intersects(b) for n, a in enumerate(boxes) for b in boxes[:n])


def test_the_map_has_a_north_arrow_and_a_scale():
    drawing = draw_overview([at(1, 0, 0)], {})
    assert "N 北" in drawing
    assert BAR.search(drawing)
