"""EDGE: write a period's bulletin as PDF, with the Chinese font in it, or as DOCX."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cases.categories import Words
from dispatch.errors import DispatchError
from dispatch.period import PeriodFigures
from dispatch.period_map import PeriodMap
from dispatch.period_tables import PageTable, blank_words, tables_of, title_of
from dispatch.typical import Pictured
from geo.files import replacing

if TYPE_CHECKING:
    from docx.document import Document
    from docx.shared import RGBColor

TEMPLATE = Path(__file__).parent / "period.typ"
FONTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Micro Hei",
    "SimSun",
)


@dataclass(frozen=True, slots=True)
class Illustrations:
    """What a bulletin shows beside its figures.

    Attributes:
        map: of the cases; None where there are none.
        typical: cases before and after.
    """

    map: PeriodMap | None = None
    typical: tuple[Pictured, ...] = ()


BARE = Illustrations()
_MAP, _TYPICAL = Words("Map", "分布图"), Words("Typical cases", "典型案件")
_BEFORE, _AFTER = Words("before", "处置前"), Words("after", "复核时")
_NO_PICTURE = Words("no photo at hand", "无照片")


def write_period(path: Path, figures: PeriodFigures, shown: Illustrations = BARE) -> None:
    """Write a bulletin in the format that the name of the file asks for.

    Raises:
        DispatchError: the name asks for none, or no Chinese font is installed.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise DispatchError(f"{path}: a bulletin is written as {' or '.join(_WRITERS)}; name one")
    with replacing(path) as temporary:
        writer(temporary, figures, shown)


def _write_pdf(path: Path, figures: PeriodFigures, shown: Illustrations) -> None:
    import typst  # 30 MB that only bulletins need

    data = {
        "font": chinese_font(typst.Fonts().families()),
        "title": asdict(title_of(figures)),
        "blank": asdict(blank_words()) if figures.is_blank else None,
        "tables": [asdict(table) for table in tables_of(figures)],
    }
    with TemporaryDirectory(prefix="aerogrid-bulletin-") as name:
        folder = Path(name)
        copyfile(TEMPLATE, folder / TEMPLATE.name)
        content = typst.compile(
            folder / TEMPLATE.name,
            root=folder,
            sys_inputs={
                "data": json.dumps({**data, **_laid_out(folder, shown)}, ensure_ascii=False)
            },
            timestamp=int(figures.period.ends_at.timestamp()),  # the same figures, the same bytes
        )
    assert isinstance(content, bytes), "one document is one file"
    path.write_bytes(content)


def _laid_out(folder: Path, shown: Illustrations) -> dict[str, Any]:
    """Put pictures beside the template; what the template reads of them."""
    typical = []
    for number, entry in enumerate(shown.typical):
        pictures = []
        for words, content in ((_BEFORE, entry.before), (_AFTER, entry.after)):
            file = f"{number}-{words.en}.jpg" if content else None
            if file is not None:
                (folder / file).write_bytes(content)
            pictures.append({"name": asdict(words), "file": file, "none": asdict(_NO_PICTURE)})
        typical.append(
            {"title": asdict(entry.title), "text": asdict(entry.text), "pictures": pictures}
        )
    names = {"map_title": asdict(_MAP), "typical_title": asdict(_TYPICAL)}
    if shown.map is None:
        return {**names, "map": None, "typical": typical}
    (folder / "map.svg").write_text(shown.map.svg, encoding="utf-8")
    legend = [{"colour": colour, "name": asdict(words)} for colour, words in shown.map.legend]
    return {**names, "map": {"file": "map.svg", "legend": legend}, "typical": typical}


def chinese_font(families: Sequence[str]) -> str:
    """Choose the font of a PDF among those installed.

    Raises:
        DispatchError: no Chinese one is.
    """
    for font in FONTS:
        if font in families:
            return font
    raise DispatchError(
        f"a PDF needs a Chinese font, and none of {', '.join(FONTS)} is installed; on Debian: apt "
        "install fonts-noto-cjk. A .docx needs none."
    )


def _write_docx(path: Path, figures: PeriodFigures, shown: Illustrations) -> None:
    import docx

    document = docx.Document()
    title = title_of(figures)
    document.add_heading(title.zh, level=0)
    document.add_paragraph(title.en)
    if figures.is_blank:
        document.add_paragraph(_said(blank_words()))
    for table in tables_of(figures):
        document.add_heading(_said(table.title), level=1)
        _add_table(document, table)
    _add_illustrations(document, shown)
    moment = figures.period.ends_at.replace(tzinfo=None)
    document.core_properties.created = document.core_properties.modified = moment
    document.save(str(path))


def _add_illustrations(document: "Document", shown: Illustrations) -> None:
    from docx.shared import Cm

    if shown.map is not None:
        document.add_heading(_said(_MAP), level=1)
        document.add_picture(io.BytesIO(_png_of(shown.map.svg)), width=Cm(16))
        for colour, words in shown.map.legend:
            run = document.add_paragraph().add_run(f"● {_said(words)}")
            run.font.color.rgb = _rgb(colour)
    for number, entry in enumerate(shown.typical):
        if number == 0:
            document.add_heading(_said(_TYPICAL), level=1)
        document.add_heading(_said(entry.title), level=2)
        document.add_paragraph(_said(entry.text))
        grid = document.add_table(rows=2, cols=2)
        for column, (words, content) in enumerate(((_BEFORE, entry.before), (_AFTER, entry.after))):
            grid.rows[1].cells[column].text = _said(words)
            paragraph = grid.rows[0].cells[column].paragraphs[0]
            if content:
                paragraph.add_run().add_picture(io.BytesIO(content), width=Cm(7))
            else:
                paragraph.add_run(_said(_NO_PICTURE))


def _rgb(colour: str) -> "RGBColor":
    from docx.shared import RGBColor

    return RGBColor.from_string(colour.removeprefix("#").upper())


def _png_of(svg: str) -> bytes:
    """Draw a map as pixels, which every word processor shows."""
    import typst

    with TemporaryDirectory(prefix="aerogrid-map-") as name:
        folder = Path(name)
        (folder / "map.svg").write_text(svg, encoding="utf-8")
        page = '#set page(width: auto, height: auto, margin: 0pt)\n#image("map.svg", width: 16cm)'
        (folder / "map.typ").write_text(page, encoding="utf-8")
        drawn = typst.compile(folder / "map.typ", root=folder, format="png", ppi=200.0)
    assert isinstance(drawn, bytes), "one page is one file"
    return drawn


def _add_table(document: "Document", table: PageTable) -> None:
    grid = document.add_table(rows=1, cols=len(table.header), style="Light Grid Accent 1")
    for cell, words in zip(grid.rows[0].cells, table.header, strict=True):
        cell.text = _said(words)
    for row in table.rows:
        for cell, words in zip(grid.add_row().cells, row, strict=True):
            cell.text = _said(words)


def _said(words: Words) -> str:
    return words.en if words.en == words.zh else f"{words.zh} {words.en}"


_WRITERS: dict[str, Callable[[Path, PeriodFigures, Illustrations], None]] = {
    ".pdf": _write_pdf,
    ".docx": _write_docx,
}
