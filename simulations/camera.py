"""What a camera sees of an area from a true pose: the photo, and the truth behind it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from geo.camera import Camera
from geo.frames import LocalFrame
from geo.pose import Pose
from simulations.ground import GroundArea
from simulations.light import COARSE, SHADE_SCALE, Light, sunlit
from simulations.plume import Plume, PlumeKind
from simulations.raycast import Hits, Rays, cast_rays, meet_surface
from simulations.sheet import Bytes, Floats, Label
from simulations.smoke import shadow, veil
from simulations.walls import paint_walls

HAZE_COLOUR = np.array([206, 213, 220], np.float32)
SMOKE_ALPHA, WISP_ALPHA, FLAME_HIDDEN_ALPHA = 0.25, 0.1, 0.8
PREVIEW_STEP = 8


@dataclass(frozen=True, slots=True)
class Lens:
    """What optics and sensor do to a picture.

    Attributes:
        blur_px: sigma of the point spread.
        motion_px: length of the motion blur along the columns.
        noise: standard deviation of the noise, 0 to 255.
    """

    blur_px: float = 0.55
    motion_px: float = 0.6
    noise: float = 2.2
    vignette_share: float = 0.16
    exposure: float = 1.16


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture and the class of each of its pixels.

    Attributes:
        rgb: (rows, columns, 3) uint8.
        label: (rows, columns) uint8 of `sheet.Label`.
    """

    rgb: Bytes
    label: Bytes


def render(
    area: GroundArea, camera: Camera, pose: Pose, frame: LocalFrame, light: Light, rng: Generator,
    *, elapsed_s: float = 0.0, lens: Lens | None = None,
) -> Bytes:  # fmt: skip
    """Take a photo from the true pose, (rows, columns, 3) uint8 RGB.

    `frame` is the frame of the district that the area was built from; `elapsed_s` is how long
    smoke has drifted since the first photo.

    >>> from geo.pose import Attitude, GeoPoint
    >>> from simulations.ground import build_area
    >>> from simulations.town import make_district
    >>> district = make_district(3)
    >>> area = build_area(district, [], (-40, -40, 40, 40))
    >>> lon, lat = district.frame.lonlat_from_xy(np.array([[0.0, 0.0]]))[0]
    >>> pose = Pose(GeoPoint(lon, lat, 105.0), Attitude(0.0, -90.0))
    >>> camera = Camera.centred(320, 240, 500.0)
    >>> render(area, camera, pose, district.frame, Light(), np.random.default_rng(1)).shape
    (240, 320, 3)
    """
    return photograph(
        area, camera, pose, frame, light, rng, elapsed_s=elapsed_s, lens=lens or Lens()
    ).rgb


def photograph(
    area: GroundArea, camera: Camera, pose: Pose, frame: LocalFrame, light: Light, rng: Generator,
    *, elapsed_s: float = 0.0, lens: Lens,
) -> Photo:  # fmt: skip
    """Take a photo and keep which class each pixel shows."""
    rays = cast_rays(camera, pose, frame)
    hits = meet_surface(rays, area)
    _require_on_area(hits, area)
    label = _sample(area.sheet.label, hits, cv2.INTER_NEAREST)
    picture = _lit_ground(area, rays, hits, light, elapsed_s)
    _add_flames(picture, label)
    for plume in area.plumes:
        _add_plume(picture, label, plume, rays, hits, light, elapsed_s)
    _add_haze(picture, rays, hits, light)
    return Photo(_expose(picture, camera, lens, rng), label)


def _require_on_area(hits: Hits, area: GroundArea) -> None:
    window = area.sheet.window
    inside = (hits.column >= 0) & (hits.column < window.width)
    inside &= (hits.row >= 0) & (hits.row < window.height)
    share = float(inside.mean())
    if share < 0.5:
        raise ValueError(
            f"only {share:.0%} of the photo shows the built area; build an area that covers the "
            "camera's footprint"
        )


def _sample(raster: np.ndarray, hits: Hits, how: int) -> np.ndarray:
    border = cv2.BORDER_REFLECT_101 if how == cv2.INTER_LINEAR else cv2.BORDER_CONSTANT
    return np.asarray(cv2.remap(raster, hits.column, hits.row, how, borderMode=border))


def _lit_ground(area: GroundArea, rays: Rays, hits: Hits, light: Light, elapsed_s: float) -> Floats:
    """Colour of what is seen under sun and sky, 0 to 255, float32."""
    colour = _sample(area.sheet.albedo, hits, cv2.INTER_LINEAR).astype(np.float32)
    scale = np.float32(1 / COARSE)
    shade = cv2.remap(
        sunlit(area, light), hits.column * scale - 0.25, hits.row * scale - 0.25, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)  # fmt: skip
    shade *= np.float32(1 / SHADE_SCALE)
    for plume in area.plumes:
        part = _part_of(plume, rays, hits, light)
        if part is not None:
            shade[part] *= 1 - shadow(plume, hits.x_m[part], hits.y_m[part], light, elapsed_s)
    paint_walls(colour, shade, area, rays, hits, light)
    sun = np.array([1.02, 1.0 - 0.03 * light.warmth, 0.96 - 0.14 * light.warmth]) * light.sun_share
    sky = np.array([0.93, 1.0, 1.1]) * light.sky_share
    for channel in range(3):
        colour[..., channel] *= shade * np.float32(sun[channel]) + np.float32(sky[channel])
    return colour


