"""How many photos see each square metre of an area."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Proj
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.camera import Camera
from geo.frames import Array, LocalFrame
from geo.pose import Attitude, GeoPoint, Pose, R_enu_from_camera
from geo.terrain import FlatTerrain, Terrain
from missions.errors import MissionError
from missions.model import Sortie

Counts = NDArray[np.uint16]
_MOST_PIXELS = 4_000_000
_LEAST_DOWN = 1e-3  # a ray this little below the horizon ends at the border of the map
_ROUNDING_PX = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class OverlapMap:
    """Photos that see each pixel of a map; rows run from north to south.

    Attributes:
        west_m, north_m: corner of the first pixel in the local frame.
        counts: (rows, columns) photos that see a pixel's centre.
        inside: (rows, columns) whether the centre lies in the area.
    """

    frame: LocalFrame
    west_m: float
    north_m: float
    pixel_m: float
    counts: Counts
    inside: NDArray[np.bool_]

    def share_seen(self, photos: int) -> float:
        """Share of the area that at least so many photos see."""
        return float((self.counts[self.inside] >= photos).mean())

    def bounds_lonlat(self) -> tuple[tuple[float, float], ...]:
        """Corners of the map, from the north-west one clockwise, lon/lat degrees."""
        rows, columns = self.counts.shape
        east, south = self.west_m + columns * self.pixel_m, self.north_m - rows * self.pixel_m
        ring = np.array(
            [(self.west_m, self.north_m), (east, self.north_m), (east, south), (self.west_m, south)]
        )
        return tuple((lon, lat) for lon, lat in self.frame.lonlat_from_xy(ring).tolist())

    def gaps_m(self, photos: int) -> BaseGeometry:
        """Ground of the area that fewer photos see, in local metres, as squares joined."""
        missing = self.inside & (self.counts < photos)
        edges = np.diff(np.pad(missing, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        row, start = np.nonzero(edges == 1)
        _, end = np.nonzero(edges == -1)
        north = self.north_m - row * self.pixel_m
        west, east = self.west_m + start * self.pixel_m, self.west_m + end * self.pixel_m
        return shapely.union_all(shapely.box(west, north - self.pixel_m, east, north))


def poses(sortie: Sortie) -> tuple[Pose, ...]:
    """Planned exposures of a sortie as poses."""
    base = sortie.home.altitude_amsl_m
    return tuple(
        Pose(
            GeoPoint(photo.lon_deg, photo.lat_deg, base + photo.height_home_m),
            Attitude(photo.heading_deg, photo.pitch_deg),
            source="planned",
        )
        for photo in sortie.photos
    )


def overlap_map(
    area: Polygon | MultiPolygon,
    seen_from: Sequence[Pose],
    camera: Camera,
    terrain: Terrain | None = None,
    *,
    pixel_m: float = 1.0,
) -> OverlapMap:
    """Count the photos that see each pixel of a map; ground never hides other ground.

    Args:
        area: lon/lat degrees.
        seen_from: planned or flown exposures.
        camera: that took them.
        terrain: heights of the ground; level ground at sea level if None.
        pixel_m: of the map, made coarser where it would have more than four million pixels.

    Raises:
        MissionError: the terrain does not know some ground of the area.
    """
    if not pixel_m > 0:
        raise ValueError(f"pixel_m must be above 0; got {pixel_m}")
    frame = LocalFrame.around(area)
    ground = _Ground.of(frame.to_local(area), frame, terrain or FlatTerrain(0.0), pixel_m)
    counts: Counts = np.zeros(ground.altitudes.shape, dtype=np.uint16)
    for position, rotation in _cameras(seen_from, frame):
        _add(counts, ground, camera, position, rotation)
    return OverlapMap(
        frame,
        float(ground.x[0] - ground.pixel_m / 2),
        float(ground.y[0] + ground.pixel_m / 2),
        ground.pixel_m,
        counts,
        ground.inside,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Ground:
    """Centres of the pixels: x (columns), y (rows), altitude (rows, columns)."""

    frame: LocalFrame
    pixel_m: float
    x: Array
    y: Array
    altitudes: Array
    inside: NDArray[np.bool_]
    lowest_m: float

    @classmethod
    def of(
        cls, area: BaseGeometry, frame: LocalFrame, terrain: Terrain, pixel_m: float
    ) -> "_Ground":
        west, south, east, north = area.bounds
        pixel = max(pixel_m, float(np.sqrt((east - west) * (north - south) / _MOST_PIXELS)))
        x = np.arange(west, east, pixel) + pixel / 2
        y = np.arange(north, south, -pixel) - pixel / 2
        shapely.prepare(area)
        inside = shapely.contains_xy(area, *np.meshgrid(x, y))
        if not inside.any():
            inside[len(y) // 2, len(x) // 2] = True
        places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        altitudes = np.full(len(places), np.nan)
        chosen = inside.ravel()
        lonlat = frame.lonlat_from_xy(places[chosen])
        altitudes[chosen] = terrain.altitudes_amsl_m(lonlat)
        unknown = np.flatnonzero(~np.isfinite(altitudes[chosen]))
        if len(unknown):
            lon, lat = lonlat[unknown[0]]
            raise MissionError(
                f"the terrain model does not know the ground at {lon:.6f}, {lat:.6f} (lon, lat); "
                "use one that covers the area"
            )
        lowest = float(altitudes[chosen].min())
        return cls(frame, pixel, x, y, altitudes.reshape(inside.shape), inside, lowest)


def _cameras(seen_from: Sequence[Pose], frame: LocalFrame) -> Iterator[tuple[Array, Array]]:
    """Position (3,) and rotation (3, 3) of each camera in the local frame.

    As geo.projection has them for one pose, with one call of the projection for all.
    """
    if not seen_from:
        return
    lonlat = np.array([(pose.position.lon_deg, pose.position.lat_deg) for pose in seen_from])
    convergence = Proj(frame.crs).get_factors(*lonlat.T).meridian_convergence
    xy = frame.xy_from_lonlat(lonlat)
    for pose, place, gamma_rad in zip(seen_from, xy, np.radians(convergence), strict=True):
        cos, sin = np.cos(gamma_rad), np.sin(gamma_rad)
        turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        position = np.array([*place, pose.position.altitude_amsl_m])
        yield position, turn @ R_enu_from_camera(pose.attitude)


def _add(counts: Counts, ground: _Ground, camera: Camera, position: Array, R: Array) -> None:
    """Count one photo where it sees the ground."""
    rows, columns = _window(ground, camera, position, R)
    altitudes = ground.altitudes[rows, columns]
    if altitudes.size == 0:
        return
    offset_x = (ground.x[columns] - position[0])[None, :]
    offset_y = (ground.y[rows] - position[1])[:, None]
    offset_z = altitudes - position[2]
    ahead = [offset_x * R[0, i] + offset_y * R[1, i] + offset_z * R[2, i] for i in range(3)]
    counts[rows, columns] += _in_picture(camera, *ahead)


def _in_picture(camera: Camera, right: Array, down: Array, ahead: Array) -> NDArray[np.bool_]:
    """Whether directions in the camera frame end in the picture."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if any(camera.distortion):
            rays = np.stack([right.ravel(), down.ravel(), ahead.ravel()], axis=1)
            rays = np.where(np.isfinite(rays), rays, -1.0)
            pixels = camera.pixels_from_rays(rays)
            x, y = pixels[:, 0].reshape(ahead.shape), pixels[:, 1].reshape(ahead.shape)
        else:
            x = right / ahead * camera.focal_px + camera.centre_x_px
            y = down / ahead * camera.focal_px + camera.centre_y_px
        edge = 0.5 + _ROUNDING_PX
        seen: NDArray[np.bool_] = (
            (ahead > 0)
            & (x >= -edge)
            & (x <= camera.width_px - 1 + edge)
            & (y >= -edge)
            & (y <= camera.height_px - 1 + edge)
        )
    return seen


def _window(ground: _Ground, camera: Camera, position: Array, R: Array) -> tuple[slice, slice]:
    """Rows and columns that a photo can see at most: its outline on the lowest ground."""
    rays = camera.rays_from_pixels(camera.border_pixels()) @ R.T
    depth = position[2] - ground.lowest_m
    if depth <= 0:
        return slice(0, 0), slice(0, 0)
    if not (rays[:, 2] < -_LEAST_DOWN).all():
        return slice(0, len(ground.y)), slice(0, len(ground.x))
    ends = position[:2] + rays[:, :2] * (depth / -rays[:, 2])[:, None]
    west, south = ends.min(axis=0) - ground.pixel_m
    east, north = ends.max(axis=0) + ground.pixel_m
    columns = np.searchsorted(ground.x, (west, east))
    rows = np.searchsorted(-ground.y, (-north, -south))
    return slice(int(rows[0]), int(rows[1])), slice(int(columns[0]), int(columns[1]))
