"""EDGE: detections as COCO JSON, with run-length masks, polygons and the model's hash."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from shapely import Polygon

from geo.files import replacing
from vision.classes import CLASSES
from vision.errors import VisionError
from vision.model import Detection, Frame, SearchScale
from vision.package import ModelPackage

_SHIFT = 4  # fillPoly takes whole numbers; these bits of them are the fraction of a pixel
_LABELS_ZH = {entry.name: entry.label_zh for entry in CLASSES}


def write_coco(
    path: Path,
    frames: Sequence[Frame],
    detections: Iterable[Detection],
    package: ModelPackage,
    *,
    searched_by: Mapping[str, str],
) -> None:
    """Write detections; the same input gives the same bytes.

    `searched_by` says of each photo that was searched what ran the model: `Detector.runs_as`.
    Besides COCO's own fields an annotation has `polygon_px` (outline and holes, pixel centres at
    whole numbers), `cut` and `calibrated_score`, what the score is worth by the model's
    calibration; photos without detections are listed too.
    """
    images = [
        _image(index, frame) | {"searched_by": searched_by.get(frame.photo_id)}
        for index, frame in enumerate(frames, start=1)
    ]
    by_photo = {frame.photo_id: image for frame, image in zip(frames, images, strict=True)}
    category_ids = {name: index for index, name in enumerate(package.classes, start=1)}
    annotations = [
        _annotation(index, item, by_photo[item.photo_id], category_ids[item.class_name])
        | {"calibrated_score": _worth(item, package)}
        for index, item in enumerate(detections, start=1)
    ]
    document = {
        "info": {
            "description": "aerogrid detections",
            "model": package.name,
            "model_version": package.version,
            "model_sha256": package.digest,
            "model_gsd_m": package.model_gsd_m,
            "gsd_range_m": list(package.gsd_range_m),
        },
        "images": images,
        "categories": [
            {"id": index, "name": name, "name_zh": _LABELS_ZH.get(name, name)}
            for name, index in category_ids.items()
        ],
        "annotations": annotations,
    }
    _write_json(path, document)


def read_coco(path: Path) -> list[Detection]:
    """Read detections that `write_coco` wrote, in the file's order."""
    document = _read_json(path)
    try:
        photos = {image["id"]: str(image["photo_id"]) for image in document["images"]}
        names = {category["id"]: str(category["name"]) for category in document["categories"]}
        return [_detection(entry, photos, names) for entry in document["annotations"]]
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise VisionError(
            f"{path}: not a detection file of aerogrid ({type(error).__name__}: {error}); "
            "run 'aerogrid detect' again"
        ) from error


def check_photos(path: Path, frames: Sequence[Frame]) -> None:
    """Refuse a detection file that was made of other photos than these.

    Raises:
        VisionError: a photo is new, gone, or its file has other bytes than the one searched.
    """
    searched = photo_hashes(path)
    known = {frame.photo_id: frame.sha256 for frame in frames}
    for photo_id in (*known, *searched):
        what = _difference(searched.get(photo_id), known.get(photo_id))
        if what:
            raise VisionError(
                f"{path}: photos changed since detect ({photo_id} {what}); "
                "run `aerogrid detect` again"
            )


def photo_hashes(path: Path) -> dict[str, str]:
    """SHA-256 of each photo that a detection file is about, by photo id."""
    try:
        images = _read_json(path)["images"]
        return {str(image["photo_id"]): str(image["sha256"]) for image in images}
    except (KeyError, TypeError) as error:
        raise VisionError(
            f"{path}: does not name its photos and their hashes; run `aerogrid detect` again"
        ) from error


def _difference(searched: str | None, known: str | None) -> str:
    if searched is None:
        return "is new"
    if known is None:
        return "is gone"
    return "" if searched == known else "has other bytes"


def model_hash(path: Path) -> str:
    """SHA-256 of the model package that made a detection file; empty when it does not say."""
    return str(_info(path).get("model_sha256", ""))


def _info(path: Path) -> dict[str, Any]:
    info = _read_json(path).get("info")
    return info if isinstance(info, dict) else {}


def search_scale(path: Path) -> SearchScale:
    """At which scales the model that made a detection file finds things."""
    info = _info(path)
    try:
        finest_m, coarsest_m = info["gsd_range_m"]
        return SearchScale(float(info["model_gsd_m"]), (float(finest_m), float(coarsest_m)))
    except (KeyError, TypeError, ValueError) as error:
        raise VisionError(
            f"{path}: does not say for which metres per pixel its model is (model_gsd_m and "
            "gsd_range_m under info); run `aerogrid detect` again"
        ) from error


