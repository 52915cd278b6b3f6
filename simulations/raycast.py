"""Where the ray of each pixel meets the ground or what stands on it."""

from dataclasses import dataclass

import cv2
import numpy as np

from geo.camera import Camera
from geo.frames import LocalFrame
from geo.pose import Pose, R_enu_from_camera
from simulations.ground import GroundArea
from simulations.layout import Relief
from simulations.sheet import PIXELS_PER_M, Floats

LOWEST_RAY = 0.12
POOL_PX = 32
LOW_M = 12.0
# (from, to, step) in metres above ground: the march goes down with finer steps.
BANDS_M = ((24.0, LOW_M, 1.0), (LOW_M, 6.0, 0.5), (6.0, 0.0, 0.25))
REFINEMENTS = 4


@dataclass(frozen=True, slots=True)
class Rays:
    """One ray for each pixel, from one point; local metres.

    Attributes:
        gx: metres east for one metre down, (rows, columns).
        gy: metres north for one metre down.
    """

    x_m: float
    y_m: float
    z_m: float
    gx: Floats
    gy: Floats


@dataclass(frozen=True, slots=True)
class Hits:
    """What each ray meets.

    Attributes:
        x_m, y_m: bare ground under the ray if nothing stood there, local metres.
        column, row: pixel of the sheet that is seen.
        height_m: height above the bare ground that is seen.
    """

    x_m: Floats
    y_m: Floats
    column: Floats
    row: Floats
    height_m: Floats


def cast_rays(camera: Camera, pose: Pose, frame: LocalFrame) -> Rays:
    """Make the rays of all pixels; every pixel must look down at the ground."""
    place = pose.position
    x, y = frame.xy_from_lonlat(np.array([[place.lon_deg, place.lat_deg]]))[0]
    turn = np.radians(frame.convergence_deg(place.lon_deg, place.lat_deg))
    R_local_from_enu = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    R = (R_local_from_enu @ R_enu_from_camera(pose.attitude)).astype(np.float32)
    east, north, up = _directions(camera, R)
    if float(up.max()) > -LOWEST_RAY:
        raise ValueError("the camera sees the horizon; pitch_deg must keep every pixel on ground")
    return Rays(float(x), float(y), place.altitude_amsl_m, east / -up, north / -up)


def _directions(camera: Camera, R: np.ndarray) -> tuple[Floats, Floats, Floats]:
    if any(camera.distortion):
        column, row = np.meshgrid(np.arange(camera.width_px), np.arange(camera.height_px))
        pixels = np.column_stack([column.ravel(), row.ravel()]).astype(np.float64)
        rays = (camera.rays_from_pixels(pixels).astype(np.float32) @ R.T).reshape(
            camera.height_px, camera.width_px, 3
        )
        return rays[..., 0], rays[..., 1], rays[..., 2]
    u = ((np.arange(camera.width_px) - camera.centre_x_px) / camera.focal_px)[None, :]
    v = ((np.arange(camera.height_px) - camera.centre_y_px) / camera.focal_px)[:, None]
    u, v = u.astype(np.float32), v.astype(np.float32)
    scale = 1 / np.sqrt(u * u + v * v + 1)
    parts = [(R[i, 0] * u + R[i, 1] * v + R[i, 2]) * scale for i in range(3)]
    return parts[0], parts[1], parts[2]


