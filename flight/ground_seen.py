"""How much of the planned ground a flight's photos really show; pure."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from geo.camera import Camera
from geo.footprint import footprint
from geo.frames import LocalFrame
from geo.pose import GeoPoint, Pose
from geo.terrain import FlatTerrain, Terrain
from geo.track import Track
from missions.model import Sortie
from missions.overlap import OverlapMap, overlap_map, poses

PIXEL_M = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class GroundSeen:
    """Ground that the planned photos show, and what of it was photographed.

    Attributes:
        share: of that ground that at least one exposure shows.
        median_planned, median_flown: photos that show a place of it, by plan and in flight.
        area: that ground, lon/lat degrees.
        seen: photos of the flight over it.
    """

    share: float
    median_planned: float
    median_flown: float
    area: Polygon | MultiPolygon
    seen: OverlapMap


def ground_seen(
    sortie: Sortie, track: Track, camera: Camera, terrain: Terrain | None = None
) -> GroundSeen | None:
    """Compare the ground in planned and taken photos; None where no photo was planned.

    Both hang on the planned home's altitude, as heights above home are measured better than
    altitudes. Level ground at home where there is no terrain.
    """
    ground = terrain or FlatTerrain(sortie.home.altitude_amsl_m)
    planned = poses(sortie)
    if not planned:
        return None
    frame = LocalFrame(sortie.home.lon_deg, sortie.home.lat_deg)
    outlines = [o for pose in planned if (o := footprint(camera, pose, ground, frame)) is not None]
    area = shapely.union_all(outlines)
    if not isinstance(area, Polygon | MultiPolygon) or area.is_empty:
        return None
    expected = overlap_map(area, planned, camera, ground, pixel_m=PIXEL_M)
    seen = overlap_map(area, flown_poses(sortie, track), camera, ground, pixel_m=PIXEL_M)
    return GroundSeen(
        share=seen.share_seen(1),
        median_planned=float(np.median(expected.counts[expected.inside])),
        median_flown=float(np.median(seen.counts[seen.inside])),
        area=area,
        seen=seen,
    )


def flown_poses(sortie: Sortie, track: Track) -> tuple[Pose, ...]:
    """Exposures of a flight, at their heights above the planned home."""
    base_m = sortie.home.altitude_amsl_m
    return tuple(
        Pose(_at(event.position, base_m + event.height_home_m), event.attitude, source="flown")
        for event in track.camera_events
    )


def _at(place: GeoPoint, altitude_amsl_m: float) -> GeoPoint:
    return replace(place, altitude_amsl_m=altitude_amsl_m)
