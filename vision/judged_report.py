"""EDGE: the judgement of a model as one HTML page, with its worst errors as pictures in it."""

from __future__ import annotations

import base64
import heapq
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from geo.files import replacing
from vision.calibration import Reliability
from vision.classes import CLASSES
from vision.judging import PictureVerdict
from vision.label_marks import Bytes

_WORST_PER_CLASS = 6
_SHOWN_PX = 360
_WHITE, _RED = (255, 255, 255), (230, 0, 0)
_COLUMNS = (
    ("pictures", "pictures"), ("iou", "IoU"), ("pixel_precision", "pixel precision"),
    ("pixel_recall", "pixel recall"), ("ap50", "AP 0.5"), ("ap50_95", "AP 0.5:0.95"),
    ("objects", "objects"), ("objects_found", "found"), ("objects_missed", "missed"),
    ("objects_false", "false"), ("precision", "precision"), ("recall", "recall"),
    ("false_per_100_pictures", "false per 100 pictures"), ("ece", "ECE"),
    ("ece_objects", "ECE of objects"),
)  # fmt: skip
_STYLE = """body{font:14px/1.45 system-ui,sans-serif;margin:2rem;max-width:90rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{border:1px solid #ccc;
padding:.2rem .5rem;text-align:right}td:first-child,th:first-child{text-align:left}
figure{display:inline-block;margin:.4rem;vertical-align:top;width:360px}figcaption{font-size:12px}img{max-width:100%}svg{margin:.4rem}"""


@dataclass(order=True, slots=True)
class Error:
    """A picture in which a class went wrong, and by how many pixels."""

    error_px: int
    order: int
    caption: str = field(compare=False)
    jpeg: bytes = field(compare=False)


@dataclass(slots=True)
class WorstErrors:
    """The pictures in which each class went most wrong; small pictures, so memory stays small."""

    by_class: dict[str, list[Error]] = field(default_factory=dict)
    seen: int = 0

    def see(self, verdict: PictureVerdict) -> None:
        """Keep the picture for every class of which it is among the worst."""
        for name, entry in verdict.classes.items():
            kept = self.by_class.setdefault(name, [])
            least = kept[0].error_px if len(kept) >= _WORST_PER_CLASS else 0
            if entry.error_px <= least:
                continue
            self.seen += 1
            caption = (
                f"{verdict.source}: {verdict.shown.name}; {entry.error_px} pixels wrong, "
                f"{entry.missed} missed, {entry.hits.count(False)} false"
            )
            heapq.heappush(kept, Error(entry.error_px, -self.seen, caption, _drawn(verdict, name)))
            if len(kept) > _WORST_PER_CLASS:
                heapq.heappop(kept)


def _drawn(verdict: PictureVerdict, name: str) -> bytes:
    """The picture with what is there in white and what was called in red, as JPEG."""
    picture: Bytes = verdict.shown.rgb.copy()
    objects = verdict.classes[name].objects
    for shape in objects.truth:
        _outline(picture, shape, _WHITE, 3)
    for shape, _ in objects.called:
        _outline(picture, shape, _RED, 2)
    scale = min(1.0, _SHOWN_PX / max(picture.shape[:2]))
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    _, code = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    return bytes(code.tobytes())


def _outline(picture: Bytes, shape: dict[str, Any], colour: Sequence[int], width: int) -> None:
    mask = np.asarray(coco_mask.decode(shape), np.uint8)
    lines, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(picture, lines, -1, tuple(colour), width)


def write_report(
    path: Path,
    document: Mapping[str, Any],
    reliabilities: Mapping[str, Reliability],
    worst: WorstErrors,
) -> None:
    """Write the page; `document` is what `aerogrid evaluate --json` tells."""
    model = document["model"]
    parts = [
        "<!doctype html><meta charset=utf-8>",
        f"<title>{html.escape(model['name'])}</title><style>{_STYLE}</style>",
        f"<h1>Model {html.escape(model['name'])} {html.escape(model['version'])}</h1>",
        f"<p>SHA-256 {html.escape(model['sha256'])}. {html.escape(document['note'])}</p>",
        "<h2>All pictures</h2>", _table(document["classes"]),
    ]  # fmt: skip
    for key, title in (("sources", "Source"), ("gsd", "Metres a pixel")):
        for name, entry in document[key].items():
            parts += [f"<h2>{title}: {html.escape(name)}</h2>", _table(entry["classes"])]
    parts.append("<h2>What false objects were</h2>" + _confusions(document["classes"]))
    parts.append("<h2>Said and true, by pixel</h2>")
    parts += [_plot(name, entry) for name, entry in reliabilities.items()]
    parts.append("<h2>Worst errors</h2><p>White: what is there. Red: what was called.</p>")
    for name, errors in worst.by_class.items():
        shown = "".join(_figure(error) for error in sorted(errors, reverse=True))
        parts.append(f"<h3>{html.escape(name)}</h3>{shown}")
    with replacing(path) as temporary:
        temporary.write_text("\n".join(parts), encoding="utf-8")


def write_figures(path: Path, document: Mapping[str, Any]) -> None:
    """Write the figures as JSON."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


def _table(classes: Mapping[str, Mapping[str, Any]]) -> str:
    head = "".join(f"<th>{title}</th>" for _, title in _COLUMNS)
    rows = [
        f"<tr><td>{html.escape(name)}</td>"
        + "".join(f"<td>{_text(entry[key])}</td>" for key, _ in _COLUMNS)
        + "</tr>"
        for name, entry in classes.items()
    ]
    return f"<table><tr><th>class</th>{head}</tr>{''.join(rows)}</table>"


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _confusions(classes: Mapping[str, Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(other)}</td><td>{count}</td></tr>"
        for name, entry in classes.items()
        for other, count in entry["mistaken_for"].items()
    )
    return f"<table><tr><th>called</th><th>labelled as</th><th>objects</th></tr>{rows}</table>"


def _plot(name: str, entry: Reliability) -> str:
    colour = next((f"rgb{c.colour}" for c in CLASSES if c.name == name), "black")
    dots = "".join(
        f'<circle cx="{20 + 160 * said:.1f}" cy="{180 - 160 * true:.1f}" r="4" fill="{colour}"/>'
        for said, true in zip(entry.said, entry.true, strict=True)
        if np.isfinite(said)
    )
    return (
        '<svg width="200" height="215" font-size="12"><rect x="20" y="20" width="160" height="160" '
        'fill="none" stroke="#999"/><line x1="20" y1="180" x2="180" y2="20" stroke="#bbb"/>'
        f'{dots}<text x="20" y="14">{html.escape(name)}</text>'
        f'<text x="20" y="205">ECE {entry.error:.3f}</text></svg>'
    )


def _figure(error: Error) -> str:
    code = base64.b64encode(error.jpeg).decode("ascii")
    caption = html.escape(error.caption)
    return (
        f'<figure><img alt="" src="data:image/jpeg;base64,{code}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