def _relief_at(relief: Relief, x_m: Floats, y_m: Floats) -> Floats:
    u = (x_m - np.float32(relief.west_m)) / np.float32(relief.step_m)
    v = (y_m - np.float32(relief.south_m)) / np.float32(relief.step_m)
    height = cv2.remap(
        relief.heights_amsl_m, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(height, np.float32)


def meet_ground(rays: Rays, relief: Relief) -> tuple[Floats, Floats]:
    """Where the rays meet the bare ground, local metres."""
    middle = np.array([rays.x_m]), np.array([rays.y_m])
    z: Floats | np.float32 = np.float32(relief.height_at(*middle)[0])
    for _ in range(3):
        drop = np.float32(rays.z_m) - z
        x, y = np.float32(rays.x_m) + drop * rays.gx, np.float32(rays.y_m) + drop * rays.gy
        z = _relief_at(relief, x, y)
    return x, y


def meet_surface(rays: Rays, area: GroundArea) -> Hits:
    """Find the first thing that each ray meets, walls and crowns too.

    Height is marched above the bare ground below the final hit, which is exact on level ground;
    on a slope it errs by the slope times the relief displacement.
    """
    x, y = meet_ground(rays, area.relief)
    window = area.sheet.window
    column = x * PIXELS_PER_M - np.float32(window.left_px + 0.5)
    row = -y * PIXELS_PER_M - np.float32(window.top_px + 0.5)
    gu, gv = rays.gx * PIXELS_PER_M, -rays.gy * PIXELS_PER_M
    height = _march(area, column, row, gu, gv)
    return Hits(x, y, column - height * gu, row - height * gv, height)


def _march(area: GroundArea, column: Floats, row: Floats, gu: Floats, gv: Floats) -> Floats:
    raised = area.sheet.raised_cm
    top = _highest_near(raised, column, row, float(np.hypot(gu, gv).max()))
    height = np.zeros(column.size, np.float32)
    flat = [values.ravel() for values in (column, row, gu, gv)]
    pending = np.ones(column.size, bool)
    for start, stop, step in BANDS_M:
        chosen = np.flatnonzero(pending & (top.ravel() > stop))
        if len(chosen) == 0:
            continue
        found = _march_band(raised, [values[chosen] for values in flat], (start, stop, step))
        hit = found > 0
        height[chosen[hit]] = found[hit]
        pending[chosen[hit]] = False
    return height.reshape(column.shape)


def _march_band(
    raised: np.ndarray, rays: list[Floats], band_m: tuple[float, float, float]
) -> Floats:
    """Height at which each ray enters something in a band, 0 where it does not."""
    start, stop, step = band_m
    found = np.zeros(len(rays[0]), np.float32)
    open_rays = np.arange(len(found))
    inside = rays
    for height in np.arange(start - step, stop - 1e-6, -step):
        level = max(float(height), 0.12)
        hit = _raised_at(raised, inside, np.float32(level)) >= level * 100
        if hit.any():
            found[open_rays[hit]] = level
            keep = ~hit
            open_rays = open_rays[keep]
            inside = [values[keep] for values in inside]
    return _refine(raised, rays, found, step)


def _refine(raised: np.ndarray, rays: list[Floats], found: Floats, step: float) -> Floats:
    """Halve the interval between the last free and the first blocked height."""
    hit = np.flatnonzero(found)
    if len(hit) == 0:
        return found
    chosen = [values[hit] for values in rays]
    low, high = found[hit], found[hit] + np.float32(step)
    for _ in range(REFINEMENTS):
        middle = (low + high) / 2
        blocked = _raised_at(raised, chosen, middle) >= middle * 100
        low, high = np.where(blocked, middle, low), np.where(blocked, high, middle)
    found[hit] = low
    return found


def _raised_at(raised: np.ndarray, rays: list[Floats], height: Floats | np.float32) -> np.ndarray:
    column, row, gu, gv = rays
    rows, columns = raised.shape
    i = (row - height * gv + np.float32(0.5)).astype(np.int32)
    j = (column - height * gu + np.float32(0.5)).astype(np.int32)
    np.clip(i, 0, rows - 1, out=i)
    np.clip(j, 0, columns - 1, out=j)
    return np.asarray(raised.ravel().take(i * np.int32(columns) + j))


def _highest_near(raised: np.ndarray, column: Floats, row: Floats, reach: float) -> Floats:
    """Bound of the height that the ray of each pixel can meet."""
    height, width = raised.shape
    padded = cv2.copyMakeBorder(
        raised, 0, -height % POOL_PX, 0, -width % POOL_PX, cv2.BORDER_CONSTANT, value=0
    )
    pooled = padded.reshape(
        padded.shape[0] // POOL_PX, POOL_PX, padded.shape[1] // POOL_PX, POOL_PX
    ).max(axis=(1, 3))
    tall = pooled > LOW_M * 100
    low = _spread(np.where(tall, np.uint16(LOW_M * 100), pooled), LOW_M * reach)
    bound = np.maximum(low, _spread(np.where(tall, pooled, np.uint16(0)), BANDS_M[0][0] * reach))
    scale = np.float32(1 / POOL_PX)
    near = cv2.remap(
        bound.astype(np.float32) / 100, column * scale - 0.5, row * scale - 0.5, cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(near, np.float32)


def _spread(pooled: np.ndarray, reach_px: float) -> np.ndarray:
    size = 2 * (int(np.ceil(reach_px / POOL_PX)) + 1) + 1
    return np.asarray(cv2.dilate(pooled.astype(np.uint16), np.ones((size, size), np.uint8)))
