"""Corners dragged and missed objects drawn in the photo, in headless Chromium."""

from datetime import UTC, datetime, timedelta

import pytest
from pyproj import Transformer
from shapely import Point, Polygon

from review.sources import ReviewData

from .conftest import CHROMIUM, HEIGHT, WIDTH
from .test_browser import give_name, open_case, wait_for_another

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

PADDING = (56, 24, 76, 24)
"""Top, right, bottom, left of the photo in its view, as photo-view.ts has it."""
NEAR_PX = 6.0
"""A pixel of the screen is two of the photo here."""
MAP_PADDING = 16
"""Around all cells, as ground-map.ts has it."""
LASTING_MESSAGES = """() => {
  const wait = window.setTimeout.bind(window);
  window.setTimeout = (done, ms) => wait(done, ms === 6000 ? 600000 : ms);
}"""
"""Messages stay, however slow the machine is."""
mercator = Transformer.from_crs(4326, 3857, always_xy=True).transform


def utc_now() -> datetime:
    return datetime.now(UTC)


def show_whole(page):
    """Show the whole photo; tells where a pixel of it is on the screen."""
    page.emulate_media(reduced_motion="reduce")
    page.keyboard.press("f")
    page.locator('button[aria-pressed="true"]', has_text="Whole").wait_for()
    area = page.locator(".viewer .canvas").bounding_box()
    top, right, bottom, left = PADDING
    wide, high = area["width"] - left - right, area["height"] - top - bottom
    scale = min(wide / WIDTH, high / HEIGHT)

    def at(x_px: float, y_px: float) -> tuple[float, float]:
        x = area["x"] + left + wide / 2 + (x_px + 0.5 - WIDTH / 2) * scale
        return x, area["y"] + top + high / 2 + (y_px + 0.5 - HEIGHT / 2) * scale

    return at


def open_building(page) -> str:
    page.locator(".case", has_text="Unpermitted building").first.click()
    page.get_by_role("group", name="Photos of this object").wait_for()
    return open_case(page)


def test_a_corner_is_dragged_and_the_case_moves(page, data: ReviewData):
    no = open_building(page)
    before = data.registry.case(no)
    at = show_whole(page)
    page.keyboard.press("e")
    page.get_by_text("Drag corners").wait_for()
    page.keyboard.press("c")  # decides nothing while something is drawn, nor does a click
    page.get_by_text("An outline is being drawn").wait_for()
    assert page.locator(".decide.confirm").is_disabled()
    page.mouse.move(*at(620, 480))
    page.mouse.down()
    page.mouse.move(*at(720, 560), steps=5)
    page.mouse.up()
    page.keyboard.press("Enter")
    give_name(page)
    page.get_by_text(f"Outline of {no} corrected.").wait_for()
    after = data.registry.case(no)
    assert after.evidence[0].photo_id == "flight/a"
    corners = [Point(corner) for corner in after.evidence[0].polygon_px.exterior.coords]
    assert min(corner.distance(Point(720, 560)) for corner in corners) < NEAR_PX
    assert min(corner.distance(Point(620, 480)) for corner in corners) > 50
    assert (after.stage, after.area_m2 > before.area_m2) == ("reported", True)
    assert [event.action for event in data.registry.history(no)] == ["file", "redraw"]
    page.locator(".timeline").get_by_text("Outline corrected").wait_for()
    page.keyboard.press("u")  # takes back nothing that was decided before without a word
    page.get_by_text(f"The outline of {no} stays as you drew it").wait_for()
    assert len(data.registry.history(no)) == 2


def drag_a_corner(page) -> None:
    """Begin to correct the outline and move one of its corners."""
    at = show_whole(page)
    page.keyboard.press("e")
    page.get_by_text("Drag corners").wait_for()
    page.mouse.move(*at(620, 480))
    page.mouse.down()
    page.mouse.move(*at(720, 560), steps=5)
    page.mouse.up()


def test_a_correction_that_is_left_changes_nothing(page, data: ReviewData):
    no = open_building(page)
    drag_a_corner(page)
    page.keyboard.press("Escape")
    page.get_by_text("Drag corners").wait_for(state="detached")
    assert data.registry.case(no).version == 1


