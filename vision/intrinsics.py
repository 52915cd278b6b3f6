"""Which camera took a photo: focal length, principal point, distortion, and turned pictures."""

import math
from dataclasses import dataclass, replace

import numpy as np

from geo.camera import Camera
from geo.pose import Attitude, R_enu_from_camera, attitude_from_R
from vision.metadata import (
    PhotoTags,
    dji,
    number_of,
    number_within,
    orientation_of,
    sensor_of,
    taken_size_px,
    text_of,
)

_FULL_FRAME_WIDTH_MM = 36.0
_QUARTER_TURNS = {1: 0, 6: 1, 3: 2, 8: 3}  # EXIF orientation -> quarter turns clockwise to show it
_NO_DISTORTION = (0.0, 0.0, 0.0, 0.0, 0.0)
_FOCAL_PX = (1.0, 1e7)  # beyond these no number is a focal length, whatever the camera
_FOCAL_MM = (0.1, 5000.0)
_FOCAL_SHARE = (0.1, 100.0)  # of the longer side: a view of 157 degrees, and of half a degree
_STRETCH = (0.3, 3.0)  # of a corner's distance from the middle by distortion


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """A camera for the picture as stored and where its focal length comes from."""

    camera: Camera
    source: str


def intrinsics_of(tags: PhotoTags) -> Intrinsics | None:
    """Find the camera of the picture as stored; None when no tag gives a focal length.

    In order: DewarpData (calibrated with distortion), CalibratedFocalLength, sensor table, 35 mm
    equivalent by width; what no lens could make is passed over. A picture that was made smaller
    keeps its camera, scaled.
    """
    width_px, height_px = taken_size_px(tags) or (tags.width_px, tags.height_px)
    for read, sigma_share in _READERS:
        found = read(tags, width_px, height_px)
        if found is not None:
            scaled = _resized(found.camera, tags.width_px, tags.height_px)
            if not _is_possible(scaled):
                continue
            return Intrinsics(replace(scaled, focal_sigma_share=sigma_share), found.source)
    return None


def _is_possible(camera: Camera) -> bool:
    """Whether a lens could make it: its view, its middle, and how far distortion moves a corner."""
    longer_px = max(camera.width_px, camera.height_px)
    if not _FOCAL_SHARE[0] <= camera.focal_px / longer_px <= _FOCAL_SHARE[1]:
        return False
    if not (
        0 <= camera.centre_x_px < camera.width_px and 0 <= camera.centre_y_px < camera.height_px
    ):
        return False
    k1, k2, p1, p2, k3 = camera.distortion
    corner = math.hypot(camera.width_px, camera.height_px) / 2 / camera.focal_px
    stretch = 1 + corner**2 * (k1 + corner**2 * (k2 + corner**2 * k3))
    is_slight = max(abs(p1), abs(p2)) * corner < _STRETCH[0]
    return is_slight and _STRETCH[0] <= stretch <= _STRETCH[1]


def _dewarp(tags: PhotoTags, width_px: int, height_px: int) -> Intrinsics | None:
    """DJI's factory calibration: `date;fx,fy,cx,cy,k1,k2,p1,p2,k3`, cx and cy from the middle."""
    text = tags.xmp.get("drone-dji:DewarpData", "")
    numbers = [number_of(part) for part in text.rpartition(";")[2].split(",")]
    values = [value for value in numbers if value is not None]
    if len(values) != 9 or len(numbers) != 9:
        return None
    fx, fy, cx, cy, *rest = values
    if number_within(fx, *_FOCAL_PX) is None or number_within(fy, *_FOCAL_PX) is None:
        return None
    # DewarpFlag 1: the drone has already taken the distortion out of the stored picture.
    straight = dji(tags, "DewarpFlag") == 1
    k1, k2, p1, p2, k3 = _NO_DISTORTION if straight else rest
    camera = Camera(
        width_px,
        height_px,
        math.sqrt(fx * fy),
        (width_px - 1) / 2 + cx,
        (height_px - 1) / 2 + cy,
        (k1, k2, p1, p2, k3),
    )
    return Intrinsics(camera, "DewarpData")


