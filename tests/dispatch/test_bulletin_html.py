import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from shapely import box

from cases.categories import Words
from cases.model import Case, FilingResult, Head, Place
from cases.rule_files import load_rulebook
from dispatch.bulletin import Figures, Outing, UnfiledFigures, make_figures
from dispatch.bulletin_html import Pictureless, write_bulletin
from dispatch.errors import DispatchError
from geo.grid import Cell
from tests.dispatch.world import case

VOID = {"meta", "img", "circle", "path"}
OUTING = Outing(None, 8.0)


class Outline(HTMLParser):
    """Checks that tags nest, and keeps the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def figures(cases: list[Case]) -> Figures:
    result = FilingResult(new=tuple(entry.case_no for entry in cases))
    return make_figures(cases, load_rulebook().categories, patrol_id="patrol-7", result=result)


def written(
    path: Path,
    cases: list[Case],
    crops: dict[str, Path] | None = None,
    pictureless: dict[str, Pictureless] | None = None,
    outing: Outing = OUTING,
) -> str:
    write_bulletin(path, figures(cases), cases, crops or {}, pictureless or {}, outing)
    return path.read_text(encoding="utf-8")


def thumbnail(path: Path) -> Path:
    Image.new("RGB", (16, 12), (90, 120, 60)).save(path)
    return path


def test_the_page_is_well_formed_and_says_everything_in_both_languages(tmp_path: Path):
    page = Outline()
    page.feed(written(tmp_path / "b.html", [case(1), case(2, "burning.straw")]))
    assert page.open == []
    text = " ".join(page.text)
    for words in ("Patrol bulletin", "巡查简报", "秸秆露天焚烧", "Open straw burning", "已上报"):
        assert words in text
    assert "20260610-0002" in text


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_thumbnails_are_inside_the_page(tmp_path: Path, suffix: str):
    crop = thumbnail(tmp_path / f"crop.{suffix}")
    page = written(tmp_path / "b.html", [case(1)], {"20260610-0001": crop})
    data = re.search(r'src="data:image/(?:jpeg|png);base64,([^"]+)"', page)
    assert data
    assert base64.b64decode(data[1]) == crop.read_bytes()


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path):
    crop = thumbnail(tmp_path / "crop.jpg")
    page = written(tmp_path / "b.html", [case(1)], {"20260610-0001": crop})
    assert "http" not in page
    assert "<script" not in page
    assert all(src.startswith("data:") for src in re.findall(r'src="([^"]*)', page))


def test_a_case_without_picture_says_so(tmp_path: Path):
    assert "无图片" in written(tmp_path / "b.html", [case(1)])


def test_text_from_files_cannot_become_markup(tmp_path: Path):
    evil = replace(
        case(1),
        place=Place("c", "c", "<b>town</b>", "v", '"><script>alert(1)</script>'),
        why=(Words("a < b", "甲 < 乙"),),
    )
    page = written(tmp_path / "b.html", [evil])
    assert "<script>" not in page
    assert "&lt;b&gt;town" in page


def test_the_same_cases_make_the_same_bytes(tmp_path: Path):
    one = written(tmp_path / "one.html", [case(1), case(2)])
    two = written(tmp_path / "two.html", [case(2), case(1)])
    assert one == two


def test_a_patrol_without_cases_has_a_page(tmp_path: Path):
    page = written(tmp_path / "b.html", [])
    assert "No cases." in page
    assert "<svg" not in page


def test_a_patrol_without_cases_tells_what_it_found_and_why_that_is_no_case(tmp_path: Path):
    why = Words("score < 0.5", "置信度 < 0.5")
    made = replace(figures([]), unfiled=(UnfiledFigures("boat", why, 4),))
    write_bulletin(tmp_path / "b.html", made, [], {}, {}, OUTING)
    page = (tmp_path / "b.html").read_text(encoding="utf-8")
    section = page[page.index("<h2>Findings without case") :]
    assert "score &lt; 0.5" in section
    assert '<td class="n">4</td>' in section
    assert "<tbody></tbody>" not in page, "a table of nothing"


def test_an_unreadable_thumbnail_is_named_and_the_old_page_kept(tmp_path: Path):
    path = tmp_path / "b.html"
    before = written(path, [case(1)])
    (tmp_path / "crop.jpg").write_text("no picture", encoding="utf-8")
    for crop in ("crop.jpg", "missing.jpg"):
        with pytest.raises(DispatchError, match=crop):
            written(path, [], {"20260610-0001": tmp_path / crop})
    assert path.read_text(encoding="utf-8") == before


def test_a_case_without_picture_says_why(tmp_path: Path):
    cases = [case(1), case(2), case(3)]
    why = {cases[0].case_no: Pictureless.CHANGED, cases[1].case_no: Pictureless.MISSING}
    page = written(tmp_path / "b.html", cases, {}, why)
    for words in ("photo changed since it was judged", "照片已非原件", "照片缺失", "无图片"):
        assert page.count(words) == 1


def test_the_page_ends_with_the_head_of_the_history(tmp_path: Path):
    told = replace(figures([case(1)]), head=Head(7, "ab" * 32))
    write_bulletin(tmp_path / "b.html", told, [case(1)], {}, {}, OUTING)
    assert f"7: {'ab' * 32}" in (tmp_path / "b.html").read_text(encoding="utf-8")
    assert "footer" not in written(tmp_path / "c.html", [case(1)])


def test_the_page_says_where_and_when_in_the_districts_time(tmp_path: Path):
    cells = (
        Cell("c1", "", "West Town", "Reed Village", "", box(119.8, 32.4, 119.81, 32.41)),
        Cell("c2", "", "West Town", "Mill Village", "", box(119.81, 32.4, 119.82, 32.41)),
        Cell("c3", "", "East Town", "", "", box(119.82, 32.4, 119.83, 32.41)),
    )
    flown = (datetime(2026, 6, 9, 17, 3, tzinfo=UTC), datetime(2026, 6, 9, 17, 40, tzinfo=UTC))
    outing = Outing(flown, 8.0, cells, frozenset({"c1", "c2"}))
    page = written(tmp_path / "b.html", [case(1)], outing=outing)
    assert "West Town Reed Village、Mill Village" in page
    assert "East Town" not in page
    assert "10 June 2026, 01:03 to 01:40 (UTC+8)" in page
    assert "2026年6月10日 01:03至01:40（UTC+8）" in page
    assert "<title>Patrol bulletin 巡查简报 2026-06-10 West Town" in page
    assert "2026-06-10 10:00 UTC+8" in page  # of the case, 02:00 UTC
    assert page.count('class="cell"') == 3
    assert "已巡查网格" in page


def test_the_area_of_a_fire_is_not_taken_for_what_burnt(tmp_path: Path):
    fire = replace(case(1, "burning.straw"), class_name="flame", area_m2=0.7)
    page = written(tmp_path / "b.html", [fire, case(2)])
    assert re.search(r"flame area <span[^>]*>火焰面积</span> 0.7 m²", page)
    assert re.search(r"area <span[^>]*>面积</span> 120 m²", page)
