"""Which points of an orthophoto does a photo show: control points from a map."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from shapely import Polygon

from geo.footprint import footprint
from geo.frames import Array, LocalFrame
from geo.placement import Placement
from geo.terrain import Terrain
from vision.control_points import ControlPoint
from vision.model import Frame
from vision.quality import is_worth_looking
from vision.tie_points import MATCHED_AT_PX, Indices, Picture, features_of, matches_of

MapWindow = tuple[Picture, Placement]
_SPREAD = 0.3  # of the footprint's size, by which the map is looked at beyond it
_FEWEST = 15
_MOST = 30
_TOLERANCE_SHARE = 0.006  # of the picture's width; relief and lens bend the plane


def marks_from_map(
    frames: Sequence[Frame],
    read: Callable[[Frame], Picture],
    read_map: Callable[[Polygon, float], MapWindow | None],
    terrain: Terrain,
    local: LocalFrame,
    *,
    map_sigma_m: float,
) -> tuple[ControlPoint, ...]:
    """Find points of photos on a map.

    Args:
        frames: photos; those with a pose are looked at.
        read: picture of a photo, at matching size or larger.
        read_map: picture of the map over an area in lon/lat degrees at a GSD in metres, None
            outside of it.
        terrain: ground heights, for the height of the points.
        local: frame of the area.
        map_sigma_m: one standard deviation of the map's place, which all points of a photo share.
    """
    marks: list[ControlPoint] = []
    for frame in frames:
        if frame.camera is None or frame.pose is None or not is_worth_looking(frame):
            continue
        outline = footprint(frame.camera, frame.pose, terrain, local)
        if outline is None or frame.gsd_m is None:
            continue
        size = max(outline.bounds[2] - outline.bounds[0], outline.bounds[3] - outline.bounds[1])
        coarse_m = frame.gsd_m * frame.width_px / MATCHED_AT_PX
        window = read_map(outline.buffer(_SPREAD * size), coarse_m)
        if window is not None:
            marks += _marks(frame, read(frame), window, terrain, map_sigma_m)
    return tuple(marks)


def _marks(
    frame: Frame, picture: Picture, window: MapWindow, terrain: Terrain, map_sigma_m: float
) -> list[ControlPoint]:
    map_picture, placement = window
    scale = MATCHED_AT_PX / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    photo = features_of(picture, frame.width_px)
    ground = features_of(map_picture, map_picture.shape[1], most=4000)
    first, second = matches_of(photo, ground)
    kept = _on_one_plane(photo.points_px[first], ground.points_px[second], frame.width_px)
    first, second = first[kept], second[kept]
    lonlat = placement.lonlat_from_pixels(ground.points_px[second])
    heights = terrain.altitudes_amsl_m(lonlat)
    known = np.flatnonzero(np.isfinite(heights))
    return [
        ControlPoint(
            name=f"{frame.photo_id}, map point {k}",
            lon_deg=float(lonlat[k, 0]),
            lat_deg=float(lonlat[k, 1]),
            altitude_m=float(heights[k]),
            photo=frame.path,
            x_px=float(photo.points_px[first[k], 0]),
            y_px=float(photo.points_px[first[k], 1]),
            # The points of one photo are off together, so their number adds nothing.
            sigma_m=map_sigma_m * float(np.sqrt(len(known))),
        )
        for k in known.tolist()
    ]


def _on_one_plane(photo_px: Array, map_px: Array, width_px: int) -> Indices:
    """Numbers of matches that one homography explains, at most `_MOST`, spread evenly."""
    if len(photo_px) < _FEWEST:
        return np.zeros(0, np.intp)
    cv2.setRNGSeed(0)
    _, mask = cv2.findHomography(map_px, photo_px, cv2.USAC_MAGSAC, _TOLERANCE_SHARE * width_px)
    good = np.zeros(0, np.intp) if mask is None else np.flatnonzero(mask.ravel() > 0)
    if len(good) < _FEWEST:
        return np.zeros(0, np.intp)
    chosen: Indices = good[np.linspace(0, len(good) - 1, min(_MOST, len(good))).astype(np.intp)]
    return chosen
