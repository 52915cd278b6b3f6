"""From photos to objects on the ground: one function per stage; each reads and writes files."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from cases.rules import Rulebook
from cases.zone_files import read_zones
from cases.zones import Zones
from geo.files import require_writable
from geo.grid import Grid
from geo.terrain import Terrain
from geo.track import CameraEvent
from pipeline import following
from pipeline.adjusting import adjust, check_control, control_points, map_points, write_adjustment
from pipeline.belonging import check_places, refuse_unknown_layers
from pipeline.errors import NoUsablePhotoError, PipelineError
from pipeline.ground import ground_of, known_terrain
from pipeline.inputs import Inputs, read_inputs, write_inputs, write_patrol_settings
from pipeline.ledger import Ledger
from pipeline.remarks import write_remarks
from pipeline.retiring import refuse_retired
from pipeline.settings import SHIPPED, Detecting, Settings
from pipeline.surroundings import read_cells, rulebook_for
from pipeline.telling import Note, Progress
from pipeline.workspace import Workspace, refuse_foreign_folder, require, write_json
from vision.adjustment import Adjustment
from vision.associate import associate
from vision.backends import open_backend
from vision.coco import check_photos, read_coco, search_scale, write_coco
from vision.detector import Detector, detect_frames
from vision.found_poses import with_found_poses
from vision.frame_table import read_frame_table, write_frames
from vision.frames import ReadPhoto, frames_of, read_photos
from vision.locate import footprints
from vision.locate import locate as locate_detections
from vision.model import Detection, Frame, Observation
from vision.observations import (
    source_digest,
    write_observations,
)
from vision.package import SHIPPED_MODEL, load_package
from vision.polygons import PolygonRules
from vision.pose_files import read_pose_file
from vision.poses import ClockRules
from vision.quality import is_worth_looking, with_accepted, with_scale_remarks
from vision.remarks import shared_remarks

VERSION = version("aerogrid")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What `ingest` read: photos, and how their poses were adjusted."""

    frames: tuple[Frame, ...]
    adjustment: Adjustment


@dataclass(frozen=True, slots=True)
class Located:
    """What `locate` made: objects on the ground, and what has no place, with reasons."""

    observations: tuple[Observation, ...]
    unlocated: tuple[tuple[str, str], ...]


def ingest(
    workspace: Workspace,
    inputs: Inputs,
    settings: Settings,
    progress: Progress | None = None,
    *,
    photos: Sequence[ReadPhoto] | None = None,
    events: Sequence[CameraEvent] = (),
    matching: Progress | None = None,
    note: Note | None = None,
) -> Ingested:
    """Read photos into frames and adjust their poses; what is wrong with one stands in its reasons.

    Cells, zones and the model are read once here, so that a file that cannot be used stops the
    patrol before its photos are searched. `photos` are those of the folder where they were read
    already; `events` pose photos whose tags have no pose; `matching` is told how far the adjustment
    is, `note` what should be known of the files, also where they are refused.

    Raises:
        AerogridError: a file cannot be used, or no photo can; nothing was written.
    """
    require_writable(workspace.frames)
    refuse_inside_photos(workspace, inputs)
    refuse_foreign_folder(workspace)
    refuse_retired(workspace.root)
    tell = note or (lambda said: None)
    grid = None if inputs.cells is None else read_cells(inputs.cells, settings.grids)
    for problem in () if grid is None else grid.problems:
        tell(f"{inputs.cells}: {problem}")
    rulebook = rulebook_for(settings, inputs)
    zones = None if inputs.zones is None else _read_zones(inputs.zones, rulebook)
    scale = load_package(manifest_of(settings.detecting.model)).scale
    control = control_points(inputs.control)
    poses = None if inputs.poses is None else read_pose_file(inputs.poses)
    terrain = known_terrain(inputs, settings)
    if photos is None:
        photos = read_photos(inputs.photos, progress=progress)
    frames = frames_of(
        photos,
        terrain=terrain,
        events=events,
        clock=ClockRules(settings.locating.most_clock_offset_s),
        trust_edited=settings.locating.adjust,  # the adjustment proves these or takes their pose
        utc_offset_hours=rulebook.utc_offset_hours,
    )
    if poses is not None:
        frames = with_found_poses(frames, poses, terrain)
    frames = with_accepted(frames, settings.detecting.accept)
    _require_usable(inputs, frames)
    for said in check_places(inputs, terrain, grid, zones, frames):
        tell(said)
    for said in check_control(inputs, control, frames, settings.locating):
        tell(said)
    control += map_points(frames, inputs.photos, inputs.ortho, terrain, settings.locating)
    adjustment = adjust(frames, inputs.photos, terrain, control, settings.locating, matching)
    adjusted = with_scale_remarks(adjustment.frames, scale)
    workspace.root.mkdir(parents=True, exist_ok=True)
    write_frames(workspace.frames, adjusted)
    write_remarks(workspace, adjusted)
    write_adjustment(workspace, adjustment)
    write_inputs(workspace, inputs)
    write_patrol_settings(workspace, settings)
    following.read(adjusted)
    return Ingested(adjusted, adjustment)


