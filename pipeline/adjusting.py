"""Adjust the poses of a patrol's photos and keep what that changed."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import shapely
from threadpoolctl import threadpool_limits

from geo.frames import LocalFrame
from geo.raster import read_map
from geo.terrain import FlatTerrain, Terrain
from pipeline.inputs import Inputs
from pipeline.settings import Locating
from pipeline.workspace import Workspace, write_json
from vision.adjustment import Adjustment, AdjustmentRules, adjust_frames
from vision.control_points import ControlPoint, check_control_points, read_control_points
from vision.frames import flat_ground_amsl_m, read_for_matching
from vision.model import Frame
from vision.registration import marks_from_map

_DIGITS = 6


def control_points(path: Path | None) -> tuple[ControlPoint, ...]:
    """Marks of surveyed points, none without a file."""
    return () if path is None else read_control_points(path)


def check_control(
    inputs: Inputs, marks: Sequence[ControlPoint], frames: Sequence[Frame], settings: Locating
) -> list[str]:
    """Refuse marks of surveyed points that cannot be right; return what should be known of files.

    Raises:
        VisionError: a mark cannot be what it says it is.
    """
    given = [path for path in (inputs.control, inputs.ortho) if path is not None]
    if not settings.adjust:
        return [f"{path}: is not used, since poses are not adjusted" for path in given]
    if inputs.control is None:
        return []
    return check_control_points(inputs.control, marks, frames)


def map_points(
    frames: Sequence[Frame],
    photos: Path,
    ortho: Path | None,
    terrain: Terrain | None,
    settings: Locating,
) -> tuple[ControlPoint, ...]:
    """Points of photos found on an orthophoto, none without one or without ground heights."""
    level = flat_ground_amsl_m(frames)
    if ortho is None or not settings.adjust or (terrain is None and level is None):
        return ()
    places = [
        (f.pose.position.lon_deg, f.pose.position.lat_deg) for f in frames if f.pose is not None
    ]
    return marks_from_map(
        frames,
        partial(read_for_matching, photos),
        partial(read_map, ortho),
        terrain or FlatTerrain(level or 0.0),
        LocalFrame.around(shapely.MultiPoint(places)),
        map_sigma_m=settings.ortho_sigma_m,
    )


def adjust(
    frames: Sequence[Frame],
    photos: Path,
    terrain: Terrain | None,
    control: Sequence[ControlPoint],
    settings: Locating,
    progress: Callable[[int, int], None] | None = None,
) -> Adjustment:
    """Adjust poses as the settings say.

    Linear algebra runs on one thread: with several the last digits follow from their number, so
    the same photos would give other bytes on another machine, or on a worker of a cluster.
    """
    if not settings.adjust:
        return Adjustment(tuple(frames), why_not="locating.adjust is off")
    with threadpool_limits(limits=1, user_api="blas"):
        return adjust_frames(
            frames,
            partial(read_for_matching, photos),
            terrain,
            control=control,
            rules=AdjustmentRules(terrain_sigma_m=max(settings.terrain_sigma_m, 0.1)),
            progress=progress,
        )


def write_adjustment(workspace: Workspace, done: Adjustment) -> None:
    """Write what was changed, photo by photo; the poses themselves are in the frames."""
    write_json(
        workspace.adjustment,
        {
            "adjusted": not done.why_not,
            "why_not": done.why_not,
            "same_point_between_photos": {
                "before": None if done.before is None else _rounded(asdict(done.before)),
                "after": None if done.after is None else _rounded(asdict(done.after)),
            },
            "positions_ahead_of_pictures_s": _rounded(done.clock_s),
            "focal_length_changed_by_share": _rounded(done.focal_change_share),
            "control_points": done.control_points,
            "photos": [_rounded(asdict(change)) for change in done.changes],
        },
    )


def _rounded(value: Any) -> Any:
    """Numbers with as many digits as they are worth."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_rounded(item) for item in value]
    return round(value, _DIGITS) if isinstance(value, float) else value
