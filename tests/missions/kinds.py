"""What tests of all mission kinds share: ground, cells, and what photos and flights cover."""

import numpy as np
import shapely
from affine import Affine
from shapely import LineString, Polygon, box

from geo.footprint import footprint
from geo.pose import Attitude, GeoPoint, Pose
from geo.terrain import FlatTerrain, RasterTerrain
from missions.legs import legs
from tests.missions.shapes import FRAME

CELL = Polygon([(-900, -800), (900, -700), (1000, 600), (0, 900), (-800, 700)])
FIELDS = box(-700, -600, 800, 500).difference(box(-200, -200, 100, 300))


def hills(relief_m, pixel_m=30.0, count=160):
    """Waves of ground around the origin of the frame."""
    places = (np.arange(count) - count / 2 + 0.5) * pixel_m
    x, y = np.meshgrid(places, -places)
    heights = 50 + relief_m / 2 * (1 + np.sin(x / 260) * np.cos(y / 310))
    corner = count / 2 * pixel_m
    transform = Affine(pixel_m, 0, -corner, 0, -pixel_m, corner)
    return RasterTerrain(heights.astype(np.float32), transform, FRAME.crs)


def flown(sortie, *, camera_on=False):
    """Straight pieces of the path over ground in local metres."""
    wanted = [leg for leg in legs(sortie.home, sortie.items) if leg.camera_on or not camera_on]
    ends = [FRAME.xy_from_lonlat(np.array([leg.start[:2], leg.end[:2]])) for leg in wanted]
    return [LineString(piece) for piece in ends]


def stays_inside_its_fence(sortie, margin_m=15.0):
    inner = FRAME.to_local(sortie.fence).buffer(-margin_m)
    return all(inner.covers(piece) for piece in flown(sortie))


def poses(sortie):
    for photo in sortie.photos:
        altitude = sortie.home.altitude_amsl_m + photo.height_home_m
        place = GeoPoint(photo.lon_deg, photo.lat_deg, altitude)
        yield Pose(place, Attitude(photo.heading_deg, photo.pitch_deg))


def footprints(sorties, camera, terrain=None):
    """What each photo shows of the ground, local metres."""
    ground = terrain or FlatTerrain(0.0)
    outlines = [footprint(camera, pose, ground, FRAME) for s in sorties for pose in poses(s)]
    return [FRAME.to_local(outline) for outline in outlines if outline is not None]


def unseen_share(shape, sorties, camera, terrain=None):
    seen = shapely.union_all(footprints(sorties, camera, terrain))
    return shape.difference(seen).area / shape.area
