"""A case on one page that proves itself: pictures, outlines, hashes, history, no registry needed.

The page holds the case, its evidence and its entries of the history as JSON, the photos as they
were judged, and the text that people read. Each entry carries its hash and that of the entry before
it; the newest one carries the hash of the case, others those of evidence, which carries those of
the photos. `problems_of` computes all of them anew, and makes the page anew to compare it.

What one page cannot show is that its entries are those of the registry: for that one of its hashes
has to be known elsewhere, from a bulletin or a noted head, or be found by the registry's audit.
Nor do hashes cover the names of category and department and the time of export: the page says so.
"""

import base64
import hashlib
import html
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import shapely
from PIL import ExifTags, Image
from shapely.errors import ShapelyError

from cases.categories import Category, Words
from cases.chain import case_facts, event_hash, evidence_facts, sha256_of, utc_text
from cases.errors import CaseError
from cases.lifecycle import Action, Stage
from cases.model import Case, Event, Evidence
from cases.outcomes import VERIFIED, finding_of
from cases.wording import action_words, class_words, stage_words, verified_words
from vision.metadata import PhotoTags, displayed_size_px

FORMAT = "aerogrid case sheet 3"
FORMAT_OF_BEFORE = "aerogrid case sheet 2"
"""Its pages had the category's code as heading and times to the microsecond; they still count."""
_PNG = b"\x89PNG"
_ACTIONS = frozenset(Action)
_PARTS = frozenset({"format", "told", "case", "evidence", "events"})
_DAMAGES = (
    ValueError, KeyError, TypeError, IndexError, AttributeError, OSError, ShapelyError
)  # fmt: skip
_ZOOM = 3.0
"""The close view is so many times as wide as what was seen."""
_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:60rem;
margin:2rem auto;padding:0 1rem;color:#222}svg{width:100%;height:auto;display:block}
figure{margin:0 0 1rem}figcaption{color:#666;font-size:.9em}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;
border-bottom:1px solid #ddd;padding:.3rem .5rem}code{font-size:.8em;overflow-wrap:anywhere}
polygon{fill:none;stroke:#ff2d2d;stroke-width:2;vector-effect:non-scaling-stroke}
"""


def is_showable(photo: bytes) -> bool:
    """Whether a page can show a photo: browsers know JPEG and PNG."""
    return photo.startswith((b"\xff\xd8\xff", _PNG))


def make_sheet(
    case: Case,
    evidence: Sequence[Evidence],
    events: Sequence[Event],
    category: Category,
    photos: Mapping[str, bytes],
    *,
    exported_at: datetime,
) -> str:
    """Write the page of a case.

    Args:
        case: as it stands.
        evidence: all that was ever filed for it, oldest first.
        events: its history, oldest first.
        category: of the case, for its names.
        photos: by hash, `is_showable`; those that are missing are named on the page.
        exported_at: the time now.
    """
    places: dict[int, int] = {}
    numbered = []
    for entry in evidence:
        place = places[entry.version] = places.get(entry.version, -1) + 1
        numbered.append([place, *evidence_facts(entry)])
    document = {
        "format": FORMAT,
        "told": {
            "category": [category.name.en, category.name.zh],
            "department": [category.department.en, category.department.zh],
            "exported_at": utc_text(exported_at),
        },
        "case": case_facts(case),
        "evidence": numbered,
        "events": [_event_json(event) for event in events],
    }  # fmt: skip
    shown = {entry.photo_sha256 for entry in case.evidence}
    return _page(document, {key: photo for key, photo in photos.items() if key in shown})


def problems_of(text: str) -> list[str]:
    """Compute every hash of a page anew; one sentence for each thing that does not fit."""
    found = re.search(r'<script type="application/json" id="sheet">(.*?)</script>', text, re.S)
    try:
        document = json.loads(found[1]) if found else {}
        if document.get("format") not in (FORMAT, FORMAT_OF_BEFORE):
            raise CaseError("this is no case sheet that this aerogrid knows; export the case again")
        if set(document) != _PARTS:
            raise CaseError("the case sheet holds other data than a case; export the case again")
        photos = _photos_in(text)
        problems = [*_problems_of_events(document), *_problems_of_evidence(document, photos)]
        if _page(document, photos) != text:
            problems.append("the page does not say what its data say")
    except _DAMAGES as error:
        raise CaseError(
            f"the case sheet is damaged ({type(error).__name__}: {error}); export the case again"
        ) from error
    return problems


def head_of(text: str) -> tuple[str, str]:
    """Number of a page's case, and hash of the last entry about it."""
    found = re.search(r'<script type="application/json" id="sheet">(.*?)</script>', text, re.S)
    document = json.loads(found[1] if found else "{}")
    return str(document["case"]["case_no"]), str(document["events"][-1]["hash"])


def _event_json(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "case_no": event.case_no,
        "at": utc_text(event.at),
        "actor": event.actor,
        "action": event.action,
        "details": dict(event.details),
        "prev_hash": event.prev_hash,
        "hash": event.hash,
    }


def _event(value: Mapping[str, Any]) -> Event:
    return Event(**{**value, "at": datetime.fromisoformat(value["at"])})


def _problems_of_events(document: Mapping[str, Any]) -> Iterator[str]:
    case = document["case"]
    events = [_event(value) for value in document["events"]]
    for before, event, told in zip([None, *events[:-1]], events, document["events"], strict=True):
        if event.hash != event_hash(event) or _event_json(event) != told:
            yield f"entry {event.seq} ({event.action}) was changed"
        if before is not None and event.seq == before.seq + 1 and event.prev_hash != before.hash:
            yield f"entry {event.seq} does not follow entry {before.seq}"
        if before is not None and event.seq <= before.seq:
            yield f"entry {event.seq} stands after entry {before.seq}"
        if event.case_no != case["case_no"]:
            yield f"entry {event.seq} is about case {event.case_no}"
    versions = [event.details.get("version") for event in events]
    if versions != list(range(1, len(events) + 1)) or case["version"] != len(events):
        yield "entries of the case are missing"
    if not events or events[-1].details.get("state") != sha256_of(case):
        yield f"case {case['case_no']} is not what its last entry left"


def _problems_of_evidence(
    document: Mapping[str, Any], photos: Mapping[str, bytes]
) -> Iterator[str]:
    case_no = document["case"]["case_no"]
    filed = {
        (event["details"]["version"], entry["sha256"])
        for event in document["events"]
        for entry in event["details"].get("evidence", ())
    }
    told = {(entry[-1], sha256_of([case_no, *entry])) for entry in document["evidence"]}
    for version, _ in sorted(filed ^ told):
        yield f"evidence is not what was filed with version {version}"
    if len(told) != len(document["evidence"]):
        yield "evidence stands on the page twice"
    for sha256, photo in photos.items():
        if hashlib.sha256(photo).hexdigest() != sha256:
            yield f"photo {sha256[:12]}... is not the file that was judged"
    known = {entry[3] for entry in document["evidence"]}
    for sha256 in sorted(set(photos) - known):
        yield f"photo {sha256[:12]}... is no evidence of the case"


def _photos_in(text: str) -> dict[str, bytes]:
    pattern = (
        r'<image id="p-([0-9a-f]{64})" width="\d+" height="\d+" '
        r'href="data:image/[a-z]+;base64,([A-Za-z0-9+/=]*)"/>'
    )
    return {sha256: base64.b64decode(content) for sha256, content in re.findall(pattern, text)}


def _page(document: Mapping[str, Any], photos: Mapping[str, bytes]) -> str:
    """Make the page of its data and photos, always the same of the same."""
    case = document["case"]
    data = json.dumps(document, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
    is_of_before = document["format"] == FORMAT_OF_BEFORE
    what = case["category"] if is_of_before else _both(class_words(case["class"]))
    title, moment = f"{case['case_no']}: {what}", str if is_of_before else _moment
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            f"<title>{_safe(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{_safe(title)}</h1>",
            _facts(case),
            "<ul>", *(f"<li>{_safe(_both(Words(*pair)))}</li>" for pair in case["why"]), "</ul>",
            *_pictures(case, photos),
            _unproven(document["told"], moment),
            _history(document["events"], moment),
            "<p>Check this page with <code>aerogrid audit --sheet FILE</code> / "
            "核验：<code>aerogrid audit --sheet FILE</code></p>",
            f'<script type="application/json" id="sheet">{data}</script>',
            "</body></html>\n",
        )
    )  # fmt: skip


def _facts(case: Mapping[str, Any]) -> str:
    lon_deg, lat_deg = case["lonlat"]
    code, cell, town, village, officer = case["place"]
    rows = {
        "Category / 案件类型": case["category"],
        "Stage / 阶段": _both(stage_words(Stage(case["stage"]))),
        "Class / 类别": _both(class_words(case["class"])),
        "Place / 位置": f"{lon_deg:.7f}, {lat_deg:.7f} (± {case['sigma_m']:.2f} m)",
        "Cell / 网格": " ".join((code, cell, town, village, officer)).strip(),
        "Area / 面积": f"{case['area_m2']:.1f} m²",
        "Seen / 发现": " – ".join(dict.fromkeys(map(_moment, case["seen"]))),
        "Rule / 规则": f"{case['rule'][0]}, {case['rule'][1]}",
        "Model package / 模型包": case["model"],
    }
    return _table(rows)


def _unproven(told: Mapping[str, Any], moment: Callable[[str], str]) -> str:
    rows = {
        "Category / 案件类型": _both(Words(*told["category"])),
        "Department / 部门": _both(Words(*told["department"])),
        "Exported / 导出": moment(told["exported_at"]),
    }
    return (
        "<h2>Not proven / 未经证明</h2><p>Told by whoever exported the page; no hash covers it / "
        f"由导出者填写，哈希值不作证明</p>{_table(rows)}"
    )


def _moment(text: str) -> str:
    """A time to the second, as people read it; the page's data has it whole."""
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _table(rows: Mapping[str, str]) -> str:
    cells = (
        f"<tr><th>{_safe(key)}</th><td>{_safe(value)}</td></tr>" for key, value in rows.items()
    )
    return f"<table>{''.join(cells)}</table>"


def _pictures(case: Mapping[str, Any], photos: Mapping[str, bytes]) -> Iterator[str]:
    """Each photo of the case, close and whole, with what was seen drawn over it."""
    drawn: set[str] = set()
    for patrol_id, photo_id, sha256, _, outline, pose, _ in case["evidence"]:
        if sha256 in drawn:
            continue
        drawn.add(sha256)
        source = pose[-1] if pose else "unknown / 未知"
        yield f"<h2>{_safe(photo_id)}</h2><p>{_safe(patrol_id)}; pose / 位姿: {_safe(source)}</p>"
        yield f"<p>SHA-256 <code>{_safe(sha256)}</code></p>"
        if sha256 not in photos:
            yield "<p>The photo is not on this page / 本页未附照片</p>"
            continue
        photo = photos[sha256]
        same = [entry[4] for entry in case["evidence"] if entry[2] == sha256]
        outlines = "".join(map(_polygon, same))
        width_px, height_px = _size_px(photo)
        yield f'<figure><svg viewBox="0 0 {width_px} {height_px}">'
        yield _image(sha256, photo, width_px, height_px)
        yield f"{outlines}</svg><figcaption>Whole photo / 整张照片</figcaption></figure>"
        yield f'<figure><svg viewBox="{_close(outline)}"><use href="#p-{_safe(sha256)}"/>'
        yield f"{outlines}</svg><figcaption>Close / 局部放大</figcaption></figure>"


def _size_px(photo: bytes) -> tuple[int, int]:
    """Width and height as shown: who judges and who looks both turn a photo as its tags say."""
    with Image.open(io.BytesIO(photo), formats=("JPEG", "MPO", "PNG")) as picture:
        try:
            turn = picture.getexif().get(ExifTags.Base.Orientation)
        except (SyntaxError, ValueError, KeyError, TypeError):  # damaged tags say nothing
            turn = None
        return displayed_size_px(PhotoTags(*picture.size, {"Orientation": turn}))


def _image(sha256: str, photo: bytes, width_px: int, height_px: int) -> str:
    kind = "png" if photo.startswith(_PNG) else "jpeg"
    content = base64.b64encode(photo).decode("ascii")
    return (
        f'<image id="p-{_safe(sha256)}" width="{width_px}" height="{height_px}" '
        f'href="data:image/{kind};base64,{content}"/>'
    )


def _polygon(outline: str) -> str:
    points = shapely.get_coordinates(shapely.from_wkb(outline))
    return f'<polygon points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _close(outline: str) -> str:
    west, north, east, south = shapely.from_wkb(outline).bounds
    side = max(east - west, south - north, 1.0) * _ZOOM
    x, y = (west + east - side) / 2, (north + south - side) / 2
    return f"{x:.1f} {y:.1f} {side:.1f} {side:.1f}"


def _history(events: Iterable[Mapping[str, Any]], moment: Callable[[str], str]) -> str:
    rows = "".join(
        f"<tr><td>{event['seq']}</td><td>{_safe(moment(event['at']))}</td><td>{_safe(event['actor'])}"
        f"</td><td>{_safe(_action(event))}</td>"
        f"<td>{_safe(str(event['details'].get('reason', '')))}</td>"
        f"<td><code>{_safe(event['hash'])}</code></td></tr>"
        for event in events
    )
    return f"<h2>History / 经过</h2><table>{rows}</table>"


def _action(event: Mapping[str, Any]) -> str:
    action = event["action"]
    if action == VERIFIED:
        return _both(verified_words(finding_of(event["details"])))
    return _both(action_words(Action(action))) if action in _ACTIONS else action


def _both(words: Words) -> str:
    return f"{words.en} / {words.zh}"


def _safe(text: str) -> str:
    return html.escape(str(text))
