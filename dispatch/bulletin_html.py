"""EDGE: write a patrol's bulletin as one HTML file, in English and Chinese."""

import base64
from collections.abc import Mapping, Sequence
from enum import Enum
from html import escape
from pathlib import Path

from cases.categories import Category, Words
from cases.lifecycle import Stage
from cases.model import Case, Place
from cases.wording import area_words, class_words, stage_words
from dispatch.bulletin import Figures, Outing
from dispatch.clock import span_words, stamp
from dispatch.errors import DispatchError
from dispatch.overview import OTHER, PATROLLED, draw_overview
from geo.files import replacing

_PALETTE = ("#b4462d", "#c98a1b", "#7a3fa0", "#1f7a8c", "#2e7d32", "#8d6e63", "#37474f", "#ad1457")
_PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}

_OUTSIDE = Words("outside every cell", "不在任何网格内")
_NO_PICTURE = Words("no picture", "无图片")

_STYLE = """
:root{color-scheme:light}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#222;
margin:2rem auto;max-width:64rem;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
.zh{color:#555;display:inline-block}.sub{margin:.2rem 0}.id{color:#555;margin:.2rem 0 1.5rem}
.tiles{display:grid;grid-template-columns:repeat(7,1fr);gap:.6rem}
.tile{border:1px solid #ddd;border-radius:.4rem;padding:.5rem .8rem}
.tile b{display:block;font-size:1.5rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #e3e3e3;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.key{display:inline-block;width:.75em;height:.75em;border-radius:50%;margin-right:.4em}
svg{display:block;width:100%;height:auto;background:#dcdcd4;border-radius:.4rem}
svg text{font-size:12px;font-weight:600;fill:#222;paint-order:stroke;stroke:#fff;stroke-width:3px}
svg .code{font-size:11px;font-weight:400;fill:#666;text-anchor:middle}
svg .cell{stroke:#a8a89e;stroke-width:1}svg circle{stroke:#fff;stroke-width:1.5}
svg .bar{fill:none;stroke:#222;stroke-width:2}svg .north{fill:#222}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;list-style:none;padding:0;margin:.5rem 0}
.legend .box{border:1px solid #a8a89e;border-radius:0}
.case{display:grid;grid-template-columns:240px 1fr;gap:1rem;border-bottom:1px solid #e3e3e3;
padding:1rem 0;break-inside:avoid}
.case img,.none{width:240px;border-radius:.3rem;display:block}
.none{background:#eee;color:#666;text-align:center;padding:3.5rem 0;box-sizing:border-box}
.case h3{margin:0 0 .3rem;font-size:1rem}.case ul{margin:.3rem 0;padding-left:1.2rem}
.check{background:#fff3cd;border-radius:.3rem;padding:0 .4rem}
.tag{background:#eef;border-radius:.3rem;padding:0 .4rem}
@media(max-width:52rem){.tiles{grid-template-columns:repeat(4,1fr)}}
@media(max-width:40rem){.case{grid-template-columns:1fr}}
@media print{body{margin:0 auto}svg{max-height:20cm}}
"""


class Pictureless(Enum):
    """Why a case that was seen has no picture."""

    CHANGED = Words("photo changed since it was judged", "照片已非原件")
    MISSING = Words("photo no longer there", "照片缺失")