def _calibrated(tags: PhotoTags, width_px: int, height_px: int) -> Intrinsics | None:
    focal_px = number_within(dji(tags, "CalibratedFocalLength"), *_FOCAL_PX)
    if focal_px is None:
        return None
    centre_x = dji(tags, "CalibratedOpticalCenterX") or width_px / 2
    centre_y = dji(tags, "CalibratedOpticalCenterY") or height_px / 2
    camera = Camera(width_px, height_px, focal_px, centre_x - 0.5, centre_y - 0.5)
    return Intrinsics(camera, "CalibratedFocalLength")


def _by_sensor(tags: PhotoTags, width_px: int, height_px: int) -> Intrinsics | None:
    focal_mm = number_within(tags.exif.get("FocalLength"), *_FOCAL_MM)
    width_mm = sensor_of(tags).width_mm
    if focal_mm is None or width_mm is None:
        return None
    focal_px = focal_mm / width_mm * max(width_px, height_px)
    model = text_of(tags.exif.get("Model"))
    camera = Camera.centred(width_px, height_px, focal_px)
    return Intrinsics(camera, f"sensor table ({model}, {width_mm} mm wide)")


def _by_equivalent(tags: PhotoTags, width_px: int, height_px: int) -> Intrinsics | None:
    equivalent_mm = number_within(tags.exif.get("FocalLengthIn35mmFilm"), *_FOCAL_MM)
    if equivalent_mm is None:
        return None
    focal_px = equivalent_mm / _FULL_FRAME_WIDTH_MM * max(width_px, height_px)
    return Intrinsics(Camera.centred(width_px, height_px, focal_px), "35 mm equivalent by width")


# With the doubt of each: a calibration drifts with temperature, the designed value and the sensor's
# width hold for a model, not for one lens, and the equivalent is rounded to whole millimetres.
_READERS = ((_dewarp, 0.001), (_calibrated, 0.005), (_by_sensor, 0.005), (_by_equivalent, 0.02))


def _resized(camera: Camera, width_px: int, height_px: int) -> Camera:
    """Fit a camera to a picture that was made smaller or larger, or turned by a quarter."""
    if (width_px > height_px) != (camera.width_px > camera.height_px):
        camera = turned_camera(camera, 1)
    scale = width_px / camera.width_px
    if scale == 1 and height_px == camera.height_px:
        return camera
    return replace(
        camera,
        width_px=width_px,
        height_px=height_px,
        focal_px=camera.focal_px * scale,
        centre_x_px=(camera.centre_x_px + 0.5) * scale - 0.5,
        centre_y_px=(camera.centre_y_px + 0.5) * height_px / camera.height_px - 0.5,
    )


def turns_of(tags: PhotoTags) -> int | None:
    """Quarter turns clockwise from the stored to the shown picture; None for a mirrored one."""
    return _QUARTER_TURNS.get(orientation_of(tags))


def turned_camera(camera: Camera, quarter_turns: int) -> Camera:
    """Give the camera of a picture that was turned clockwise after it was taken."""
    for _ in range(quarter_turns % 4):
        k1, k2, p1, p2, k3 = camera.distortion
        camera = replace(
            camera,
            width_px=camera.height_px,
            height_px=camera.width_px,
            centre_x_px=camera.height_px - 1 - camera.centre_y_px,
            centre_y_px=camera.centre_x_px,
            # (p2, p1) is the direction of the tangential part, so it turns as a vector does.
            distortion=(k1, k2, p2, -p1, k3),
        )
    return camera


def turned_attitude(attitude: Attitude, quarter_turns: int) -> Attitude:
    """Give the attitude of a camera whose picture was turned clockwise after it was taken."""
    if quarter_turns % 4 == 0:
        return attitude
    angle = np.pi / 2 * quarter_turns
    cos, sin = round(np.cos(angle)), round(np.sin(angle))
    R_shown_from_stored = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return attitude_from_R(R_enu_from_camera(attitude) @ R_shown_from_stored.T)