def _add_flames(picture: Floats, label: Bytes) -> None:
    """Let flames shine by themselves and glow."""
    flame = label == Label.FLAME
    if not flame.any():
        return
    picture[flame] *= 1.22
    glow = cv2.GaussianBlur(flame.astype(np.float32), (0, 0), 5)
    picture += glow[..., None] * np.array([70, 34, 6], np.float32)


def _part_of(plume: Plume, rays: Rays, hits: Hits, light: Light) -> tuple[slice, slice] | None:
    """Rows and columns of the picture that a plume or its shadow may touch."""
    step = PREVIEW_STEP
    x, y = hits.x_m[::step, ::step], hits.y_m[::step, ::step]
    reach = plume.length_m * 1.1 + plume.width_m
    top = plume.source_height_m + plume.rise_share * plume.length_m
    slant = float(np.hypot(rays.gx[::step, ::step], rays.gy[::step, ::step]).max())
    reach += top * max(slant, 1 / np.tan(np.radians(light.sun_elevation_deg)))
    rows, columns = np.nonzero(np.hypot(x - plume.x_m, y - plume.y_m) < reach)
    if len(rows) == 0:
        return None
    return (
        slice(max(int(rows.min() - 1) * step, 0), int(rows.max() + 2) * step),
        slice(max(int(columns.min() - 1) * step, 0), int(columns.max() + 2) * step),
    )


def _add_plume(
    picture: Floats, label: Bytes, plume: Plume, rays: Rays, hits: Hits, light: Light,
    elapsed_s: float,
) -> None:  # fmt: skip
    part = _part_of(plume, rays, hits, light)
    if part is None:
        return
    seen = veil(
        plume, hits.x_m[part], hits.y_m[part], rays.gx[part], rays.gy[part], light, elapsed_s
    )
    alpha = seen.alpha[..., None]
    picture[part] = picture[part] * (1 - alpha) + seen.colour * alpha
    _mark_plume(label[part], seen.alpha, plume.kind)


def _mark_plume(label: Bytes, alpha: Floats, kind: PlumeKind) -> None:
    """Write the class of a plume: smoke, its thin border not judged, steam not judged."""
    if kind is PlumeKind.DUST:
        return
    flame = (label == Label.FLAME) & (alpha < FLAME_HIDDEN_ALPHA)
    thick = (alpha >= SMOKE_ALPHA) & ~flame
    label[thick] = Label.IGNORE if kind is PlumeKind.STEAM else Label.SMOKE
    wisps = (alpha >= WISP_ALPHA) & (alpha < SMOKE_ALPHA) & (label == Label.BACKGROUND)
    label[wisps] = Label.IGNORE


def _add_haze(picture: Floats, rays: Rays, hits: Hits, light: Light) -> None:
    """Veil the picture by the length of the way through the air."""
    slant = np.sqrt(1 + rays.gx**2 + rays.gy**2) * np.float32(rays.z_m / 100)
    lost = (1 - np.exp(-np.float32(light.haze_share) * slant))[..., None]
    picture += lost * (HAZE_COLOUR - picture)


def _expose(picture: Floats, camera: Camera, lens: Lens, rng: Generator) -> Bytes:
    """Send light through the lens onto the sensor."""
    if lens.motion_px > 1:
        length = int(np.ceil(lens.motion_px)) | 1
        picture = cv2.blur(picture, (1, length))
    picture = cv2.GaussianBlur(picture, (0, 0), lens.blur_px)
    u = ((np.arange(camera.width_px) - camera.centre_x_px) / camera.focal_px)[None, :]
    v = ((np.arange(camera.height_px) - camera.centre_y_px) / camera.focal_px)[:, None]
    gain = lens.exposure * (1 - lens.vignette_share * (u * u + v * v).astype(np.float32))
    shape = picture.shape[:2]
    grain = rng.standard_normal(shape, np.float32) * np.float32(lens.noise)
    tint = cv2.resize(
        rng.standard_normal((shape[0] // 2 + 1, shape[1] // 2 + 1, 3), np.float32),
        (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR,
    ) * np.float32(lens.noise * 0.8)  # fmt: skip
    out = picture * gain[..., None].astype(np.float32) + grain[..., None] + tint
    return np.asarray(np.clip(out + 0.5, 0, 255), np.uint8)