def _require_usable(inputs: Inputs, frames: Sequence[Frame]) -> None:
    """Refuse photos of which none can be searched, with the remarks on them."""
    if not any(is_worth_looking(frame) for frame in frames):
        remarks = shared_remarks(frames, named=len(frames))  # nothing is written that names them
        raise NoUsablePhotoError(inputs.photos, len(frames), remarks)


def refuse_inside_photos(workspace: Workspace, inputs: Inputs) -> None:
    """Refuse a patrol whose own pictures would be read as photos by the next run."""
    if workspace.root.resolve().is_relative_to(inputs.photos.resolve()):
        raise PipelineError(
            f"{workspace.root}: lies inside the photo folder {inputs.photos}, and its pictures "
            "would be taken for photos. Give a folder beside it."
        )


def _read_zones(path: Path, rulebook: Rulebook) -> Zones:
    zones = read_zones(path)
    refuse_unknown_layers(path, zones, rulebook)
    return zones


def detect(
    workspace: Workspace, settings: Settings, progress: Progress | None = None
) -> list[Detection]:
    """Search every usable photo; an interrupted search goes on where it stopped."""
    frames = read_frame_table(require(workspace.frames, "ingest"))
    inputs = read_inputs(workspace)
    _require_usable(inputs, frames)
    detector = opened(settings.detecting)
    wanted = [frame for frame in frames if is_worth_looking(frame)]
    digest, by = detector.package.digest, detector.runs_as
    keys = {frame.photo_id: search_key(frame, digest, by) for frame in wanted}
    ledger = Ledger(workspace.detection_ledger)
    found = {frame.photo_id: ledger.get(keys[frame.photo_id]) for frame in wanted}
    waiting = [frame for frame in wanted if found[frame.photo_id] is None]
    search = detect_frames(waiting, inputs.photos, detector, workers=settings.detecting.workers)
    try:
        for done, (frame, detections) in enumerate(search, start=len(wanted) - len(waiting) + 1):
            ledger.put(keys[frame.photo_id], detections)
            found[frame.photo_id] = detections
            following.searched(frame, detections)
            if progress is not None:
                progress(done, len(wanted))
    finally:
        ledger.close()
    detections = [item for frame in wanted for item in found[frame.photo_id] or ()]
    searched_by = dict.fromkeys(keys, by)
    write_coco(workspace.detections, frames, detections, detector.package, searched_by=searched_by)
    ledger.remove()
    return detections


def locate(workspace: Workspace, settings: Settings) -> Located:
    """Put detections on the ground and join those of one object."""
    frames = read_frame_table(require(workspace.frames, "ingest"))
    check_photos(require(workspace.detections, "detect"), frames)
    detections = read_coco(workspace.detections)
    inputs = read_inputs(workspace)
    terrain = known_terrain(inputs, settings)
    grid = None if inputs.cells is None else read_cells(inputs.cells, settings.grids)
    return locate_seen(workspace, settings, frames, detections, terrain=terrain, grid=grid)


def locate_seen(
    workspace: Workspace,
    settings: Settings,
    frames: Sequence[Frame],
    detections: Sequence[Detection],
    *,
    terrain: Terrain | None,
    grid: Grid | None,
) -> Located:
    """Locate what was searched and written just now, with all else at hand."""
    inputs = read_inputs(workspace)
    if not any(frame.is_located for frame in frames):
        failures = [(item.photo_id, "the photo has no pose") for item in detections]
        return write_located(workspace, Located((), tuple(failures)))
    ground, local = ground_of(frames, inputs, terrain)
    sightings, failures_ = locate_detections(
        detections,
        frames,
        ground,
        local,
        terrain_sigma_m=settings.locating.terrain_sigma_m,
        terrain_has_roofs=settings.locating.terrain_has_roofs,
        terrain_name="the terrain" if inputs.dem is None else inputs.dem.name,
    )
    clear = footprints(frames, ground, local, search_scale(workspace.detections))
    observations = associate(sightings, frames, grid, local=local, footprints=clear)
    following.objects(frames, observations)
    unlocated = [(failure.detection.photo_id, failure.reason) for failure in failures_]
    return write_located(workspace, Located(observations, tuple(unlocated)))


def manifest_of(model: str) -> Path:
    """Path of a model's manifest."""
    return SHIPPED_MODEL if model == SHIPPED else Path(model)


def opened(detecting: Detecting) -> Detector:
    """The model of the settings, in the program that they name."""
    return open_backend(manifest_of(detecting.model), detecting.backend)


def search_key(frame: Frame, model_sha256: str, runs_as: str) -> str:
    """Everything that the search of one photo depends on: photo, scale, model, rules, programs."""
    parts = (
        frame.photo_id, frame.sha256, frame.gsd_m, model_sha256, PolygonRules(), VERSION, runs_as,
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def write_located(workspace: Workspace, located: Located) -> Located:
    """Write what `locate` makes, from the frames and detections that are written already."""
    write_json(
        workspace.unlocated,
        [{"photo_id": photo_id, "reason": reason} for photo_id, reason in located.unlocated],
    )
    write_observations(
        workspace.observations,
        located.observations,
        made_from=source_digest(workspace.frames, workspace.detections),
    )
    return located
