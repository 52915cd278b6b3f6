"""EDGE: what the index of photos takes of a patrol's folder."""

from pathlib import Path
from typing import Any

from pipeline.errors import PhotoIndexError
from pipeline.ground import ground_of, known_terrain
from pipeline.inputs import patrol_settings, read_inputs
from pipeline.retiring import RETIRED, is_retired
from pipeline.stac import Flown, photo_items
from pipeline.workspace import Workspace, require
from vision.frame_table import read_frame_table
from vision.images import sha256_of


def refuse_folder_of_patrols(workspace: Workspace) -> None:
    """Refuse a folder that is no patrol and holds some, as that of a campaign does."""
    if workspace.frames.exists() or not workspace.root.is_dir():
        return
    below = sorted(path for path in workspace.root.iterdir() if Workspace(path).frames.is_file())
    if below:
        more = ", ..." if len(below) > 1 else ""
        raise PhotoIndexError(
            f"{workspace.root}: is no patrol, but holds some ({below[0].name}{more}). Give the "
            f"patrols themselves: {workspace.root}/*"
        )


def state_of(workspace: Workspace) -> str:
    """Hashes of what a patrol's photos in the index are made from."""
    frames, retired = require(workspace.frames, "ingest"), workspace.root / RETIRED
    return "+".join(map(sha256_of, (frames, retired) if retired.exists() else (frames,)))


def items_of(workspace: Workspace, folder: Path) -> list[dict[str, Any]]:
    """STAC items of a patrol's photos that were not retired, with links as seen from a folder."""
    frames = read_frame_table(workspace.frames)
    if not any(frame.is_located for frame in frames):
        return []
    inputs, settings = read_inputs(workspace), patrol_settings(workspace, None)
    terrain, local = ground_of(frames, inputs, known_terrain(inputs, settings))
    gone = is_retired(workspace)
    left = [frame for frame in frames if not gone(frame)]
    flown = Flown(workspace.root.resolve().name, left, inputs.photos, terrain, local, "", {})
    return [item | {"links": []} for item in photo_items(flown, folder)]
