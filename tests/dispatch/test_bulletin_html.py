import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from cases.model import Case, FilingResult, Head, Place, Words
from cases.rule_files import load_rulebook
from dispatch.bulletin import Figures, make_figures
from dispatch.bulletin_html import Pictureless, write_bulletin
from dispatch.errors import DispatchError
from tests.dispatch.world import case

VOID = {"meta", "img", "circle", "path"}


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
) -> str:
    write_bulletin(path, figures(cases), cases, crops or {}, pictureless or {})
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
    write_bulletin(tmp_path / "b.html", told, [case(1)], {}, {})
    assert f"7: {'ab' * 32}" in (tmp_path / "b.html").read_text(encoding="utf-8")
    assert "footer" not in written(tmp_path / "c.html", [case(1)])
