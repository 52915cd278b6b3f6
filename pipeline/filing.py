"""From objects on the ground to cases: the last stage of a patrol writes into the registry."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from shapely import Polygon

from cases.database import path_of
from cases.errors import FiledMeanwhileError
from cases.filing import propose
from cases.model import FilingResult, Findings, PatrolRecord
from cases.registry import Registry
from cases.rules import Rulebook
from pipeline import following
from pipeline.filings import filed_by, refuse_stale_observations, write_filing
from pipeline.ground import covered, flown_of
from pipeline.inputs import read_inputs
from pipeline.settings import Settings
from pipeline.surroundings import Surroundings, read_surroundings
from pipeline.telling import Note
from pipeline.workspace import Workspace, require
from vision.coco import check_photos, model_hash, search_scale
from vision.frame_table import read_frame_table
from vision.model import Frame, Observation
from vision.observations import observations_digest, read_observations
from vision.quality import is_worth_looking

FILING_WAIT_S = 600.0
"""How long a filing waits for its turn; one of 100,000 findings takes one to two minutes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is to be filed.

    Attributes:
        footprints: ground where not seeing a case makes it gone.
    """

    frames: Sequence[Frame]
    observations: Sequence[Observation]
    footprints: Sequence[Polygon]


@dataclass(frozen=True, slots=True)
class Filed:
    """What `file` made of the observations."""

    findings: Findings
    result: FilingResult


def file(
    workspace: Workspace, settings: Settings, *, now: datetime, note: Note | None = None
) -> Filed:
    """Apply the rules and file cases in one transaction; the same patrol twice changes nothing.

    `note` is told where the patrol was filed into another registry before.
    """
    if note is not None:
        _tell_other_registry(workspace, settings, note)
    frames = read_frame_table(require(workspace.frames, "ingest"))
    check_photos(require(workspace.detections, "detect"), frames)
    refuse_stale_observations(workspace)
    inputs = read_inputs(workspace)
    around = read_surroundings(inputs, settings)
    footprints = covered(frames, inputs, around.terrain, search_scale(workspace.detections))
    observations = read_observations(workspace.observations)
    seen = Seen(frames, observations, footprints)
    return file_seen(workspace, settings, seen, around, now=now)


def file_seen(
    workspace: Workspace,
    settings: Settings,
    seen: Seen,
    around: Surroundings,
    *,
    now: datetime,
) -> Filed:
    """File what was observed, with all that it is held against at hand."""
    observations, rulebook = seen.observations, around.rulebook
    patrol = replace(
        _patrol_record(seen.frames, model_hash(workspace.detections), rulebook, now),
        flown=flown_of(seen.frames, seen.footprints),
    )
    day = rulebook.local_day(patrol.flown_at, patrol.flown_at.date())
    findings = propose(
        observations,
        rulebook,
        around.zones,
        on=day if patrol.is_dated else None,
        cells=around.grid or (),
    )
    footprints = seen.footprints
    with Registry.open(registry_of(workspace, settings), lock_timeout_s=FILING_WAIT_S) as registry:
        store = partial(
            registry.file, findings=findings, rulebook=rulebook, footprints=footprints, now=now
        )
        patrol, result = _file_as_known(registry, patrol, store)
        following.filed(registry, patrol, result)
    digest = observations_digest(observations)
    write_filing(workspace, patrol, findings, result, observations=digest, by=settings.filing)
    return Filed(findings, result)


def _file_as_known(
    registry: Registry, patrol: PatrolRecord, store: Callable[[PatrolRecord], FilingResult]
) -> tuple[PatrolRecord, FilingResult]:
    """File a patrol by the name that the registry knows it by, also where it learns it just now."""
    known_as = registry.patrol_of(patrol.photo_sha256)
    named = replace(patrol, patrol_id=known_as) if known_as else patrol
    try:
        return named, store(named)
    except FiledMeanwhileError as error:
        named = replace(patrol, patrol_id=error.known_as)
        return named, store(named)


def _tell_other_registry(workspace: Workspace, settings: Settings, note: Note) -> None:
    before = filed_by(workspace)
    if before is None:
        return
    path = path_of(before.registry or workspace.registry)
    if path is not None and not path.exists():
        note(
            f"{path}: the case registry that this patrol was filed into is gone, with all that was "
            "decided in it; a backup of it can be brought back with `aerogrid restore`"
        )
    if before.registry != settings.filing.registry:
        note(
            f"this patrol was filed into {before.registry or workspace.registry} before, where its "
            f"cases stay; it is filed into {registry_of(workspace, settings)} now"
        )


def registry_of(workspace: Workspace, settings: Settings) -> str | Path:
    """Where the cases are kept: the district's registry, or the patrol's own."""
    return settings.filing.registry or workspace.registry


def _patrol_record(
    frames: Sequence[Frame],
    model_sha256: str,
    rulebook: Rulebook,
    now: datetime,
) -> PatrolRecord:
    """Name a patrol by its day and the photos that were searched."""
    times = [frame.taken_at for frame in frames if frame.taken_at is not None]
    flown_at = max(times, default=now)
    photos = {frame.photo_id: frame.sha256 for frame in frames if is_worth_looking(frame)}
    digest = hashlib.sha256("".join(sorted(photos.values())).encode()).hexdigest()[:8]
    day = f"{rulebook.local_day(flown_at, flown_at.date()):%Y%m%d}" if times else "undated"
    return PatrolRecord(
        f"{day}-{digest}",
        flown_at,
        model_sha256,
        photos,
        poses={frame.photo_id: frame.pose for frame in frames if frame.pose is not None},
        is_dated=bool(times),
    )
