"""EDGE: which photos a folder holds, from where they were taken, and which can be used."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath

import numpy as np

from geo.camera import Camera
from geo.errors import CrsError
from geo.frames import LocalFrame
from geo.placement import Placement
from geo.pose import Pose
from geo.projection import ground_from_pixels, position_m
from geo.raster import holds_measures, read_placement
from geo.terrain import Terrain
from geo.track import CameraEvent
from vision import metadata
from vision.errors import PhotoError
from vision.heights import Altitude, choose_altitudes
from vision.images import Picture, list_photos, read_rgb, read_tags, sha256_of
from vision.intrinsics import intrinsics_of, turned_camera, turns_of
from vision.metadata import PhotoTags, Position
from vision.model import Frame
from vision.photo_poses import log_words, pose_of_photo
from vision.poses import ClockRules, match_events
from vision.quality import (
    Flaw,
    PictureLook,
    QualityLimits,
    find_duplicates,
    look_at,
    picture_flaws,
    size_flaws,
)
from vision.tie_points import MATCHED_AT_PX

_LOOK_PX = 1024
_MAP_SUFFIXES = (".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class ReadPhoto:
    """What one file says by itself; with the others it makes frames."""

    photo_id: str
    path: str
    sha256: str
    tags: PhotoTags | None
    look: PictureLook | None
    problem: str = ""
    placement: Placement | None = None


def read_frames(
    folder: Path,
    *,
    terrain: Terrain | None = None,
    events: Sequence[CameraEvent] = (),
    clock: ClockRules | None = None,
    limits: QualityLimits | None = None,
    trust_edited: bool = False,
    utc_offset_hours: float | None = None,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Frame, ...]:
    """Describe every photo below a folder, sorted by path; what is wrong stands in `reasons`.

    Args:
        folder: photos in any depth; photos of one folder are taken to be of one flight.
        terrain: ground heights, to choose between absolute and relative heights and for the GSD.
        events: shutter releases of the flight log, for photos without a pose of their own.
        clock: how far the camera's clock may be off, where photos are matched to events.
        limits: of quality.
        trust_edited: believe the pose of pictures that another program has saved.
        utc_offset_hours: of the camera's clock, for photos that do not say their time zone; None
            guesses it from the longitude and says so in the source of the pose.
        workers: files read at once.
        progress: called with the number of photos read and of all.

    Raises:
        PhotoError: the folder is missing or holds no photos.
    """
    return frames_of(
        read_photos(folder, workers=workers, progress=progress),
        terrain=terrain,
        events=events,
        clock=clock,
        limits=limits,
        trust_edited=trust_edited,
        utc_offset_hours=utc_offset_hours,
    )


def read_photos(
    folder: Path, *, workers: int = 2, progress: Callable[[int, int], None] | None = None
) -> list[ReadPhoto]:
    """Read every photo below a folder by itself, sorted by path; see `read_frames`."""
    named = photos_below(folder)
    photos: list[ReadPhoto] = []
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="photo") as pool:
        for photo in pool.map(read_photo, named, named.values(), [folder] * len(named)):
            photos.append(photo)
            if progress is not None:
                progress(len(photos), len(named))
    return photos


def photos_below(folder: Path) -> dict[str, Path]:
    """Photos below a folder by their names, sorted by path.

    Raises:
        PhotoError: the folder is missing or holds no photos.
    """
    paths = list_photos(folder)
    if not paths:
        raise PhotoError(f"{folder}: holds no photos (.jpg, .png, .tif, .webp); give their folder")
    ids = photo_ids([path.relative_to(folder) for path in paths])
    return dict(zip(ids, paths, strict=True))


def frames_of(
    photos: Sequence[ReadPhoto],
    *,
    terrain: Terrain | None = None,
    events: Sequence[CameraEvent] = (),
    clock: ClockRules | None = None,
    limits: QualityLimits | None = None,
    trust_edited: bool = False,
    utc_offset_hours: float | None = None,
) -> tuple[Frame, ...]:
    """Describe photos that were read, in the order given; for the arguments see `read_frames`."""
    limits = limits or QualityLimits()
    frames = _place(
        photos,
        terrain,
        events,
        clock,
        limits,
        trust_edited=trust_edited,
        utc_offset_hours=utc_offset_hours,
    )
    repeated = find_duplicates(frames, [photo.look for photo in photos], limits)
    return tuple(_with_reason(frame, repeated.get(frame.photo_id)) for frame in frames)


def read_for_matching(folder: Path, frame: Frame) -> Picture:
    """Picture of a photo below its folder, at least as large as matching needs."""
    scale = MATCHED_AT_PX / max(frame.width_px, frame.height_px)
    return read_rgb(folder / frame.path, scale=min(1.0, scale))


def photo_ids(paths: Sequence[Path]) -> list[str]:
    """Name photos by their paths without suffix; with it where two differ in nothing else."""
    bare = [path.with_suffix("").as_posix() for path in paths]
    return [
        path.as_posix() if bare.count(name) > 1 else name
        for name, path in zip(bare, paths, strict=True)
    ]


def read_photo(photo_id: str, path: Path, folder: Path) -> ReadPhoto:
    """Read one photo below a folder; a file that is no photo says so in its problem."""
    relative = path.relative_to(folder).as_posix()
    digest, tags = "", None
    try:
        digest = sha256_of(path)
        tags = read_tags(path)
        scale = min(1.0, _LOOK_PX / max(tags.width_px, tags.height_px))
        look = look_at(read_rgb(path, scale=scale))
        placement = read_placement(path) if path.suffix.lower() in _MAP_SUFFIXES else None
        if placement is not None and holds_measures(path):
            raise PhotoError(
                f"{path}: one band of decimal numbers on a map is no picture; "
                "take it out of the folder, and give heights by --dem"
            )
        return ReadPhoto(photo_id, relative, digest, tags, look, placement=placement)
    except (PhotoError, CrsError) as error:
        problem = str(error).removeprefix(f"{path}: ")
        return ReadPhoto(photo_id, relative, digest, tags, None, f"{Flaw.UNREADABLE}: {problem}")


def _with_reason(frame: Frame, reason: str | None) -> Frame:
    return frame if reason is None else replace(frame, reasons=(*frame.reasons, reason))


def _place(
    photos: Sequence[ReadPhoto],
    terrain: Terrain | None,
    events: Sequence[CameraEvent],
    clock: ClockRules | None,
    limits: QualityLimits,
    *,
    trust_edited: bool,
    utc_offset_hours: float | None,
) -> list[Frame]:
    positions = [metadata.position_of(p.tags) if p.tags else None for p in photos]
    altitudes = _altitudes_by_flight(photos, positions, terrain)
    times = [metadata.taken_at_of(p.tags, utc_offset_hours) if p.tags else None for p in photos]
    matched = match_events(times, events, clock)
    placed = []
    for photo, position, altitude, taken_at, event in zip(
        photos, positions, altitudes, times, matched.events, strict=True
    ):
        if photo.tags is None:
            placed.append(_unreadable(photo))
            continue
        if photo.placement is not None:
            placed.append(_orthophoto(photo, photo.tags, photo.placement, taken_at, limits))
            continue
        camera = _shown_camera(photo.tags)
        words = log_words(event, matched)
        pose, reasons = pose_of_photo(
            photo.tags, position, altitude, event, words, limits, utc_offset_hours
        )
        gsd = _gsd_m(camera, pose, position, terrain)
        edited = metadata.editing_reason(photo.tags)
        if edited is not None:
            reasons.append(f"{Flaw.EDITED}: {edited}; it may have been turned or cropped since")
        doubts = (
            metadata.time_doubt(photo.tags),
            metadata.zone_doubt(photo.tags, utc_offset_hours),
        )
        reasons += [f"{Flaw.CLOCK}: {doubt}" for doubt in doubts if doubt]
        if camera is None:
            reasons.append("no camera: no usable focal length in its tags and its model is unknown")
        width, height = metadata.displayed_size_px(photo.tags)
        found = Frame(
            photo_id=photo.photo_id,
            path=photo.path,
            sha256=photo.sha256,
            width_px=width,
            height_px=height,
            taken_at=taken_at if taken_at or event is None else event.time,
            camera=camera,
            pose=pose,
            gsd_m=gsd,
            reasons=(*_flaws(photo, photo.tags, limits), *reasons),
        )
        placed.append(found if edited is None or trust_edited else distrusted(found))
    return placed


def _orthophoto(
    photo: ReadPhoto,
    tags: PhotoTags,
    placement: Placement,
    taken_at: datetime | None,
    limits: QualityLimits,
) -> Frame:
    """Describe a picture with map coordinates; whatever made it, its pixels know their place."""
    width, height = tags.width_px, tags.height_px
    return Frame(
        photo_id=photo.photo_id,
        path=photo.path,
        sha256=photo.sha256,
        width_px=width,
        height_px=height,
        taken_at=taken_at,
        camera=None,
        pose=None,
        gsd_m=placement.gsd_m(width, height),
        reasons=tuple(_flaws(photo, tags, limits)),
        placement=placement,
    )


def distrusted(frame: Frame) -> Frame:
    """Take its pose from a picture that another program has saved."""
    if frame.pose is None:
        return frame
    reason = "no pose: an edited picture is not trusted; give the original file"
    return replace(frame, pose=None, reasons=(*frame.reasons, reason))


def _altitudes_by_flight(
    photos: Sequence[ReadPhoto], positions: Sequence[Position | None], terrain: Terrain | None
) -> list[Altitude | None]:
    flights: dict[PurePosixPath, list[int]] = {}
    for index, photo in enumerate(photos):
        flights.setdefault(PurePosixPath(photo.path).parent, []).append(index)
    altitudes: list[Altitude | None] = [None] * len(photos)
    for indices in flights.values():
        chosen = choose_altitudes([positions[i] for i in indices], terrain)
        for index, altitude in zip(indices, chosen, strict=True):
            altitudes[index] = altitude
    return altitudes


@lru_cache(maxsize=16)
def _frame_near(lon_deg: float, lat_deg: float) -> LocalFrame:
    return LocalFrame(lon_deg, lat_deg)


def _unreadable(photo: ReadPhoto) -> Frame:
    return Frame(
        photo.photo_id, photo.path, photo.sha256, 0, 0, None, None, None, None, (photo.problem,)
    )


def _flaws(photo: ReadPhoto, tags: PhotoTags, limits: QualityLimits) -> list[str]:
    flaws = [photo.problem] if photo.problem else []
    flaws += size_flaws(tags.width_px, tags.height_px, limits)
    if metadata.is_thermal(tags):
        flaws.append(f"{Flaw.THERMAL}: its colours are temperatures, the model knows daylight")
    elif photo.look is not None and not flaws:
        flaws += picture_flaws(photo.look, limits)
    return flaws


def _shown_camera(tags: PhotoTags) -> Camera | None:
    """Camera of the picture as it is shown; None when unknown or mirrored."""
    found, turns = intrinsics_of(tags), turns_of(tags)
    if found is None or turns is None:
        return None
    return turned_camera(found.camera, turns)


def _gsd_m(
    camera: Camera | None,
    pose: Pose | None,
    position: Position | None,
    terrain: Terrain | None,
) -> float | None:
    """Metres per pixel at the middle of the picture; None when the ground there is unknown."""
    if camera is None or pose is None:
        return None
    if terrain is not None:
        # Not one frame for all: a photo that claims to be elsewhere would move its middle.
        frame = _frame_near(round(pose.position.lon_deg, 1), round(pose.position.lat_deg, 1))
        return gsd_on(terrain, camera, pose, frame)
    if position is None or position.height_home_m is None:
        return None
    distance_m = position.height_home_m / np.sin(np.radians(-pose.attitude.pitch_deg))
    return float(distance_m / camera.focal_px) if distance_m > 0 else None


def gsd_on(terrain: Terrain, camera: Camera, pose: Pose, frame: LocalFrame) -> float | None:
    """Metres per pixel at the middle of a picture of known ground; None where it is unknown."""
    middle = np.array([[(camera.width_px - 1) / 2, (camera.height_px - 1) / 2]])
    ground = ground_from_pixels(middle, camera, pose, terrain, frame)[0]
    distance_m = float(np.linalg.norm(ground - position_m(pose, frame)))
    return distance_m / camera.focal_px if np.isfinite(distance_m) and distance_m > 0 else None


def flat_ground_amsl_m(frames: Iterable[Frame]) -> float | None:
    """Altitude of level ground that agrees with the photos' GSD, for places without a DEM.

    The median over the located photos of camera altitude less height above ground; None when no
    photo knows its height.
    """
    grounds = [
        f.pose.position.altitude_amsl_m
        - f.gsd_m * f.camera.focal_px * np.sin(np.radians(-f.pose.attitude.pitch_deg))
        for f in frames
        if f.camera is not None and f.pose is not None and f.gsd_m is not None
    ]
    return float(np.median(grounds)) if grounds else None
