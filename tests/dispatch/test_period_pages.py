"""Bulletins of a period as PDF and DOCX, read back by other programs."""

import io
import shutil
import subprocess
from datetime import date
from pathlib import Path

import docx
import pytest
import typst
from PIL import Image
from shapely import box

from cases.categories import Words
from cases.rule_files import load_rulebook
from dispatch.errors import DispatchError
from dispatch.period import Length, PeriodFigures, Row, Tally, period_of
from dispatch.period_map import period_map
from dispatch.period_pages import FONTS, Illustrations, write_period
from dispatch.period_tables import tables_of
from dispatch.typical import Pictured
from geo.grid import Cell
from tests.dispatch.world import case

RULEBOOK = load_rulebook()

WEEK = period_of(Length.WEEK, date(2026, 6, 10), 8.0)
NOW = Tally(reported=12, established=9, due=8, due_closed=6, due_in_time=5, closed=7, overdue=2)
BEFORE = Tally(reported=10, established=9, due=0, closed=4, overdue=3)
FIGURES = PeriodFigures(
    WEEK,
    NOW,
    BEFORE,
    by_town=(Row(Words("河口镇", "河口镇"), NOW, BEFORE),),
    by_department=(Row(Words("Ecology and environment", "生态环境"), NOW, BEFORE),),
    by_category=(Row(Words("Open straw burning", "秸秆露天焚烧"), NOW, BEFORE),),
)
BLANK = PeriodFigures(WEEK, Tally(), Tally(), (), (), ())
needs_font = pytest.mark.skipif(
    not set(FONTS) & set(typst.Fonts().families()),
    reason="no Chinese font is installed (Debian: fonts-noto-cjk)",
)


def told(program: str, *arguments: object) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (Debian: poppler-utils)")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, check=True)
    return done.stdout.decode()


@needs_font
def test_the_text_of_a_pdf_can_be_searched_in_both_languages(tmp_path: Path):
    write_period(tmp_path / "week.pdf", FIGURES)
    text = told("pdftotext", "-layout", tmp_path / "week.pdf", "-")
    for words in ("周报 2026-06-08", "Weekly bulletin", "结案率", "75.0%", "62.5%", "秸秆露天焚烧"):
        assert words in text


@needs_font
def test_thechinese_font_is_embedded(tmp_path: Path):
    write_period(tmp_path / "week.pdf", FIGURES)
    fonts = told("pdffonts", tmp_path / "week.pdf").splitlines()[2:]
    assert fonts
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts)


@needs_font
def test_the_same_figures_make_the_same_bytes(tmp_path: Path):
    for name in ("one.pdf", "two.pdf"):
        write_period(tmp_path / name, FIGURES)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_a_docx_holds_every_figure(tmp_path: Path):
    write_period(tmp_path / "week.docx", FIGURES)
    tables = docx.Document(str(tmp_path / "week.docx")).tables
    written = [[cell.text for cell in row.cells] for table in tables for row in table.rows]
    wanted = [row for table in tables_of(FIGURES) for row in (table.header, *table.rows)]
    assert len(written) == len(wanted)
    for cells, row in zip(written, wanted, strict=True):
        assert all(words.en in cell for cell, words in zip(cells, row, strict=True))


def test_changes_and_missing_rates_are_told():
    (whole, *_) = tables_of(FIGURES)
    rows = {row[0].en: [words.en for words in row[1:]] for row in whole.rows}
    assert rows["reported"] == ["12", "10", "+2"]
    assert rows["overdue"] == ["2", "3", "-1"]
    assert rows["closing rate"] == ["75.0%", "–", "–"]


def test_a_blank_period_says_so(tmp_path: Path):
    write_period(tmp_path / "week.docx", BLANK)
    paragraphs = [entry.text for entry in docx.Document(str(tmp_path / "week.docx")).paragraphs]
    assert any("Nothing was reported" in text for text in paragraphs)
    assert len(tables_of(BLANK)) == 1


def test_another_format_is_refused_and_nothing_is_written(tmp_path: Path):
    with pytest.raises(DispatchError, match=r"written as \.pdf or \.docx"):
        write_period(tmp_path / "week.txt", FIGURES)
    assert list(tmp_path.iterdir()) == []


def test_without_achinese_font_no_pdf_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dispatch.period_pages.FONTS", ("No Such Font",))
    with pytest.raises(DispatchError, match="needs a Chinese font"):
        write_period(tmp_path / "week.pdf", FIGURES)
    assert list(tmp_path.iterdir()) == []


def jpeg(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (320, 320), colour).save(file, format="JPEG")
    return file.getvalue()


@pytest.fixture(scope="module")
def shown() -> Illustrations:
    """A map of three cases, one case with two pictures and one with the first alone."""
    cells = [Cell("cell-1", "Cell", "West", "Reed", "Li", box(119.799, 32.399, 119.806, 32.404))]
    drawn = period_map([case(number) for number in (1, 2, 3)], RULEBOOK.categories, cells)
    titles = [Words(f"case {n}", f"案件 {n}") for n in (1, 2)]
    text = Words("cell-1: solved", "cell-1：已解决")
    pictured = (
        Pictured(titles[0], text, jpeg((200, 30, 30)), jpeg((30, 160, 30))),
        Pictured(titles[1], text, jpeg((30, 30, 200))),
    )
    return Illustrations(drawn, pictured)


@needs_font
def test_a_pdf_shows_map_and_pictures(tmp_path: Path, shown: Illustrations):
    for name in ("one.pdf", "two.pdf"):
        write_period(tmp_path / name, FIGURES, shown)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
    text = told("pdftotext", tmp_path / "one.pdf", "-")
    for words in ("分布图", "典型案件", "case 2", "处置前", "复核时", "无照片", "违法建设"):
        assert words in text
    images = told("pdfimages", "-list", tmp_path / "one.pdf").splitlines()[2:]
    assert len(images) == 3
    fonts = told("pdffonts", tmp_path / "one.pdf").splitlines()[2:]
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts)


def test_a_docx_shows_map_and_pictures(tmp_path: Path, shown: Illustrations):
    write_period(tmp_path / "week.docx", FIGURES, shown)
    document = docx.Document(str(tmp_path / "week.docx"))
    parts = [part.partname for part in document.part.package.iter_parts()]
    kept = [name for name in parts if name.startswith("/word/media/")]
    assert len(kept) == 4  # the map and three photos
    headings = [entry.text for entry in document.paragraphs]
    assert "案件 1 case 1" in headings
    assert any("no photo at hand" in cell.text for cell in document.tables[-1].rows[0].cells)


def test_a_map_names_the_categories_on_it_alone(shown: Illustrations):
    assert shown.map is not None
    assert [words.en for _, words in shown.map.legend] == ["Unpermitted building"]
    assert period_map([], RULEBOOK.categories, []) is None