def corners_of(data: ReviewData, no: str) -> list[Point]:
    ring = data.registry.case(no).evidence[0].polygon_px.exterior
    return [Point(corner) for corner in ring.coords[:-1]]


def nearest_px(corners: list[Point], x_px: float, y_px: float) -> float:
    return min(corner.distance(Point(x_px, y_px)) for corner in corners)


def test_single_steps_of_a_correction_are_taken_back_and_done_again(page, data: ReviewData):
    no = open_building(page)
    drag_a_corner(page)
    at = show_whole(page)
    page.mouse.move(*at(500, 400))
    page.mouse.down()
    page.mouse.move(*at(400, 300), steps=5)
    page.mouse.up()
    for keys in ("Control+z", "Control+z", "Shift+Control+Z"):
        page.keyboard.press(keys)
    assert page.evaluate("document.activeElement.tagName") != "INPUT"
    page.keyboard.press("Enter")
    give_name(page)
    page.get_by_text(f"Outline of {no} corrected.").wait_for()
    corners = corners_of(data, no)
    assert nearest_px(corners, 720, 560) < NEAR_PX
    assert nearest_px(corners, 500, 400) < NEAR_PX
    assert nearest_px(corners, 400, 300) > 50


def test_all_steps_taken_back_leave_the_case_as_it_was(page, data: ReviewData):
    no = open_building(page)
    drag_a_corner(page)
    page.keyboard.press("Meta+z")
    page.keyboard.press("Control+z")
    page.get_by_text("No step of this outline is left to take back.").wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("Drag corners").wait_for(state="detached")
    assert data.registry.case(no).version == 1


def test_a_corner_of_a_new_outline_is_taken_back_and_set_again(page, data: ReviewData):
    open_building(page)
    at = show_whole(page)
    page.keyboard.press("n")
    page.get_by_text("Click around the object").wait_for()
    for corner in ((900, 700), (1010, 700), (1100, 850)):
        page.mouse.click(*at(*corner))
        page.wait_for_timeout(300)  # two clicks at once would end it
    for keys in ("Control+z", "Control+z", "Shift+Control+Z"):
        page.keyboard.press(keys)
    page.mouse.click(*at(1010, 800))
    page.wait_for_timeout(300)
    page.mouse.dblclick(*at(900, 800))
    page.get_by_role("heading", name="What was missed?").wait_for()
    page.keyboard.press("1")
    give_name(page)
    page.get_by_text("20260610-0005 added.").wait_for()
    wanted = Polygon([(900, 700), (1010, 700), (1010, 800), (900, 800)])
    drawn = data.registry.case("20260610-0005").evidence[0].polygon_px
    assert drawn.symmetric_difference(wanted).area < 0.12 * wanted.area


def test_why_nothing_is_drawn_in_a_case_that_is_held_is_said(page, data: ReviewData):
    no = next(c.case_no for c in data.registry.cases() if c.case_no != open_case(page))
    data.registry.claim(no, "Wang", until=utc_now() + timedelta(minutes=9), now=utc_now())
    page.evaluate("number => { location.hash = `#/case/${number}`; location.reload(); }", no)
    page.get_by_text("Wang has it for").wait_for()
    page.keyboard.press("e")
    page.get_by_text(f"Wang works on {no} now: nothing can be drawn").wait_for()


def on_map(page, lon_deg: float, lat_deg: float) -> tuple[float, float]:
    """Where a place is on the screen when the map shows all cells."""
    page.get_by_role("button", name="Show all").click()
    area = page.locator(".pane.map .canvas").bounding_box()
    west, south = mercator(119.99, 31.99)
    east, north = mercator(120.01, 32.01)
    wide, high = (area[side] - 2 * MAP_PADDING for side in ("width", "height"))
    metres_per_px = max((east - west) / wide, (north - south) / high)
    x_m, y_m = mercator(lon_deg, lat_deg)
    x = area["x"] + area["width"] / 2 + (x_m - (west + east) / 2) / metres_per_px
    return x, area["y"] + area["height"] / 2 - (y_m - (south + north) / 2) / metres_per_px


