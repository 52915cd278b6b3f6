"""EDGE: write a period's bulletin as PDF, with the Chinese font in it, or as DOCX."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from cases.model import Words
from dispatch.errors import DispatchError
from dispatch.period import PeriodFigures
from dispatch.period_tables import PageTable, blank_words, tables_of, title_of
from geo.files import replacing

if TYPE_CHECKING:
    from docx.document import Document

TEMPLATE = Path(__file__).parent / "period.typ"
FONTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Micro Hei",
    "SimSun",
)


def write_period(path: Path, figures: PeriodFigures) -> None:
    """Write a bulletin in the format that the name of the file asks for.

    Raises:
        DispatchError: the name asks for none, or no Chinese font is installed.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise DispatchError(f"{path}: a bulletin is written as {' or '.join(_WRITERS)}; name one")
    with replacing(path) as temporary:
        writer(temporary, figures)


def _write_pdf(path: Path, figures: PeriodFigures) -> None:
    import typst  # 30 MB that only bulletins need

    data = {
        "font": chinese_font(typst.Fonts().families()),
        "title": asdict(title_of(figures)),
        "blank": asdict(blank_words()) if figures.is_blank else None,
        "tables": [asdict(table) for table in tables_of(figures)],
    }
    content = typst.compile(
        TEMPLATE.read_bytes(),
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=int(figures.period.ends_at.timestamp()),  # the same figures, the same bytes
    )
    assert isinstance(content, bytes), "one document is one file"
    path.write_bytes(content)


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


def _write_docx(path: Path, figures: PeriodFigures) -> None:
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
    moment = figures.period.ends_at.replace(tzinfo=None)
    document.core_properties.created = document.core_properties.modified = moment
    document.save(str(path))


def _add_table(document: "Document", table: PageTable) -> None:
    grid = document.add_table(rows=1, cols=len(table.header), style="Light Grid Accent 1")
    for cell, words in zip(grid.rows[0].cells, table.header, strict=True):
        cell.text = _said(words)
    for row in table.rows:
        for cell, words in zip(grid.add_row().cells, row, strict=True):
            cell.text = _said(words)


def _said(words: Words) -> str:
    return words.en if words.en == words.zh else f"{words.zh} {words.en}"


_WRITERS: dict[str, Callable[[Path, PeriodFigures], None]] = {
    ".pdf": _write_pdf,
    ".docx": _write_docx,
}
