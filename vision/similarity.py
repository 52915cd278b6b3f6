"""Where on earth is a model without place, size and north: by the photos' own positions."""

from collections.abc import Mapping

import numpy as np
import shapely

from geo.frames import Array, LocalFrame
from geo.pose import GeoPoint
from geo.projection import place_and_attitude
from vision.errors import VisionError
from vision.pose_files import SFM_SIGMA, FoundPose, ModelPose

_FEWEST = 3
_LEAST_SPREAD = 0.05  # of the second principal axis against the first


def georeferenced(
    model: Mapping[str, ModelPose], places: Mapping[str, GeoPoint]
) -> dict[str, FoundPose]:
    """Turn, size and move a model so that its photos lie at their own positions on the whole.

    Args:
        model: poses by file name.
        places: measured positions by file name.

    Raises:
        VisionError: fewer than three photos in common, or all in one line.
    """
    names = sorted(model.keys() & places.keys())
    if len(names) < _FEWEST:
        raise VisionError(
            f"the model shares {len(names)} photos that have a position; {_FEWEST} are needed"
        )
    lonlat = np.array([[places[n].lon_deg, places[n].lat_deg] for n in names])
    local = LocalFrame.around(shapely.MultiPoint(lonlat))
    heights = [places[n].altitude_amsl_m for n in names]
    measured = np.column_stack([local.xy_from_lonlat(lonlat), heights])
    size, R, move = similarity(np.array([model[n].centre for n in names]), measured)
    found = {}
    for name, pose in model.items():
        place, attitude = place_and_attitude(size * R @ pose.centre + move, R @ pose.R, local)
        source = "COLMAP model at the photos' positions"
        found[name] = FoundPose(place, attitude, SFM_SIGMA, source)
    return found


def similarity(source: Array, target: Array) -> tuple[float, Array, Array]:
    """Size, rotation (3, 3), shift (3,) that bring points (N, 3) nearest to others (Umeyama 1991).

    Raises:
        VisionError: the points lie in one line, so that the rotation is free.
    """
    centre_s, centre_t = source.mean(axis=0), target.mean(axis=0)
    from_s, from_t = source - centre_s, target - centre_t
    u, values, vt = np.linalg.svd(from_t.T @ from_s / len(source))
    if values[1] < _LEAST_SPREAD**2 * values[0]:
        raise VisionError("the photos lie in one line, so the model could turn about it freely")
    sign = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    R = u @ sign @ vt
    size = float(np.trace(np.diag(values) @ sign) / from_s.var(axis=0).sum())
    return size, R, centre_t - size * R @ centre_s
