"""EDGE: write work orders as one PDF, a page each, with codes that a phone navigates by."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

import segno

from cases.categories import Words
from dispatch.errors import DispatchError
from dispatch.period_pages import chinese_font
from dispatch.work_order import OrderPage
from geo.files import replacing

TEMPLATE = Path(__file__).parent / "order.typ"


@dataclass(frozen=True, slots=True)
class OrderPictures:
    """Pictures of a case from far to near.

    Attributes:
        files: JPEG or PNG files with what they are called.
        remark: why there is none, or where they come from; None where nothing is to be said.
    """

    files: tuple[tuple[Words, Path], ...] = ()
    remark: Words | None = None


def write_orders(
    path: Path, pages: Sequence[OrderPage], pictures: Mapping[str, OrderPictures]
) -> None:
    """Write work orders in the order given; `pictures` by case number.

    Raises:
        DispatchError: the file is not named .pdf, or no Chinese font is installed.
    """
    if path.suffix.lower() != ".pdf":
        raise DispatchError(f"{path}: work orders are written as .pdf; name such a file")
    import typst  # 30 MB that only documents need

    font = chinese_font(typst.Fonts().families())
    with TemporaryDirectory(prefix="aerogrid-orders-") as name:
        folder = Path(name)
        laid = [
            _laid_out(folder, number, page, pictures.get(page.case_no, OrderPictures()))
            for number, page in enumerate(pages)
        ]
        copyfile(TEMPLATE, folder / TEMPLATE.name)
        data = json.dumps({"font": font, "pages": laid}, ensure_ascii=False)
        content = typst.compile(folder / TEMPLATE.name, root=folder, sys_inputs={"data": data})
    assert isinstance(content, bytes), "one document is one file"
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _laid_out(
    folder: Path, number: int, page: OrderPage, pictures: OrderPictures
) -> dict[str, Any]:
    """Put the pictures and codes of a page beside the template; what the template reads."""
    shown = []
    for place, (name, source) in enumerate(pictures.files):
        file = f"{number}-{place}{source.suffix}"
        copyfile(source, folder / file)
        shown.append({"file": file, "name": asdict(name)})
    return {
        **asdict(page),
        "map_code": _code(folder, f"{number}-map.svg", page.map_link),
        "geo_code": _code(folder, f"{number}-geo.svg", page.geo_uri),
        "pictures": shown,
        "remark": None if pictures.remark is None else asdict(pictures.remark),
    }


def _code(folder: Path, file: str, text: str) -> str:
    """Write a QR code; a creased printout can still be read."""
    segno.make_qr(text, error="m").save(str(folder / file), scale=4, border=2)
    return file