def test_no_way_out_by_mouse_loses_what_is_drawn(page, data: ReviewData):
    no = open_building(page)
    other = next(case for case in data.registry.cases() if case.category == "fishing.gear")
    drag_a_corner(page)
    first = page.get_by_text("An outline is being drawn")
    page.mouse.click(*on_map(page, other.lon_deg, other.lat_deg))
    first.wait_for()
    page.get_by_role("button", name="Photo 2 of 2").click()
    for choice, wanted in (("Order", "oldest"), ("Stage", ""), ("Category", "fishing.gear")):
        label = page.locator("label", has=page.locator(".hidden-label", has_text=choice))
        chooser = label.locator("select")
        before = chooser.input_value()
        chooser.select_option(wanted)
        assert chooser.input_value() == before
    place = page.get_by_placeholder("Cell (code or name), or case number")
    for typed in (other.case_no, other.place.cell_code):
        place.fill(typed)
        page.keyboard.press("Enter")
    assert open_case(page) == no
    page.get_by_role("button", name="Save").click()
    give_name(page)
    page.get_by_text(f"Outline of {no} corrected.").wait_for()
    corners = data.registry.case(no).evidence[0].polygon_px.exterior.coords
    assert min(Point(corner).distance(Point(720, 560)) for corner in corners) < NEAR_PX


def test_undo_in_a_message_waits_for_what_is_drawn(page, data: ReviewData):
    page.evaluate(LASTING_MESSAGES)
    decided = open_building(page)
    page.keyboard.press("c")
    give_name(page)
    page.get_by_text(f"{decided} confirmed.").wait_for()
    wait_for_another(page, decided)
    page.keyboard.press("e")
    page.get_by_text("Drag corners").wait_for()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    page.get_by_text("An outline is being drawn").wait_for()
    assert page.get_by_text("Drag corners").is_visible()
    assert data.registry.case(decided).stage == "established"


def test_what_was_missed_is_drawn_and_becomes_a_case(page, data: ReviewData):
    open_building(page)
    at = show_whole(page)
    page.keyboard.press("n")
    page.get_by_text("Click around the object").wait_for()
    corners = [(900, 700), (1010, 700), (1010, 800), (900, 800)]
    for corner in corners[:-1]:
        page.mouse.click(*at(*corner))
    page.mouse.dblclick(*at(*corners[-1]))
    page.get_by_role("heading", name="What was missed?").wait_for()
    page.get_by_role("button", name="1 building").click()
    give_name(page)
    page.get_by_text("20260610-0005 added.").wait_for()
    page.get_by_text("building drawn in a photo by a person").wait_for()
    page.locator('.case[aria-current="true"] .score').get_by_text("drawn", exact=True).wait_for()
    case = data.registry.case("20260610-0005")
    drawn = case.evidence[0].polygon_px
    wanted = Polygon(corners)
    assert drawn.symmetric_difference(wanted).area < 0.12 * wanted.area
    assert data.registry.history(case.case_no)[0].actor == "Chen Jing"
    page.locator(".case", has_text="Unpermitted building").nth(2).wait_for()


def test_a_class_that_was_changed_tells_from_what_to_what(page, data: ReviewData):
    no = open_building(page)
    score = page.locator('.case[aria-current="true"] .score').inner_text()
    page.keyboard.press("3")
    give_name(page)
    page.get_by_text(f"{no} is smoke now.").wait_for()
    page.locator(".why").get_by_text("class changed by Chen Jing from building to smoke").wait_for()
    page.locator(".timeline").get_by_text("building → smoke").wait_for()
    assert page.locator('.case[aria-current="true"] .score').inner_text() == score
    page.locator(".facts-list").get_by_text("ab" * 6).wait_for()
    page.keyboard.press("1")
    page.get_by_text(f"{no} is building now.").wait_for()
    page.locator(".timeline").get_by_text("smoke → building").wait_for()
    assert page.locator(".why").get_by_text("class changed").count() == 0