def _image(index: int, frame: Frame) -> dict[str, Any]:
    return {
        "id": index,
        "photo_id": frame.photo_id,
        "file_name": frame.path,
        "width": frame.width_px,
        "height": frame.height_px,
        "date_captured": _text(frame.taken_at),
        "sha256": frame.sha256,
        "gsd_m": frame.gsd_m,
    }


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _annotation(
    index: int, item: Detection, image: dict[str, Any], category_id: int
) -> dict[str, Any]:
    mask = rle(item.polygon_px, image["width"], image["height"])
    west, north, east, south = item.polygon_px.bounds
    return {
        "id": index,
        "image_id": image["id"],
        "category_id": category_id,
        "score": item.score,
        "bbox": [round(v, 2) for v in (west + 0.5, north + 0.5, east - west, south - north)],
        "area": int(coco_mask.area(mask)),
        "iscrowd": 0,
        "segmentation": {"size": mask["size"], "counts": mask["counts"].decode("ascii")},
        "polygon_px": [_ring(ring) for ring in (item.polygon_px.exterior, *_holes(item))],
        "cut": item.cut,
    }


def _worth(item: Detection, package: ModelPackage) -> float:
    """The score as the share of such pixels that proved true on pictures held back."""
    worth = package.calibration_of(item.class_name)(np.array(item.score))
    return round(float(worth), 4)


def _holes(item: Detection) -> list[Any]:
    return list(item.polygon_px.interiors)


def _ring(ring: Any) -> list[float]:
    coordinates: list[float] = np.asarray(ring.coords)[:-1].ravel().tolist()
    return coordinates


@lru_cache(maxsize=20_000)  # `watch` writes what it knows again with each new photo
def rle(polygon_px: Polygon, width_px: int, height_px: int) -> dict[str, Any]:
    """Run lengths of the pixels whose centres a polygon holds, as pycocotools codes them.

    Only the polygon's own rows and columns are filled, so it is fast in large pictures.
    """
    x0, y0, x1, y1 = _window(polygon_px, width_px, height_px)
    filled = np.zeros((max(y1 - y0, 0), max(x1 - x0, 0)), dtype=np.uint8)
    if filled.size:
        cv2.fillPoly(filled, _drawn_rings(polygon_px, x0, y0), 1, shift=_SHIFT)
    counts = _run_lengths(filled, x0, y0, width_px, height_px)
    coded: dict[str, Any] = coco_mask.frPyObjects(
        {"counts": counts, "size": [height_px, width_px]}, height_px, width_px
    )
    return coded


def _drawn_rings(polygon_px: Polygon, x0: int, y0: int) -> list[NDArray[np.int32]]:
    """Rings as fillPoly wants them.

    It also fills the pixels under the line itself, so the line is drawn through the centres of
    the outermost pixels, half a pixel inside.
    """
    inner = polygon_px.buffer(-0.5, join_style="mitre")
    parts = shapely.get_parts(polygon_px if inner.is_empty else inner)
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return [
        np.round((np.asarray(ring.coords) - (x0, y0)) * 2**_SHIFT).astype(np.int32)
        for ring in rings
    ]


def _window(polygon_px: Polygon, width_px: int, height_px: int) -> tuple[int, int, int, int]:
    west, north, east, south = polygon_px.bounds
    x0, y0 = max(0, int(np.floor(west))), max(0, int(np.floor(north)))
    return x0, y0, min(width_px, int(np.ceil(east)) + 1), min(height_px, int(np.ceil(south)) + 1)


def _run_lengths(
    filled: NDArray[np.uint8], x0: int, y0: int, width_px: int, height_px: int
) -> list[int]:
    """Lengths of alternating runs of 0 and 1, down the columns of the whole picture."""
    columns = np.pad(filled.T, ((0, 0), (1, 1))).astype(np.int8)
    steps = np.diff(columns, axis=1)
    column, start = np.nonzero(steps == 1)
    _, stop = np.nonzero(steps == -1)
    offset = (column + x0) * height_px + y0
    bounds = np.column_stack([offset + start, offset + stop]).ravel()
    # A run that ends at the foot of a column and one that begins at the next head are one run.
    keep = np.ones(len(bounds), dtype=bool)
    same = np.flatnonzero(bounds[1:-1:2] == bounds[2::2])
    keep[2 * same + 1] = keep[2 * same + 2] = False
    edges = np.concatenate([[0], bounds[keep], [width_px * height_px]])
    lengths: list[int] = np.diff(edges).tolist()
    return lengths


def _detection(entry: dict[str, Any], photos: dict[int, str], names: dict[int, str]) -> Detection:
    rings = [np.array(ring).reshape(-1, 2) for ring in entry["polygon_px"]]
    return Detection(
        photo_id=photos[entry["image_id"]],
        class_name=names[entry["category_id"]],
        score=float(entry["score"]),
        polygon_px=Polygon(rings[0], rings[1:]),
        cut=bool(entry["cut"]),
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise VisionError(f"{path}: no such file; run 'aerogrid detect' first") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise VisionError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(document, dict):
        raise VisionError(f"{path}: holds no COCO object; run 'aerogrid detect' again")
    return document


def _write_json(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
