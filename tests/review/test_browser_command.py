"""The command page in headless Chromium: figures, the district cell by cell, a shifted base map."""

import io
import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from cases.lifecycle import Action, Role
from geo.gcj02 import gcj02_from_wgs84
from review.app import create_app
from review.basemap import Basemap
from review.sources import ReviewData

from .conftest import FLOWN, NOW
from .serving import served

SPOTS = np.array([[120.0, 31.994], [120.0, 32.006]])  # the middle of the cells is theirs, too
TILE_PX = 256


@pytest.fixture
def address(data: ReviewData) -> Iterator[str]:
    with served(create_app(data, clock=lambda: NOW)) as address:
        yield address


@pytest.mark.parametrize(
    ("locale", "rate", "closed"), [("en-GB", "closing rate", "closed"), ("zh-CN", "结案率", "结案")]
)
def test_figures_of_a_period_are_shown_as_charts_and_tables(
    address: str, open_page, locale: str, rate: str, closed: str
):
    page = open_page(address, "command#/figures", locale=locale)
    page.locator("input[type=date]").fill(f"{FLOWN.date()}")
    page.locator("h2", has_text="2026-06-08").wait_for()
    bars = page.locator(".bars svg").first
    assert f"{closed}: 0" in bars.get_attribute("aria-label")
    assert page.locator(".bar-value").first.text_content() == "4"
    assert page.locator(".share h3").first.inner_text() == rate
    page.locator(".period button").last.click()
    page.locator("h2", has_text="2026-06-15").wait_for()
    assert page.locator(".bar-value").first.text_content() == "0"


def test_disagreements_and_precision_are_shown(address: str, open_page, data: ReviewData):
    first, second, *_ = data.registry.cases()
    for case, action, reason in ((first, "confirm", ""), (second, "reject", "harmless")):
        data.registry.decide(
            case.case_no, action, actor="Chen", reason=reason, expected_version=1, now=NOW,
            look_share=1.0,
        )  # fmt: skip
    look = data.looks.next_for("Wang", until=NOW + timedelta(minutes=9), now=NOW)
    data.looks.judge(
        "Wang", look.case_no, Action.REJECT, role=Role.INSPECTOR,
        reason="permitted: in the plan", expected_version=1, now=NOW,
    )  # fmt: skip
    page = open_page(address, "command#/quality")
    page.get_by_role("heading", name="Judged in different ways (1)").wait_for()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=first.case_no))
    assert "Wang: Rejected" in row.inner_text()
    assert "Permitted or registered: in the plan" in row.inner_text()
    page.get_by_text("1 second look waits for somebody.").wait_for()
    chen = page.get_by_role("row").filter(has_text="Chen").filter(has_text="0.0 % (0/1)")
    assert chen.count() == 1
    page.set_viewport_size({"width": 390, "height": 844})  # nothing lies beside a phone's screen
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert chen.evaluate("row => row.scrollWidth <= row.clientWidth")
    assert chen.get_by_role("cell").last.bounding_box()["x"] < 390


def test_the_district_is_drilled_into_searched_and_left_for_a_case(
    address: str, open_page, data: ReviewData
):
    page = open_page(address, "command")
    rows = page.locator(".groups tbody tr")
    rows.first.wait_for()
    page.get_by_role("searchbox").fill("001002")
    page.keyboard.press("Enter")
    page.locator(".cell-facts dd", has_text="320624001001002").wait_for()
    page.get_by_role("heading", name="Cases here (0)").wait_for()
    page.get_by_role("searchbox").fill("001001")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Cases here (4)").wait_for()
    first = page.locator(".cell-facts > div").first.bounding_box()
    second = page.locator(".cell-facts > div").nth(1).bounding_box()
    assert first["x"] == second["x"]
    assert second["y"] >= first["y"] + first["height"]
    page.get_by_label("Cells coloured by").select_option("overdue")
    page.get_by_role("heading", name="Cases here (0)").wait_for()
    page.get_by_role("searchbox").fill("nowhere")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing is called nowhere here.").wait_for()
    case = data.registry.cases()[0]
    page.get_by_role("searchbox").fill(case.case_no)
    page.keyboard.press("Enter")
    page.locator(".case-card").get_by_role("link", name="Open the case").click()
    page.locator(".photo .number", has_text=case.case_no).wait_for()


def test_the_district_is_as_it_was_when_one_comes_back_from_a_case(address: str, open_page):
    page = open_page(address, "command")
    measure = page.get_by_label("Cells coloured by")
    measure.select_option("to_review")
    town = page.locator(".groups tbody button").first
    name = town.inner_text()
    town.click()
    place = page.locator(".path [aria-current]")
    assert place.inner_text() == name
    page.locator(".case-list").get_by_role("link", name="Open the case").first.click()
    page.locator(".photo .number").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Cases here (4)").wait_for()
    assert measure.input_value() == "to_review"
    assert place.inner_text() == name
    page.evaluate("""sessionStorage.setItem(
        "aerogrid.district", JSON.stringify({measure: "open", at: {town: "of somebody else"}}))""")
    page.reload()
    page.get_by_role("heading", name="Cases here (4)").wait_for()
    assert place.inner_text() == "Whole district"


