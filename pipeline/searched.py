"""EDGE: what was found in photos already, so that no watch searches or files them once more."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.workspace import Workspace, read_json
from vision.coco import model_hash, photo_hashes, read_coco
from vision.model import Detection, Frame

STILL_FLYING = "the flight was still under way; `aerogrid analyze` adjusts them afterwards"
"""Why a watch does not adjust poses; an analysis that was the last to write says otherwise."""

Mark = tuple[str, str]
"""Photo id and hash of the file."""


def mark_of(frame: Frame) -> Mark:
    """What tells a photo from every other, and from itself once it has changed."""
    return frame.photo_id, frame.sha256


@dataclass(frozen=True, slots=True)
class Searched:
    """Photos that a patrol's detection file is about, and what was found in each.

    Attributes:
        by_analysis: whether `analyze` wrote it and has filed it, with better poses than a watch.
    """

    found: Mapping[Mark, tuple[Detection, ...]] = field(default_factory=dict)
    by_analysis: bool = False


def searched_before(workspace: Workspace, model_sha256: str) -> Searched:
    """Read what the same model has found in the patrol's photos."""
    path = workspace.detections
    if not path.exists() or model_hash(path) != model_sha256:
        return Searched()
    by_photo: dict[str, list[Detection]] = {}
    for item in read_coco(path):
        by_photo.setdefault(item.photo_id, []).append(item)
    found = {mark: tuple(by_photo.get(mark[0], ())) for mark in photo_hashes(path).items()}
    return Searched(found, _is_by_analysis(workspace))


def _is_by_analysis(workspace: Workspace) -> bool:
    if not workspace.adjustment.exists() or not workspace.filing.exists():
        return False
    return bool(read_json(workspace.adjustment).get("why_not") != STILL_FLYING)
