"""A small flat world with known objects, photographed with the errors that real poses have."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import shapely
from shapely import Polygon

from geo.camera import Camera
from geo.frames import Array, LocalFrame
from geo.pose import Attitude, GeoPoint, Pose, PoseSigma, R_enu_from_camera
from geo.projection import pixels_from_ground
from vision.intrinsics import attitude_from_R
from vision.model import Detection, Frame, SearchScale

LOCAL = LocalFrame(119.3, 33.2)
CAMERA = Camera.centred(1280, 960, 1000.0)
START = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
HEIGHT_M = 80.0
SCALE = SearchScale(0.1, (0.03, 0.25))


@dataclass(frozen=True, slots=True)
class Errors:
    """Standard deviations of a flight's poses, and what the model misses and invents.

    Height and attitude are wrong by as much in all photos of a flight, as a barometer and a mount
    are; only `single_m` is drawn for each photo.
    """

    shared_m: float = 1.5
    single_m: float = 0.3
    axis_deg: float = 0.3
    twist_deg: float = 0.5
    outline_m: float = 0.15
    missed_share: float = 0.1
    vertical_m: float = 1.0

    @property
    def sigma(self) -> PoseSigma:
        horizontal_m = float(np.hypot(self.shared_m, self.single_m))
        vertical_m = max(self.vertical_m, 0.01)
        return PoseSigma(max(horizontal_m, 0.01), vertical_m, self.axis_deg, self.twist_deg)


EXACT = Errors(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def square(x: float, y: float, side: float = 6.0) -> Polygon:
    return shapely.box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def pose_at(x: float, y: float, attitude: Attitude, sigma: PoseSigma | None = None) -> Pose:
    lon, lat = LOCAL.lonlat_from_xy(np.array([[x, y]]))[0]
    place = GeoPoint(float(lon), float(lat), HEIGHT_M)
    return Pose(place, attitude, sigma or PoseSigma(1.5, 1.0, 0.3, 0.5), "test")


def turned(attitude: Attitude, turn_deg: Array) -> Attitude:
    """The same attitude after a small turn about the camera's axes x, y and z."""
    x, y, z = np.radians(turn_deg)
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    R = R_enu_from_camera(attitude) @ (np.eye(3) + skew + skew @ skew / 2)
    return attitude_from_R(R)


def raised(pose: Pose, height_m: float) -> Pose:
    position = pose.position
    altitude_m = position.altitude_amsl_m + height_m
    return replace(pose, position=replace(position, altitude_amsl_m=altitude_m))


def frame_of(photo_id: str, pose: Pose | None, second: float = 0.0) -> Frame:
    return Frame(
        photo_id=photo_id,
        path=photo_id + ".jpg",
        sha256=photo_id.encode().hex(),
        width_px=CAMERA.width_px,
        height_px=CAMERA.height_px,
        taken_at=START + timedelta(seconds=second),
        camera=CAMERA,
        pose=pose,
        gsd_m=HEIGHT_M / CAMERA.focal_px,
    )


def outline_px(ground: Polygon, pose: Pose) -> tuple[Polygon, bool] | None:
    """Outline in the picture, clipped at its edge, and whether it was."""
    corners = shapely.get_coordinates(shapely.segmentize(ground, 2.0))
    points = pixels_from_ground(
        np.column_stack([corners, np.zeros(len(corners))]), CAMERA, pose, LOCAL
    )
    if not np.isfinite(points).all():
        return None
    picture = shapely.box(-0.5, -0.5, CAMERA.width_px - 0.5, CAMERA.height_px - 0.5)
    whole = Polygon(points)
    seen = whole.intersection(picture)
    if not isinstance(seen, Polygon) or seen.area < 0.2 * whole.area:
        return None
    return seen, seen.area < 0.999 * whole.area


def photograph(
    objects: list[Polygon],
    places: list[tuple[float, float]],
    errors: Errors,
    seed: int,
    *,
    class_name: str = "building",
    folder: str = "flight",
    pitch_deg: float = -90.0,
    turn_deg: float = 90.0,
) -> tuple[list[Frame], list[Detection], list[int]]:
    """Photos with measured poses, detections from true ones, and which object each one is.

    Every other photo is turned by `turn_deg`.
    """
    rng = np.random.default_rng(seed)
    bias = rng.normal(0, errors.shared_m, 2)
    height_m = rng.normal(0, errors.vertical_m)
    turned_deg = rng.normal(0, [errors.axis_deg, errors.axis_deg, errors.twist_deg])
    frames, detections, truth = [], [], []
    for number, (x, y) in enumerate(places):
        told = Attitude(turn_deg * (number % 2), pitch_deg)
        true = raised(pose_at(x, y, turned(told, turned_deg)), height_m)
        measured_xy = np.array([x, y]) + bias + rng.normal(0, errors.single_m, 2)
        measured = pose_at(*measured_xy, told, errors.sigma)
        photo = frame_of(f"{folder}/p{number:04d}", measured, 3.0 * number)
        frames.append(photo)
        for index, ground in enumerate(objects):
            if rng.random() < errors.missed_share:
                continue
            dx, dy = rng.normal(0, errors.outline_m, 2)
            found = outline_px(shapely.affinity.translate(ground, dx, dy), true)
            if found is None:
                continue
            outline, cut = found
            detections.append(Detection(photo.photo_id, class_name, 0.8, outline, cut))
            truth.append(index)
    return frames, detections, truth


def grid_of_places(size_m: float, step_m: float) -> list[tuple[float, float]]:
    along = np.arange(0, size_m + 1e-9, step_m)
    return [(float(x), float(y)) for y in along for x in along]


def renamed(frame: Frame, **changes: object) -> Frame:
    return replace(frame, **changes)  # type: ignore[arg-type]
