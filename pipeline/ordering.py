"""EDGE: work orders of cases, with what the patrol's own photos show of them."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from cases.categories import Words
from cases.model import Case, Evidence
from cases.showing import chosen_photos
from dispatch.clock import stamp
from dispatch.work_order import OrderPage
from dispatch.work_order_pages import OrderPictures, write_orders
from pipeline.inputs import read_inputs
from pipeline.workspace import Workspace
from vision.errors import PhotoError
from vision.frame_table import read_frame_table
from vision.images import Picture, read_pinned_rgb
from vision.model import Frame
from vision.overlays import Mark, crop, overlay, write_picture

_WIDEST_PX = 1200
_FAR, _MIDDLE, _NEAR = Words("far", "远景"), Words("middle", "中景"), Words("near", "近景")
_MARGINS = ((_MIDDLE, 2.5, 900), (_NEAR, 0.6, 320))
_NO_PHOTO = Words(
    "No picture: the photos of this case are not in this patrol's folder, or have changed.",
    "无图片：本案照片不在本次巡查目录中，或已被改动。",
)


def write_work_orders(
    workspace: Workspace,
    path: Path,
    cases: Sequence[Case],
    pages: Sequence[OrderPage],
    utc_offset_hours: float,
) -> None:
    """Write the pages with far, middle and near cut from the best photo of the newest patrol.

    Times are those of the district's clocks. A case whose photos are gone, have changed or are of
    another patrol gets a page that says so.
    """
    frames = read_frame_table(workspace.frames) if workspace.frames.exists() else ()
    photos = read_inputs(workspace).photos if workspace.inputs.exists() else workspace.root
    by_hash = {frame.sha256: frame for frame in frames}
    with TemporaryDirectory(prefix="aerogrid-pictures-") as folder:
        pictures = {
            case.case_no: _pictures(
                case, by_hash, photos, Path(folder) / case.case_no, utc_offset_hours
            )
            for case in cases
        }
        write_orders(path, pages, pictures)


def _pictures(
    case: Case, by_hash: dict[str, Frame], photos: Path, folder: Path, utc_offset_hours: float
) -> OrderPictures:
    for evidence in chosen_photos(case):
        frame = by_hash.get(evidence.photo_sha256)
        if frame is None:
            continue
        try:
            picture = read_pinned_rgb(photos / frame.path, evidence.photo_sha256)
        except PhotoError:
            continue
        folder.mkdir()
        return _cut(picture, evidence, frame, folder, utc_offset_hours)
    return OrderPictures(remark=_NO_PHOTO)


def _cut(
    picture: Picture, evidence: Evidence, frame: Frame, folder: Path, utc_offset_hours: float
) -> OrderPictures:
    """Draw the outline, and cut far, middle and near out of one photo."""
    mark = Mark(evidence.class_name, evidence.polygon_px, "", 1.0)
    drawn = overlay(picture, [mark])
    cuts = [(_FAR, drawn)]
    cuts += [
        (name, crop(drawn, evidence.polygon_px, margin_share=margin, least_px=least_px))
        for name, margin, least_px in _MARGINS
    ]
    files = []
    for name, cut in cuts:
        path = folder / f"{name.en}.jpg"
        write_picture(path, _shrunk(cut))
        files.append((name, path))
    when = f", {stamp(frame.taken_at, utc_offset_hours)}" if frame.taken_at else ""
    said = f"{evidence.photo_id}{when}"
    return OrderPictures(tuple(files), Words(f"photo {said}", f"照片 {said}"))


def _shrunk(picture: Picture) -> Picture:
    scale = _WIDEST_PX / max(picture.shape[:2])
    if scale >= 1:
        return picture
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)
