"""Work orders: what they say, and that other programs can read the PDF."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cases.categories import Words
from cases.model import Event
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.rules import find_category
from dispatch.deadlines import Deadline, Standing
from dispatch.errors import DispatchError
from dispatch.work_order import OrderFacts, OrderPage, due_words, order_page
from dispatch.work_order_pages import OrderPictures, write_orders
from geo.gcj02 import wgs84_from_gcj02
from tests.cases.conftest import patrol_on
from tests.cases.test_registry import file, sights
from tests.dispatch.test_period_pages import needs_font, told

DUE = datetime(2026, 6, 10, 3, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def facts() -> OrderFacts:
    """A case of the registry, with its history."""
    rulebook = load_rulebook()
    with Registry.open("sqlite://") as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
        case = registry.cases(order="number")[0]
        events = tuple(registry.history(case.case_no))
    category = find_category(rulebook.categories, case.category)
    deadline = Deadline(Standing.RUNNING, DUE)
    return OrderFacts(case, category, Words("Fisheries", "渔政"), deadline, events)


def values(page: OrderPage) -> dict[str, str]:
    return {line.name.en: line.value.en for line in page.lines}


def test_both_positions_are_the_same_place(facts: OrderFacts):
    said = values(order_page(facts, 8.0))
    lonlat = {
        name: [float(part) for part in re.findall(r"\d+\.\d{6}", said[f"lon, lat, {name}"])]
        for name in ("WGS 84", "GCJ-02")
    }
    assert lonlat["WGS 84"] == pytest.approx([facts.case.lon_deg, facts.case.lat_deg], abs=1e-6)
    back = wgs84_from_gcj02(np.array([lonlat["GCJ-02"]]))[0]
    assert back == pytest.approx(lonlat["WGS 84"], abs=2e-6)


def test_the_links_name_the_place_in_the_system_of_their_maps(facts: OrderFacts):
    page = order_page(facts, 8.0)
    lat, lon = page.geo_uri.removeprefix("geo:").partition(";")[0].split(",")
    assert (float(lon), float(lat)) == pytest.approx((facts.case.lon_deg, facts.case.lat_deg))
    shown = re.findall(r"\d+\.\d{6}", values(page)["lon, lat, GCJ-02"])
    assert f"position={shown[0]},{shown[1]}&name={facts.case.case_no}&" in page.map_link


def test_the_deadline_is_told_by_the_clocks_of_the_district(facts: OrderFacts):
    assert values(order_page(facts, 8.0))["due"] == "2026-06-10 11:10 UTC+8"
    overdue = replace(facts.deadline, standing=Standing.OVERDUE, is_provisional=True)
    assert due_words(overdue, 8.0) == Words(
        "2026-06-10 11:10 UTC+8, provisional - OVERDUE", "2026-06-10 11:10 UTC+8（暂定），已超期"
    )
    assert due_words(Deadline(Standing.SUSPENDED), 8.0).zh == "挂账，时限暂停"


def test_the_history_tells_who_did_what_and_why(facts: OrderFacts):
    details = {"to": "assigned", "assigned_to": "department:fishery", "reason": "near the pier"}
    sent = Event(9, facts.case.case_no, DUE, "dispatch", "assign", details, "", "")
    history = order_page(replace(facts, events=(*facts.events, sent)), 8.0).history
    assert history[0][1] == Words("reported", "上报")
    assert history[-1] == (
        "2026-06-10 11:10 UTC+8",
        Words("assign", "派遣"),
        "dispatch · department:fishery · near the pier",
    )


def test_of_a_long_history_the_last_entries_are_told(facts: OrderFacts):
    first = facts.events[0]
    events = tuple(replace(first, at=DUE + timedelta(hours=hour)) for hour in range(40))
    history = order_page(replace(facts, events=events), 0.0).history
    assert len(history) == 8
    assert history[-1][0] == "2026-06-11 18:10 UTC"


@needs_font
def test_each_order_is_one_page_whose_text_can_be_searched(facts: OrderFacts, tmp_path: Path):
    page = order_page(facts, 8.0)
    other = replace(page, case_no="20260610-9999")
    picture = tmp_path / "far.jpg"
    Image.new("RGB", (400, 300), (90, 120, 60)).save(picture)
    pictures = OrderPictures(((Words("far", "远景"), picture),), Words("photo A", "照片 A"))
    out = tmp_path / "orders.pdf"
    write_orders(out, [page, other], {page.case_no: pictures})
    first, second, rest = told("pdftotext", "-layout", out, "-").split("\f")
    for words in (page.case_no, "渔政", "Fisheries", "GCJ-02", "远景", "11:10 UTC+8", "处理记录"):
        assert words in first
    assert "20260610-9999" in second
    assert not rest.strip()
    fonts = told("pdffonts", out).splitlines()[2:]
    assert fonts
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts)


@needs_font
def test_the_codes_on_the_page_are_read_as_their_links(facts: OrderFacts, tmp_path: Path):
    cv2 = pytest.importorskip("cv2")
    page = order_page(facts, 8.0)
    write_orders(tmp_path / "orders.pdf", [page], {})
    told("pdftoppm", "-r", "200", "-png", tmp_path / "orders.pdf", tmp_path / "page")
    (picture,) = tmp_path.glob("page*.png")
    _, texts, _, _ = cv2.QRCodeDetector().detectAndDecodeMulti(cv2.imread(str(picture)))
    assert set(texts) == {page.map_link, page.geo_uri}


def test_orders_are_a_pdf(facts: OrderFacts, tmp_path: Path):
    with pytest.raises(DispatchError, match=r"written as \.pdf"):
        write_orders(tmp_path / "orders.docx", [order_page(facts, 8.0)], {})
    assert not list(tmp_path.iterdir())