@contextmanager
def tile_server() -> Iterator[str]:
    """Serve tiles of a base map in GCJ-02: black, with a red spot where it shows each place."""
    shares = [
        ((lon + 180) / 360, 0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi))
        for lon, lat in gcj02_from_wgs84(SPOTS)
    ]

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self):
            z, x, y = map(int, self.path.removesuffix(".png").strip("/").split("/"))
            picture = Image.new("RGB", (TILE_PX, TILE_PX), (0, 0, 0))
            for x_share, y_share in shares:
                column, row = (x_share * 2**z - x) * TILE_PX, (y_share * 2**z - y) * TILE_PX
                spot = (column - 8, row - 8, column + 8, row + 8)
                ImageDraw.Draw(picture).ellipse(spot, fill=(255, 0, 0))
            content = io.BytesIO()
            picture.save(content, "PNG")
            self.send_response(200)
            self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
            self.end_headers()
            self.wfile.write(content.getvalue())

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Tiles) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def red_middle(page) -> tuple[float, float] | None:
    """Middle of what is red, in pixels right and down of that of the map; None if nothing is."""
    canvas = page.locator(".district-map .canvas")
    pixels = np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("RGB")).astype(int)
    red = (pixels[..., 0] > 65) & (pixels[..., 1] < 60) & (pixels[..., 2] < 100)
    if red.sum() < 50:
        return None
    rows, columns = np.nonzero(red)
    height, width = red.shape
    return float(columns.mean() - width / 2), float(rows.mean() - height / 2)


def test_a_base_map_in_gcj02_lies_where_the_cells_are(open_page, data: ReviewData):
    with tile_server() as tiles:
        basemap = Basemap(f"{tiles}{{z}}/{{x}}/{{y}}.png", "gcj02", "© Nobody")
        with served(create_app(data, basemap=basemap, clock=lambda: NOW)) as address:
            page = open_page(address, "command", also=tiles)
            page.locator(".groups tbody tr").first.wait_for()
            page.get_by_label("Cells coloured by").select_option("overdue")  # dark blue
            page.wait_for_load_state("networkidle")
            page.get_by_text("© Nobody").wait_for()
            off_px = red_middle(page)
            page.context.close()
    assert off_px is not None
    assert math.hypot(*off_px) < 3  # unshifted it would be 65 px off


def test_charts_tell_what_was_established_and_as_of_when(address: str, open_page, data):
    case = data.registry.cases()[0]
    before = NOW - timedelta(hours=1)
    data.registry.decide(case.case_no, "confirm", actor="Li", expected_version=1, now=before)
    page = open_page(address, "command#/figures")
    page.locator("input[type=date]").fill(f"{FLOWN.date()}")
    page.locator("h2", has_text="2026-06-08").wait_for()
    page.get_by_text(re.compile(r"^As of \d\d:\d\d$")).wait_for()
    charts = page.get_by_role("img", name="Chart: By town, established. ")
    assert charts.get_attribute("aria-label").endswith(": 1 (Period before 0)")
    assert page.get_by_role("columnheader", name="established").count() == 3


@pytest.mark.parametrize("width", [390, 1440])
def test_charts_can_be_read(address: str, open_page, width: int):
    page = open_page(address, "command#/figures", viewport={"width": width, "height": 844})
    page.locator(".bars svg").first.wait_for()
    sizes_px = page.locator(".bars svg text").evaluate_all(
        "words => words.map(word => 13 * word.getScreenCTM().a)"
    )
    assert min(sizes_px) >= 9.5
    if width == 390:
        assert min(sizes_px) >= 12
        labels = page.locator(".bar-label").all_text_contents()
        assert "verified: unchanged" in labels  # whole
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_sorties_are_told_to_be_on_their_way(address: str, open_page):
    page = open_page(address)
    held: list[Any] = []
    let_through = threading.Event()
    page.route(
        "**/api/flights",
        lambda route: route.continue_() if let_through.is_set() else held.append(route),
    )
    page.goto(address + "command#/patrols")
    loading = page.get_by_role("status").filter(has_text="Loading…")
    loading.wait_for()
    let_through.set()
    for route in held:  # none or several: the page may ask after this, and again
        route.continue_()
    page.get_by_text("No sortie is known").wait_for()
    assert loading.count() == 0


@pytest.mark.parametrize(("width", "is_open"), [(390, False), (1280, True)])
def test_the_legend_is_folded_on_a_phone(address: str, open_page, width: int, is_open: bool):
    page = open_page(address, "command", viewport={"width": width, "height": 844})
    legend = page.locator(".shades")
    legend.wait_for()
    assert legend.locator("ul").is_visible() is is_open
    legend.locator("summary").click()
    assert legend.locator("ul").is_visible() is not is_open
