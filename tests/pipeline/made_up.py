"""Filed patrols without photos: what a campaign and `file` leave of flights that saw nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from geo.camera import Camera
from geo.pose import Attitude, GeoPoint, Pose
from pipeline.filing import file
from pipeline.inputs import Inputs, write_inputs
from pipeline.settings import Filing, Settings
from pipeline.workspace import Workspace
from vision.coco import write_coco
from vision.frame_table import write_frames
from vision.model import Frame
from vision.observations import source_digest, write_observations
from vision.package import load_package

START = datetime(2026, 6, 10, 2, tzinfo=UTC)
CAMERA = Camera.centred(5280, 3956, 3700.0)
SIDE_DEG, STEP_DEG = 0.01, 0.0003  # between patrols and between photos; some 1000 and 30 m
ACROSS, ROW = 30, 32


def made_up_frames(nth: int, photos: int) -> list[Frame]:
    """Photos that look straight down from 100 m, in rows over a place and a day of their own."""
    west, south = 118.0 + SIDE_DEG * (nth % ACROSS), 31.0 + SIDE_DEG * (nth // ACROSS)
    return [_frame(nth, number, west, south) for number in range(photos)]


def _frame(nth: int, number: int, west: float, south: float) -> Frame:
    name = f"flight-{nth}/DJI_{number:04d}"
    lon, lat = west + STEP_DEG * (number % ROW), south + STEP_DEG * (number // ROW)
    return Frame(
        photo_id=name,
        path=f"{name}.JPG",
        sha256=sha256(name.encode()).hexdigest(),
        width_px=CAMERA.width_px,
        height_px=CAMERA.height_px,
        taken_at=START + timedelta(days=nth // ACROSS, seconds=2 * number),
        camera=CAMERA,
        pose=Pose(GeoPoint(lon, lat, 112.0), Attitude(0.0, -90.0), source="RTK"),
        gsd_m=100.0 / CAMERA.focal_px,
    )


def make_patrol(root: Path, frames: Sequence[Frame], photos: Path) -> Workspace:
    """Write what a campaign leaves of a patrol in which nothing was seen."""
    photos.mkdir(parents=True, exist_ok=True)
    workspace = Workspace(root)
    write_inputs(workspace, Inputs(photos))
    write_frames(workspace.frames, frames)
    write_coco(workspace.detections, frames, (), load_package(), searched_by={})
    made_from = source_digest(workspace.frames, workspace.detections)
    write_observations(workspace.observations, (), made_from)
    return workspace


def file_patrol(workspace: Workspace, registry: Path) -> None:
    """File it."""
    settings = Settings(filing=Filing(registry=str(registry)))
    file(workspace, settings, now=START + timedelta(days=400))
