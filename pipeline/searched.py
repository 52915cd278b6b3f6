"""EDGE: what was found in photos already, so that no watch searches or files them once more."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.workspace import Workspace, read_json
from vision.coco import model_hash, photo_hashes, read_coco
from vision.frame_table import read_frame_table
from vision.model import Detection, Frame

STILL_FLYING = "the flight was still under way; `aerogrid analyze` adjusts them afterwards"
"""Why a watch does not adjust poses; an analysis that was the last to write says otherwise."""

LANDED_LATE = "photos have landed since the analysis; `aerogrid analyze` adjusts these, too"
"""The same once an analysis has been: what it adjusted stays."""

Mark = tuple[str, str]
"""Photo id and hash of the file."""


def mark_of(frame: Frame) -> Mark:
    """What tells a photo from every other, and from itself once it has changed."""
    return frame.photo_id, frame.sha256


@dataclass(frozen=True, slots=True)
class Searched:
    """Photos that a patrol's detection file is about, and what was found in each.

    Attributes:
        analysed: the photos as `analyze` left them, with better poses than a watch gives, once it
            has filed them; what has landed since and been filed is among them.
    """

    found: Mapping[Mark, tuple[Detection, ...]] = field(default_factory=dict)
    analysed: Mapping[Mark, Frame] = field(default_factory=dict)

    @property
    def by_analysis(self) -> bool:
        """Whether `analyze` has filed the patrol."""
        return bool(self.analysed)


def searched_before(workspace: Workspace, model_sha256: str) -> Searched:
    """Read what the same model has found in the patrol's photos."""
    path = workspace.detections
    if not path.exists() or model_hash(path) != model_sha256:
        return Searched()
    by_photo: dict[str, list[Detection]] = {}
    for item in read_coco(path):
        by_photo.setdefault(item.photo_id, []).append(item)
    found = {mark: tuple(by_photo.get(mark[0], ())) for mark in photo_hashes(path).items()}
    if not _is_by_analysis(workspace):
        return Searched(found)
    frames = read_frame_table(workspace.frames)
    return Searched(found, {mark_of(frame): frame for frame in frames})


def _is_by_analysis(workspace: Workspace) -> bool:
    wanted = (workspace.adjustment, workspace.filing, workspace.frames)
    if not all(path.exists() for path in wanted):
        return False
    return bool(read_json(workspace.adjustment).get("why_not") != STILL_FLYING)