def write_bulletin(
    path: Path,
    figures: Figures,
    cases: Sequence[Case],
    crops: Mapping[str, Path],
    pictureless: Mapping[str, Pictureless],
    outing: Outing,
) -> None:
    """Write one self-contained page: figures, map, and each case with its picture.

    `crops` gives case numbers their thumbnails (JPEG or PNG), `pictureless` the others the reason;
    a case in neither says that there is no picture. The same input makes the same bytes.
    """
    pictures: dict[str, str | Words] = {no: _data_url(crop) for no, crop in sorted(crops.items())}
    pictures |= {case_no: why.value for case_no, why in pictureless.items()}
    page = _page(figures, cases, pictures, outing)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _page(
    figures: Figures, cases: Sequence[Case], pictures: Mapping[str, str | Words], outing: Outing
) -> str:
    ordered = sorted(cases, key=lambda case: (case.urgency, -case.score, case.case_no))
    categories = {entry.category.code: entry.category for entry in figures.by_category}
    colours = dict(zip(categories, _PALETTE * (len(categories) // 8 + 1), strict=False))
    sections = [
        _heading(figures, outing),
        _tiles(figures),
        _categories_table(figures, colours) if figures.by_category else "",
        _cells_table(figures) if outing.cells and figures.by_cell else "",
        _map(ordered, figures, colours, outing),
        _cases(ordered, categories, pictures, outing.utc_offset_hours),
        _unfiled_table(figures) if figures.unfiled else "",
        _head(figures),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Patrol bulletin 巡查简报 {escape(_title(figures, outing))}</title>"
        f"<style>{_STYLE}</style></head>\n<body>\n" + "\n".join(sections) + "\n</body></html>\n"
    )


def _title(figures: Figures, outing: Outing) -> str:
    day = "" if outing.flown is None else stamp(outing.flown[0], outing.utc_offset_hours)[:10]
    return " ".join(part for part in (day, *outing.places, figures.patrol_id) if part)


def _heading(figures: Figures, outing: Outing) -> str:
    """Say where and when; a patrol that does not know says so."""
    when = (
        Words("time unknown: no photo tells it", "照片未记录时间")
        if outing.flown is None
        else span_words(*outing.flown, outing.utc_offset_hours)
    )
    count = len(outing.patrolled)
    cells = [_both(Words(f"{count} cell{'s' * (count != 1)}", f"{count} 个网格"))] if count else []
    where = " · ".join([*map(escape, outing.places), *cells])
    return (
        '<h1>Patrol bulletin <span class="zh" lang="zh">巡查简报</span></h1>'
        + (f'<p class="sub"><b>{where}</b></p>' if where else "")
        + f'<p class="sub">{_both(when)}</p>'
        + f'<p class="id">{_both(Words("patrol", "巡查编号"))} {escape(figures.patrol_id)}</p>'
    )


def _tiles(figures: Figures) -> str:
    tiles = (
        (figures.photos, Words("photos", "照片")),
        (figures.total, Words("cases", "案件")),
        (figures.new, Words("new", "新增")),
        (figures.same, Words("seen again", "再次发现")),
        (figures.gone, Words("gone", "已消失")),
        (figures.to_check, Words("to check", "待核实")),
        (
            sum(entry.total for entry in figures.unfiled),
            Words("findings without case", "未立案发现"),
        ),
    )
    boxes = "".join(
        f'<div class="tile"><b>{count}</b>{_both(words)}</div>' for count, words in tiles
    )
    return f'<div class="tiles">{boxes}</div>'


def _categories_table(figures: Figures, colours: Mapping[str, str]) -> str:
    rows = "".join(
        f'<tr><td><span class="key" style="background:{colours[entry.category.code]}"></span>'
        f"{_both(entry.category.name)}</td><td>{_both(entry.category.department)}</td>"
        f"<td>{_both(entry.category.limit.words)}</td><td>{_stages(entry.by_stage)}</td>"
        f'<td class="n">{entry.total}</td></tr>'
        for entry in figures.by_category
    )
    head = _header(
        Words("Category", "类别"),
        Words("Department", "责任部门"),
        Words("Time limit", "办理时限"),
        Words("Stage", "环节"),
        numbers=(Words("Cases", "案件数"),),
    )
    return _section(Words("By category", "按类别"), _table(head, rows))


def _cells_table(figures: Figures) -> str:
    rows = "".join(
        f"<tr><td>{_cell(entry.place)}</td><td>{escape(entry.place.town)}</td>"
        f"<td>{escape(entry.place.village)}</td><td>{escape(entry.place.officer)}</td>"
        f'<td class="n">{entry.open}</td><td class="n">{entry.total}</td></tr>'
        for entry in figures.by_cell
    )
    head = _header(
        Words("Cell", "网格"),
        Words("Town", "镇街"),
        Words("Village", "村居"),
        Words("Grid officer", "网格员"),
        numbers=(Words("Open", "未结"), Words("Cases", "案件数")),
    )
    return _section(Words("By cell", "按网格"), _table(head, rows))


def _cell(place: Place) -> str:
    return escape(place.cell_code) if place.cell_code else _both(_OUTSIDE)


def _map(
    cases: Sequence[Case], figures: Figures, colours: Mapping[str, str], outing: Outing
) -> str:
    drawing = draw_overview(cases, colours, outing.cells, outing.patrolled)
    if not drawing:
        return ""
    return _section(Words("Map", "分布图"), drawing + _legend(figures, colours, outing))


def _legend(figures: Figures, colours: Mapping[str, str], outing: Outing) -> str:
    entries = [
        (f'class="key" style="background:{colours[entry.category.code]}"', entry.category.name)
        for entry in figures.by_category
    ]
    if outing.cells:
        entries += [
            (f'class="key box" style="background:{PATROLLED}"', Words("patrolled", "已巡查网格")),
            (f'class="key box" style="background:{OTHER}"', Words("other cells", "其他网格")),
        ]
    items = "".join(f"<li><span {key}></span>{_both(words)}</li>" for key, words in entries)
    return f'<ul class="legend">{items}</ul>'


def _cases(
    cases: Sequence[Case],
    categories: Mapping[str, Category],
    pictures: Mapping[str, str | Words],
    utc_offset_hours: float,
) -> str:
    sheets = "".join(
        _case(
            case,
            categories.get(case.category),
            pictures.get(case.case_no, _NO_PICTURE),
            stamp(case.last_seen, utc_offset_hours),
        )
        for case in cases
    )
    nothing = f"<p>{_both(Words('No cases.', '无案件。'))}</p>"
    return _section(Words("Cases", "案件"), sheets or nothing)


def _unfiled_table(figures: Figures) -> str:
    """Say what was found and made no case, and why."""
    rows = "".join(
        f"<tr><td>{_both(class_words(entry.class_name))}</td><td>{_both(entry.why)}</td>"
        f'<td class="n">{entry.total}</td></tr>'
        for entry in figures.unfiled
    )
    head = _header(
        Words("Class", "类别"), Words("Reason", "原因"), numbers=(Words("Findings", "发现数"),)
    )
    return _section(Words("Findings without case", "未立案发现"), _table(head, rows))


def _head(figures: Figures) -> str:
    """Print what proves later that nothing of the history up to this patrol was erased."""
    if figures.head is None:
        return ""
    words = Words("Registry history, entry", "案件登记链，条目")
    return f"<footer><small>{_both(words)} {figures.head.seq}: {figures.head.hash}</small></footer>"


def _case(case: Case, category: Category | None, picture: str | Words, seen: str) -> str:
    name = category.name if category else Words(case.category, "")
    image = _picture(picture, name)
    why = "".join(f"<li>{_both(words)}</li>" for words in case.why)
    check = f' <span class="check">{_both(Words("to check", "待核实"))}</span>'
    place = " · ".join(
        escape(part)
        for part in (case.place.town, case.place.village, case.place.cell_code, case.place.officer)
        if part
    )
    return (
        f'<article class="case" id="{escape(case.case_no)}">{image}<div>'
        f"<h3>{escape(case.case_no)} · {_both(name)}</h3>"
        f'<span class="tag">{_both(stage_words(case.stage))}</span>{check * case.to_check}'
        f"<div>{place}</div>"
        f"<div>{case.lon_deg:.6f}, {case.lat_deg:.6f} ± {case.sigma_m:.1f} m · "
        f"{_both(area_words(case.class_name))} {_area(case.area_m2)} · {seen}</div>"
        f"<ul>{why}</ul><small>{escape(case.rule_id)} {escape(case.rule_version)}</small>"
        "</div></article>"
    )


def _area(area_m2: float) -> str:
    return f"{area_m2:.1f} m²" if area_m2 < 10 else f"{area_m2:.0f} m²"


def _picture(picture: str | Words, name: Words) -> str:
    """Show a data URL, or the reason why there is none."""
    if isinstance(picture, Words):
        return f'<div class="none">{_both(picture)}</div>'
    return f'<img src="{picture}" alt="{escape(name.en)} {escape(name.zh)}">'


def _stages(by_stage: Sequence[tuple[Stage, int]]) -> str:
    return ", ".join(f"{_both(stage_words(stage))} {count}" for stage, count in by_stage)


def _header(*texts: Words, numbers: tuple[Words, ...]) -> str:
    cells = "".join(f"<th>{_both(words)}</th>" for words in texts)
    counts = "".join(f'<th class="n">{_both(words)}</th>' for words in numbers)
    return f"<tr>{cells}{counts}</tr>"


def _table(head: str, rows: str) -> str:
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _section(title: Words, body: str) -> str:
    return f"<section><h2>{_both(title)}</h2>{body}</section>"


def _both(words: Words) -> str:
    chinese = f' <span class="zh" lang="zh">{escape(words.zh)}</span>' if words.zh else ""
    return f"{escape(words.en)}{chinese}"


def _data_url(crop: Path) -> str:
    try:
        content = crop.read_bytes()
    except OSError as error:
        raise DispatchError(f"{crop}: thumbnail cannot be read ({error.strerror})") from error
    kind = next((kind for sign, kind in _PICTURES.items() if content.startswith(sign)), None)
    if kind is None:
        raise DispatchError(f"{crop}: thumbnails are JPEG or PNG; write it as one of these")
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
