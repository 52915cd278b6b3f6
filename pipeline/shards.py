"""EDGE: what a worker of a campaign does: it reads or searches some photos, or joins a patrol's.

Each function does what the stage of the same name does for a whole patrol, by the same code, and
keeps its result in the patrol's ledger. Done twice, it does the same again.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flight.releases import read_releases
from pipeline import analysis, following
from pipeline.analysis import Located
from pipeline.at_hand import at_hand, bring_back
from pipeline.errors import PipelineError
from pipeline.inputs import write_patrol_settings
from pipeline.job import Job, PhotoFile
from pipeline.kept_photos import photos_entry, photos_in
from pipeline.ledger import found_in, line_of
from pipeline.places import is_away, stamps_below, url_of
from pipeline.settings import Detecting
from pipeline.shard_ledger import name_of
from pipeline.workspace import Workspace
from vision.backends import package_for
from vision.coco import write_coco
from vision.detector import Detector, detect_frame
from vision.frame_table import read_frame_table
from vision.frames import read_photo
from vision.images import sha256_of
from vision.model import Detection, Frame
from vision.polygons import PolygonRules
from vision.quality import is_worth_looking

DONE = "done.json"
"""The entry of a patrol whose products are written."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What `ingest_patrol` made.

    Attributes:
        notes: what a person should know of the patrol's files.
    """

    frames: tuple[Frame, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """A patrol whose products are written.

    Attributes:
        unusable: photos that were not searched, with all that is said against them.
        searched_by: what ran the model, in any of its photos.
        unread: photos among the unusable that ended the programs that read them; the next run tries
            them again.
        before: whether an earlier run had done it.
    """

    photos: int
    unusable: tuple[tuple[str, str], ...]
    detections: int
    observations: int
    searched_by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    before: bool = False


def read_shard(job: Job, name: str, files: Sequence[PhotoFile]) -> str:
    """Read some photos; one that is none says so in what was read. Names the entry."""
    _refuse_other_version(job)
    with at_hand(job, [job.patrol.inputs.photos / file.path for file in files]) as here:
        folder = here.patrol.inputs.photos
        photos = [read_photo(file.photo_id, folder / file.path, folder) for file in files]
    job.finished.put(name, photos_entry(photos))
    return name


def ingest_patrol(job: Job, name: str, entries: Sequence[str]) -> Ingested:
    """Make frames of the photos of all tasks and adjust their poses."""
    _refuse_other_version(job)
    photos = [photo for entry in entries for photo in photos_in(_entry(job, entry))]
    notes: list[str] = []
    with at_hand(job, (job.root, job.patrol.inputs.photos, *job.around)) as here:
        analysis.ingest(
            here.workspace,
            here.patrol.inputs,
            job.settings,
            photos=photos,
            events=() if here.patrol.flight is None else read_releases(here.patrol.flight),
            note=notes.append,
        )
        frames = here.workspace.frames
        ingested = Ingested(read_frame_table(frames), tuple(notes))
        kept = {"notes": notes, "frames": sha256_of(frames)}
        bring_back(here, job)
    job.finished.put(name, json.dumps(kept).encode())
    return ingested


def ingested_before(job: Job, name: str) -> Ingested | None:
    """What an earlier run has ingested; None where its frames are not there any more."""
    entry = job.finished.get(name)
    if entry is None:
        return None
    kept = json.loads(entry)
    with at_hand(job, [job.workspace.frames]) as here:
        frames = here.workspace.frames
        if not frames.is_file() or sha256_of(frames) != kept["frames"]:
            return None
        return Ingested(read_frame_table(frames), tuple(kept["notes"]))


def search_shard(job: Job, frames: Sequence[Frame]) -> str:
    """Search some photos, with a model that the worker loads once. Names the entry."""
    return _search(job, frames, job.settings.detecting)


def search_shard_by_gpu(job: Job, frames: Sequence[Frame]) -> str:
    """The same by torch, which takes the GPU that it sees."""
    return _search(job, frames, job.settings.detecting.model_copy(update={"backend": "torch"}))


def _search(job: Job, frames: Sequence[Frame], detecting: Detecting) -> str:
    _refuse_other_version(job)
    detector = _detector(detecting)
    if detector.package.digest != job.model_sha256:
        raise PipelineError(
            f"{detector.package.path}: is another model on this worker than where the campaign was "
            "started; put the same files on all machines"
        )
    if detector.runs_as not in job.searched_by:
        raise PipelineError(
            f"a worker would search by {detector.runs_as}, the campaign is to be searched by "
            f"{' or '.join(job.searched_by)} alone; hide its GPU from it (CUDA_VISIBLE_DEVICES=), "
            "or let the campaign use GPUs"
        )
    with at_hand(job, [job.patrol.inputs.photos / frame.path for frame in frames]) as here:
        folder, rules = here.patrol.inputs.photos, PolygonRules()
        lines = []
        for frame in frames:
            found = detect_frame(frame, folder, detector, rules)
            following.searched(frame, found)
            lines.append(line_of(search_key(job, frame, detector.runs_as), found))
    name = searched_name(job, frames, detector.runs_as)
    job.finished.put(name, b"".join(lines))
    return name


def searched_name(job: Job, frames: Sequence[Frame], runs_as: str) -> str:
    """Name the entry of what something found in some photos."""
    keys = [search_key(job, frame, runs_as) for frame in frames]
    return name_of("search", job.patrol.name, keys)


def search_key(job: Job, frame: Frame, runs_as: str) -> str:
    """Everything that the search of one photo depends on."""
    return analysis.search_key(frame, job.model_sha256, runs_as)


@lru_cache(maxsize=1)
def _detector(detecting: Detecting) -> Detector:
    return analysis.opened(detecting)


def locate_patrol(
    job: Job, plan: str, entries: Sequence[str], notes: Sequence[str], unread: Sequence[str]
) -> Done:
    """Write what all tasks have found, put it on the ground, and end the patrol.

    Where a worker has done so and was ended before it could tell, that counts: what the other tasks
    have finished is forgotten by then.
    """
    _refuse_other_version(job)
    done = done_before(job, plan)
    if done is not None:
        return replace(done, before=False)
    with at_hand(job, (job.root, *job.around)) as here:
        workspace = here.workspace
        frames = read_frame_table(workspace.frames)
        found = _found(job, frames, entries)
        detections = [item for _, items in found.values() for item in items]
        searched_by = {photo_id: by for photo_id, (by, _) in found.items()}
        detecting = job.settings.detecting
        package = package_for(analysis.manifest_of(detecting.model), detecting.backend)
        write_coco(workspace.detections, frames, detections, package, searched_by=searched_by)
        located = analysis.locate(workspace, job.settings)
        unusable = [(f.path, "; ".join(f.reasons)) for f in frames if not is_worth_looking(f)]
        done = Done(
            photos=len(frames),
            unusable=tuple(unusable),
            detections=len(detections),
            observations=len(located.observations),
            searched_by=tuple(sorted({*searched_by.values()})),
            notes=tuple(notes),
            unread=tuple(unread),
        )
        write_patrol_settings(workspace, job.settings)  # others may have been at the start
        bring_back(here, job)
        products = {path.name: sha256_of(path) for path in _products(workspace)}
    about = _about(job, frames, located, now=datetime.now(UTC))
    _keep(job, plan, done, {**about, "products": products, "stamps": _stamps(job)})
    return done


def _found(
    job: Job, frames: Sequence[Frame], entries: Sequence[str]
) -> dict[str, tuple[str, list[Detection]]]:
    """What searched each photo and what it found, by photo id."""
    found: dict[str, list[Detection]] = {}
    for entry in entries:
        found |= found_in(_entry(job, entry))
    return {
        frame.photo_id: next(
            (by, found[key])
            for by in job.searched_by
            if (key := search_key(job, frame, by)) in found
        )
        for frame in frames
        if is_worth_looking(frame)
    }


def _products(workspace: Workspace) -> tuple[Path, ...]:
    """What a patrol that is done must still have; its settings are written anew each time."""
    return (
        workspace.frames, workspace.remarks, workspace.adjustment, workspace.inputs,
        workspace.detections, workspace.observations, workspace.unlocated,
    )  # fmt: skip


def _about(
    job: Job, frames: Sequence[Frame], located: Located, *, now: datetime
) -> dict[str, object]:
    """What a person wants to know of a patrol that is done; nothing is compared with it."""
    taken = sorted(frame.taken_at for frame in frames if frame.taken_at is not None)
    return {
        "patrol": job.patrol.name,
        "done_at": now.isoformat(timespec="seconds"),
        "photos_from": url_of(job.patrol.inputs.photos),
        "taken": [taken[0].isoformat(), taken[-1].isoformat()] if taken else None,
        "objects": dict(sorted(Counter(o.class_name for o in located.observations).items())),
        "aerogrid": job.version,
        "model_sha256": job.model_sha256,
    }


def _keep(job: Job, plan: str, done: Done, about: dict[str, object]) -> None:
    """Remember that a patrol is done, so that a person can read it, and forget its parts.

    They stay while a photo is to be tried again, so that no other has to be.
    """
    kept = {
        **about,
        "photos": done.photos,
        "unusable": dict(done.unusable),
        "detections": done.detections,
        "observations": done.observations,
        "searched_by": done.searched_by,
        "notes": done.notes,
        "unread": done.unread,
        "plan": plan,
    }
    job.finished.put(DONE, json.dumps(kept, ensure_ascii=False, indent=1).encode())
    if not done.unread:
        job.finished.clear(keep=DONE)


def done_before(job: Job, plan: str) -> Done | None:
    """What an earlier run has done; None where inputs or products are others now.

    None, too, where something searched that may not: a GPU, where this campaign uses none; and
    where a photo ended what read it, which may have been the machine's fault. The
    settings that the patrol remembers become those of now: its products depend on some of them
    alone, which are in the plan, and the verbs that come next on the others. What its tasks left,
    where the end came while they were forgotten, goes.

    Args:
        job: the patrol.
        plan: names all that its products depend on.
    """
    entry = job.finished.get(DONE)
    kept = {} if entry is None else json.loads(entry)
    if kept.get("plan") != plan or not {*kept["searched_by"]} <= {*job.searched_by}:
        return None
    if kept.get("unread"):
        return None
    if not _has_products(job, kept):
        return None
    with at_hand(job, [job.workspace.settings]) as here:
        _renew_settings(here, job)
    job.finished.clear(keep=DONE)
    return Done(
        photos=kept["photos"],
        unusable=tuple(kept["unusable"].items()),
        detections=kept["detections"],
        observations=kept["observations"],
        searched_by=tuple(kept["searched_by"]),
        notes=tuple(kept["notes"]),
        before=True,
    )


def _has_products(job: Job, kept: Mapping[str, Any]) -> bool:
    """Whether the products are those that were written; a store may tell without a copy."""
    stamps = _stamps(job)
    if stamps and stamps == kept.get("stamps"):
        return True
    with at_hand(job, [job.root]) as here:
        return all(
            path.is_file() and sha256_of(path) == kept["products"][path.name]
            for path in _products(here.workspace)
        )


def _stamps(job: Job) -> dict[str, list[object]]:
    """What a store tells of the products in it, as JSON has it; nothing of a folder's."""
    if not is_away(job.root):
        return {}
    told = stamps_below(job.root)
    names = [path.name for path in _products(job.workspace)]
    return {name: [*told[name]] for name in names if name in told}


def _renew_settings(here: Job, job: Job) -> None:
    path = here.workspace.settings
    before = path.read_bytes() if path.is_file() else None
    write_patrol_settings(here.workspace, job.settings)
    if path.read_bytes() != before:
        bring_back(here, job, [path])


def _entry(job: Job, name: str) -> bytes:
    content = job.finished.get(name)
    if content is None:
        job.finished.drop(name)
        raise PipelineError(
            f"{url_of(job.ledger / name)}: is gone or damaged. If another campaign writes "
            "into the same folder, let it end; then run the same command again."
        )
    return content


def _refuse_other_version(job: Job) -> None:
    if job.version != analysis.VERSION:
        raise PipelineError(
            f"a worker has aerogrid {analysis.VERSION}, the campaign was started by {job.version}; "
            "install the same version on all machines"
        )
