"""What is written down of a photo's way from its file to a case; nothing where nobody asked."""

from collections import Counter
from collections.abc import Iterable, Sequence

from cases.model import FilingResult, PatrolRecord
from cases.registry import Registry
from geo.tracing import follow, is_followed
from vision.model import Detection, Frame, Observation


def read(frames: Iterable[Frame]) -> None:
    """Photos were read and described."""
    for frame in frames:
        follow("read", [frame.sha256], photo=frame.path, remarks=list(frame.reasons))


def searched(frame: Frame, detections: Sequence[Detection]) -> None:
    """A photo was searched."""
    found = Counter(item.class_name for item in detections)
    follow("searched", [frame.sha256], photo=frame.path, found=dict(sorted(found.items())))


def objects(frames: Sequence[Frame], observations: Iterable[Observation]) -> None:
    """Objects were put on the ground, each seen in some photos."""
    if not is_followed():
        return
    hashes = {frame.photo_id: frame.sha256 for frame in frames}
    for item in observations:
        follow(
            "located",
            [hashes[photo_id] for photo_id in item.photo_ids],
            observation=item.observation_id,
            found=item.class_name,
            cell=item.cell_code,
        )


def filed(registry: Registry, patrol: PatrolRecord, result: FilingResult) -> None:
    """Cases were filed or found again, by some of a patrol's photos."""
    if not is_followed():
        return
    for what, numbers in (("new", result.new), ("same", result.same)):
        for case_no in numbers:
            evidence = registry.case(case_no).evidence
            photos = {e.photo_sha256 for e in evidence if e.patrol_id == patrol.patrol_id}
            follow("filed", sorted(photos), case=case_no, patrol=patrol.patrol_id, told=what)
