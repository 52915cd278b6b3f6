"""EDGE: the ground of a case before and after, cut out of the photos of two patrols."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image
from shapely import Polygon

from geo.frames import LocalFrame
from geo.orthophoto import orthophoto
from geo.projection import pixels_from_ground
from geo.terrain import Terrain
from pipeline.errors import PipelineError
from pipeline.ground import ground_of, known_terrain
from pipeline.inputs import read_inputs
from pipeline.settings import Settings
from pipeline.workspace import Workspace, read_json
from vision.errors import PhotoError
from vision.frame_table import read_frame_table
from vision.images import Picture, read_pinned_rgb
from vision.model import Frame
from vision.quality import shows_absence

MARGIN_M = 12.0
SIDE_PX = 640
_OUTLINE = (255, 45, 45)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The photos of one patrol and the ground below them."""

    photos: Path
    frames: tuple[Frame, ...]
    terrain: Terrain
    local: LocalFrame


def patrols_beside(workspace: Workspace) -> dict[str, Workspace]:
    """A patrol and those in the folders beside its own, by the names they were filed under."""
    beside = sorted(path for path in workspace.root.resolve().parent.iterdir() if path.is_dir())
    found: dict[str, Workspace] = {}
    for other in [*map(Workspace, beside), workspace]:
        if other.filing.is_file() and other.frames.is_file():
            try:
                found[str(read_json(other.filing)["patrol_id"])] = other
            except (PipelineError, KeyError, TypeError):
                continue  # some other program's file of that name
    return found


def open_shelf(workspace: Workspace, settings: Settings) -> Shelf | None:
    """Read what is needed to look for places in a patrol's photos; None without located ones."""
    frames = tuple(
        frame
        for frame in read_frame_table(workspace.frames)
        if shows_absence(frame) and frame.camera is not None and frame.pose is not None
    )
    if not frames:
        return None
    inputs = read_inputs(workspace)
    terrain, local = ground_of(frames, inputs, known_terrain(inputs, settings))
    return Shelf(inputs.photos, frames, terrain, local)


def picture_of(shelf: Shelf, place: Polygon) -> bytes:
    """Cut the ground around a place (lon/lat degrees), north up, as JPEG with its outline.

    The photo is the one from most straight above; what it does not show of the ground around is
    white. Empty where none shows all of the place, or none that does is still the file that was
    searched.
    """
    outline = shelf.local.to_local(place)
    bounds = _square(outline)
    for frame in _showing(shelf, bounds, outline):
        try:
            photo = read_pinned_rgb(shelf.photos / frame.path, frame.sha256)
        except (PhotoError, OSError):
            continue
        return _jpeg(_cut(photo, frame, shelf, bounds, outline))
    return b""


def _square(outline: Polygon) -> tuple[float, float, float, float]:
    west, south, east, north = outline.bounds
    half = max(east - west, north - south) / 2 + MARGIN_M
    x, y = (west + east) / 2, (south + north) / 2
    return x - half, y - half, x + half, y + half


def _showing(
    shelf: Shelf, bounds: tuple[float, float, float, float], outline: Polygon
) -> list[Frame]:
    """Photos with all of the outline, those of the whole square around it and upright first."""
    west, south, east, north = bounds
    square = np.array([[west, south], [east, south], [east, north], [west, north]])
    corners = np.vstack([shapely.get_coordinates(outline), square])
    heights = shelf.terrain.altitudes_amsl_m(shelf.local.lonlat_from_xy(corners))
    ground = np.column_stack([corners, heights])
    middle = corners.mean(axis=0)
    found = []
    for frame in shelf.frames:
        assert frame.camera is not None
        assert frame.pose is not None
        seen = pixels_from_ground(ground, frame.camera, frame.pose, shelf.local)
        last = (frame.camera.width_px - 1, frame.camera.height_px - 1)
        with np.errstate(invalid="ignore"):
            is_in: NDArray[np.bool_] = np.all((seen >= 0) & (seen <= last), axis=1)
        if is_in[: -len(square)].all():
            is_cut = not is_in.all()
            found.append((is_cut, _away_m(frame, shelf, middle), frame.photo_id, frame))
    return [entry[-1] for entry in sorted(found, key=lambda entry: entry[:-1])]


def _away_m(frame: Frame, shelf: Shelf, middle_m: np.ndarray) -> float:
    """Level distance of a camera from a place."""
    assert frame.pose is not None
    position = frame.pose.position
    camera = shelf.local.xy_from_lonlat(np.array([[position.lon_deg, position.lat_deg]]))[0]
    return float(np.hypot(*(camera - middle_m)))


def _cut(
    photo: Picture,
    frame: Frame,
    shelf: Shelf,
    bounds: tuple[float, float, float, float],
    outline: Polygon,
) -> Picture:
    assert frame.camera is not None
    assert frame.pose is not None
    gsd_m = (bounds[2] - bounds[0]) / SIDE_PX
    made = orthophoto(photo, frame.camera, frame.pose, shelf.terrain, shelf.local, bounds, gsd_m)
    picture = np.ascontiguousarray(made.picture[:, :, :3])
    picture[made.picture[:, :, 3] == 0] = 255
    pixels = (shapely.get_coordinates(outline) - (bounds[0], bounds[3])) / (gsd_m, -gsd_m)
    ring = np.round(pixels).astype(np.int32)
    cv2.polylines(picture, [ring], isClosed=True, color=_OUTLINE, thickness=2)
    return picture


def _jpeg(picture: Picture) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="JPEG", quality=88)
    return file.getvalue()


def shelves_of(
    workspaces: Mapping[str, Workspace], wanted: Sequence[str], settings: Settings
) -> dict[str, Shelf]:
    """Open the photos of the patrols that are wanted, as far as they are at hand."""
    opened = {
        name: open_shelf(workspaces[name], settings)
        for name in dict.fromkeys(wanted)
        if name in workspaces
    }
    return {name: shelf for name, shelf in opened.items() if shelf is not None}
