"""EDGE: hand out what people decided: a case that proves itself, decisions as COCO for training."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cases.lifecycle import Stage
from cases.model import Case, Evidence
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.sheet import is_showable, make_sheet
from cases.showing import chosen_photos
from geo.files import replacing
from pipeline.filing import registry_of
from pipeline.filings import read_filing, refuse_lost_registry, settings_as_filed
from pipeline.inputs import patrol_settings, read_inputs
from pipeline.workspace import Workspace, require, write_json
from vision.classes import CLASS_NAMES, CLASSES
from vision.coco import rle
from vision.frame_table import read_frame_table
from vision.model import Frame

_UNDECIDED = frozenset({Stage.REPORTED, Stage.SNOOZED, Stage.WITHDRAWN})


def write_sheet(patrols: Sequence[Path], case_no: str, out: Path, *, now: datetime) -> int:
    """Write the sheet of a case with its chosen photos, of these patrols; returns how many.

    The others are only named, so that a page can be mailed; so is a photo whose file is gone, is
    no longer the one that was judged, or is no JPEG or PNG, as orthophotos are.
    """
    first = _filed(patrols)
    settings = settings_as_filed(first, patrol_settings(first, None))
    with Registry.open(registry_of(first, settings)) as registry:
        case = registry.case(case_no)
        evidence, events = registry.evidence(case_no), registry.history(case_no)
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    category = rulebook.category(case.category)
    photos = _photos(patrols, {entry.photo_sha256 for entry in chosen_photos(case)})
    page = make_sheet(case, evidence, events, category, photos, exported_at=now)
    with replacing(out) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="")
    return len(photos)


def _filed(patrols: Sequence[Path]) -> Workspace:
    """The first of patrols that were all filed; a registry is never made by asking for a case."""
    for patrol in patrols:
        require(Workspace(patrol).filing, "file")
    refuse_lost_registry(Workspace(patrols[0]))
    return Workspace(patrols[0])


def _photos(patrols: Iterable[Path], wanted: set[str]) -> dict[str, bytes]:
    photos: dict[str, bytes] = {}
    for patrol in patrols:
        workspace = Workspace(patrol)
        folder = read_inputs(workspace).photos
        for frame in read_frame_table(require(workspace.frames, "ingest")):
            path = folder / frame.path
            if frame.sha256 not in wanted or not path.is_file():
                continue
            content = path.read_bytes()
            if is_showable(content) and hashlib.sha256(content).hexdigest() == frame.sha256:
                photos[frame.sha256] = content
    return photos


def write_reviewed(patrols: Sequence[Path], out: Path) -> tuple[int, int]:
    """Write what was decided on as COCO; returns how many outlines were confirmed and rejected.

    `annotations` are outlines of confirmed cases. Those of rejected cases stand apart, so that
    no training takes them for things that are there, each with the reason that was given.
    """
    first = _filed(patrols)
    settings = settings_as_filed(first, patrol_settings(first, None))
    images: dict[tuple[str, str], dict[str, Any]] = {}
    lists: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    with Registry.open(registry_of(first, settings)) as registry:
        frames = _frames_by_patrol(patrols)
        stages = [stage for stage in Stage if stage not in _UNDECIDED]
        for case in registry.cases(stage=stages, order="number", limit=None):
            reason = _reason(registry, case)
            for entry in case.evidence:
                frame = frames.get(entry.patrol_id, {}).get(entry.photo_id)
                if frame is None or frame.sha256 != entry.photo_sha256:
                    continue
                key = (entry.patrol_id, entry.photo_id)
                image = images.setdefault(key, _image(len(images) + 1, frame, entry))
                same = lists[case.stage is not Stage.REJECTED]
                same.append(_annotation(len(same) + 1, case, entry, image, reason))
    confirmed, rejected = lists[True], lists[False]
    document = {
        "info": {"description": "aerogrid: reviewed decisions"},
        "images": list(images.values()),
        "categories": [
            {"id": index, "name": entry.name, "name_zh": entry.label_zh}
            for index, entry in enumerate(CLASSES, start=1)
        ],
        "annotations": confirmed,
        "rejected_annotations": rejected,
    }
    write_json(out, document)
    return len(confirmed), len(rejected)


def _frames_by_patrol(patrols: Iterable[Path]) -> dict[str, dict[str, Frame]]:
    found: dict[str, dict[str, Frame]] = {}
    for patrol in patrols:
        workspace = Workspace(patrol)
        patrol_id = read_filing(workspace).patrol_id
        frames = read_frame_table(require(workspace.frames, "ingest"))
        found[patrol_id] = {frame.photo_id: frame for frame in frames}
    return found


def _reason(registry: Registry, case: Case) -> str:
    """Why a case was rejected, empty for others."""
    if case.stage is not Stage.REJECTED:
        return ""
    last = [event for event in registry.history(case.case_no) if event.action == "reject"][-1]
    return str(last.details.get("reason", ""))


def _image(index: int, frame: Frame, entry: Evidence) -> dict[str, Any]:
    return {
        "id": index,
        "file_name": frame.path,
        "width": frame.width_px,
        "height": frame.height_px,
        "patrol_id": entry.patrol_id,
        "photo_id": entry.photo_id,
        "sha256": entry.photo_sha256,
        "gsd_m": frame.gsd_m,
    }


def _annotation(
    index: int, case: Case, entry: Evidence, image: dict[str, Any], reason: str
) -> dict[str, Any]:
    mask = rle(entry.polygon_px, image["width"], image["height"])
    west, north, east, south = entry.polygon_px.bounds
    return {
        "id": index,
        "image_id": image["id"],
        "category_id": CLASS_NAMES.index(entry.class_name) + 1,
        "bbox": [round(v, 2) for v in (west + 0.5, north + 0.5, east - west, south - north)],
        "area": round(entry.polygon_px.area, 2),
        "iscrowd": 0,
        "segmentation": {"size": mask["size"], "counts": mask["counts"].decode("ascii")},
        "case_no": case.case_no,
        "stage": case.stage.value,
        **({"reason": reason} if reason else {}),
    }
