"""EDGE: the folder of a demonstration: who may have it, and what an earlier run left in it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cases.lifecycle import Stage
from cases.registry import Registry
from flight.journal import SUMMARY_FILE
from flight.log import CAMERA_EVENTS_FILE, TRACK_FILE
from geo.files import require_writable
from pipeline.errors import PipelineError
from pipeline.own_folder import own_files
from pipeline.planning import own_plan_files
from pipeline.reporting import refuse_foreign_report
from pipeline.workspace import Workspace, read_json, write_json
from simulations.recording import DISTRICT_FILES

LOG_FILE = "flight.tlog"


def claim(workspace: Workspace, asked: Mapping[str, Any], *, again: bool) -> None:
    """Take the folder for a run: go on where one that was asked the same stopped, or start anew.

    Only files that a demonstration writes are ever removed, and no decision of a person without
    being told to.

    Raises:
        AerogridError: the folder cannot be written, is somebody else's, holds foreign files where
            a demonstration needs its own, or cases that somebody decided.
    """
    require_writable(workspace.demo)
    if workspace.root.exists() and any(workspace.root.iterdir()):
        earlier = _earlier(workspace)
        _refuse_foreign(workspace)
        refuse_foreign_report(workspace)
        if not again and earlier["asked"] == asked and "outcome" not in earlier:
            return
        if not again and _is_decided(workspace):
            raise PipelineError(
                f"{workspace.registry}: holds cases that somebody decided. Give another folder, "
                "or --again to remove them; nothing was changed."
            )
        write_json(workspace.demo, {"asked": asked})
        _remove(workspace)
    write_json(workspace.demo, {"asked": asked})


def _earlier(workspace: Workspace) -> dict[str, Any]:
    earlier = read_json(workspace.demo) if workspace.demo.exists() else {}
    if not isinstance(earlier, dict) or "asked" not in earlier:
        raise PipelineError(
            f"{workspace.root}: is not empty and was not made by a demonstration. "
            "Give another folder; nothing was changed."
        )
    return earlier


def _refuse_foreign(workspace: Workspace) -> None:
    """Refuse files of others among those that a run takes for its own; hidden ones do not count."""
    ours = set(_ours(workspace))
    for folder in _folders(workspace):
        for path in sorted(folder.rglob("*")):
            is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if not (is_hidden or path in ours) and (path.is_symlink() or not path.is_dir()):
                raise PipelineError(
                    f"{path}: was not written by a demonstration, and the next one would take it "
                    "for its own. Move it elsewhere; nothing was changed."
                )


def _folders(workspace: Workspace) -> tuple[Path, ...]:
    return workspace.root / "district", workspace.plan, workspace.flight, workspace.photos


def _ours(workspace: Workspace) -> Iterator[Path]:
    """Files that a demonstration has written, as far as they are there."""
    district, plan, flight, photos = _folders(workspace)
    yield from (district / name for name in DISTRICT_FILES)
    yield from (plan / name for name in own_plan_files(plan))
    for name in (LOG_FILE, TRACK_FILE, CAMERA_EVENTS_FILE, SUMMARY_FILE):
        yield from flight.glob(f"*/{name}")
    for path in photos.glob("*/*.jpg"):
        if re.fullmatch(re.escape(path.parent.name) + r"_\d{4,}\.jpg", path.name):
            yield path


def _products(workspace: Workspace) -> Iterator[Path]:
    """Files that the stages from photos to the bulletin have written."""
    yield from (workspace.inputs, workspace.settings, workspace.frames, workspace.remarks)
    yield from (workspace.adjustment, workspace.detections, workspace.detection_ledger)
    yield from (workspace.observations, workspace.unlocated, workspace.filing)
    yield from (workspace.found_sheet, workspace.case_sheet)
    for suffix in ("", "-wal", "-shm", ".heads"):
        yield Path(f"{workspace.registry}{suffix}")
    yield from (workspace.report / name for name in own_files(workspace.report))


def _remove(workspace: Workspace) -> None:
    """Remove what a demonstration writes, by name, and the folders that are empty then."""
    for path in [*_ours(workspace), *_products(workspace)]:
        path.unlink(missing_ok=True)
    for folder in (*_folders(workspace), workspace.overlays, workspace.report):
        below = [path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()]
        for path in [*sorted(below, reverse=True), folder]:
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()


def _is_decided(workspace: Workspace) -> bool:
    if not workspace.registry.exists():
        return False
    with Registry.open(workspace.registry) as registry:
        return any(entry.stage is not Stage.REPORTED for entry in registry.counts())
