"""EDGE: which photos of a patrol nobody needs any more, and taking them away.

A photo stays where it is evidence of a case, whatever became of that; where any case that its
patrol has seen is still under way; where it is not old enough, or does not say when it was taken;
and where its file is no longer the one that was analysed. Frames, detections, observations and
cases stay whatever goes, and the history says what went.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cases.registry import Registry
from geo.files import WriteError
from pipeline.errors import PipelineError
from pipeline.filings import read_filing, refuse_stale_filing
from pipeline.inputs import read_inputs
from pipeline.workspace import Workspace, read_json, require, write_json
from vision.frame_table import read_frame_table
from vision.images import sha256_of
from vision.model import Frame

RETIRED = "retired.json"
"""File in a patrol's folder: photos that were taken away, with hash, time and size."""


@dataclass(frozen=True, slots=True)
class Retiring:
    """What would go of a patrol, and why the rest stays.

    Attributes:
        going: photos with their sizes in bytes.
        evidence: photos that stay since they are evidence.
        young: photos that stay since they are not old enough.
        undated: photos that stay since they do not say when they were taken.
        gone: photos whose files are not there.
        under_way: cases of the patrol for which all of its photos stay.
    """

    patrol_id: str
    going: tuple[tuple[Frame, int], ...]
    evidence: int
    young: int
    undated: int
    gone: int
    under_way: int

    @property
    def going_bytes(self) -> int:
        """Bytes that would be free."""
        return sum(size for _, size in self.going)


def what_would_go(workspace: Workspace, before: datetime) -> Retiring:
    """Tell which photos of a filed patrol nobody needs any more; changes nothing.

    Args:
        workspace: its cases are filed, as its folder holds them.
        before: photos taken from this time on stay.

    Raises:
        PipelineError: the patrol is not filed, or was analysed again since; then nothing says
            what its photos are evidence of.
    """
    refuse_stale_filing(workspace)
    record, folder = read_filing(workspace), read_inputs(workspace).photos
    frames = read_frame_table(require(workspace.frames, "ingest"))
    with Registry.open(record.by.registry or workspace.registry) as registry:
        under_way = registry.cases_under_way(record.patrol_id)
        evidence = registry.evidence_among({frame.sha256 for frame in frames})
    here = [frame for frame in frames if (folder / frame.path).is_file()]
    dated = [(frame, frame.taken_at) for frame in here if frame.taken_at is not None]
    old = [frame for frame, taken_at in dated if taken_at < before]
    free = [frame for frame in old if frame.sha256 not in evidence and not under_way]
    return Retiring(
        record.patrol_id,
        tuple((frame, (folder / frame.path).stat().st_size) for frame in free),
        evidence=sum(frame.sha256 in evidence for frame in here),
        young=len(dated) - len(old),
        undated=len(here) - len(dated),
        gone=len(frames) - len(here),
        under_way=under_way,
    )


def retire(workspace: Workspace, before: datetime, *, now: datetime) -> tuple[Retiring, list[str]]:
    """Take away what nobody needs any more; what went, and photos whose files are others now.

    What goes is first written into the patrol's folder and the history of its registry, so an end
    on the way leaves too much, never too little, and running it again takes the rest. What became
    evidence meanwhile stays.

    Raises:
        PipelineError: as `what_would_go`.
        WriteError: a file cannot be removed.
    """
    planned, folder = what_would_go(workspace, before), read_inputs(workspace).photos
    changed = [f.path for f, _ in planned.going if sha256_of(folder / f.path) != f.sha256]
    same = tuple(entry for entry in planned.going if entry[0].path not in changed)
    went = _written_down(workspace, replace(planned, going=same), now)
    for frame, _ in went.going:
        _remove(folder / frame.path)
    return went, changed


def _written_down(workspace: Workspace, planned: Retiring, now: datetime) -> Retiring:
    """Write down what goes: hashing took its time, so cases are asked again what they need."""
    hashes = {frame.sha256 for frame, _ in planned.going}
    if not hashes:
        return planned

    def written(free: frozenset[str]) -> dict[str, Any]:
        going = [entry for entry in planned.going if entry[0].sha256 in free]
        digest = _listed(workspace, going, now)
        return {"patrol": planned.patrol_id, "photos": len(going), "list_sha256": digest}

    with Registry.open(read_filing(workspace).by.registry or workspace.registry) as registry:
        free = registry.note_retiring(planned.patrol_id, hashes, written, now=now)
        evidence = registry.evidence_among(hashes - free)
        under_way = registry.cases_under_way(planned.patrol_id)
    return replace(
        planned,
        going=tuple(entry for entry in planned.going if entry[0].sha256 in free),
        evidence=planned.evidence + sum(f.sha256 in evidence for f, _ in planned.going),
        under_way=under_way,
    )


def refuse_retired(root: Path) -> None:
    """Refuse to analyse a patrol again of which photos were taken away: their findings would go.

    Raises:
        PipelineError: the patrol's folder lists photos that are gone.
    """
    if (root / RETIRED).exists():
        raise PipelineError(
            f"{root}: photos of this patrol were taken away ({RETIRED} lists them), so it is not "
            "analysed again; nothing was changed. Leave it out, or give a new folder."
        )


def is_retired(workspace: Workspace) -> Callable[[Frame], bool]:
    """Tell of each photo of a patrol whether it was taken away; another one by its name was not."""
    told = {path: item["sha256"] for path, item in _known(workspace).items()}
    return lambda frame: told.get(frame.path) == frame.sha256


def _known(workspace: Workspace) -> dict[str, dict[str, Any]]:
    path = workspace.root / RETIRED
    told: dict[str, dict[str, Any]] = read_json(path) if path.exists() else {}
    return told


def _listed(workspace: Workspace, going: Sequence[tuple[Frame, int]], now: datetime) -> str:
    """Put photos onto the list of those that are gone, and give the list's hash."""
    path, told = workspace.root / RETIRED, _known(workspace)
    write_json(path, told | {frame.path: _told(frame, size, now) for frame, size in going})
    return sha256_of(path)


def _told(frame: Frame, size: int, now: datetime) -> dict[str, Any]:
    assert frame.taken_at is not None  # others are not old enough
    return {
        "sha256": frame.sha256,
        "taken_at": frame.taken_at.isoformat(),
        "bytes": size,
        "retired_at": now.isoformat(),
    }


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise WriteError(
            f"{path}: cannot be removed ({error.strerror}). Give write permission to its folder "
            "and run the same command again."
        ) from error
