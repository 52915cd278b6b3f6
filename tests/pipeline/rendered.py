"""A patrol of four rendered photos around one planted boat, and one file that is no photo."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from geo.camera import Camera
from geo.pose import Attitude, GeoPoint, Pose
from geo.track import CameraEvent
from pipeline.inputs import Inputs
from simulations.exposures import TrueExposure
from simulations.layout import District
from simulations.light import Light
from simulations.photography import Roll, take_photos
from simulations.planting import Planted, plant
from simulations.recording import write_district
from simulations.town import make_district

CAMERA = Camera.centred(640, 480, 500.0)
NOW = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)


def cross_over(target: Planted, district: District) -> Roll:
    """Four exposures around one object, each seeing all of it."""
    exposures, events = [], []
    for index, (east, north) in enumerate([(-9, -6), (9, -6), (9, 6), (-9, 6)], start=1):
        x, y = target.x_m + east, target.y_m + north
        lon, lat = district.frame.lonlat_from_xy(np.array([[x, y]]))[0]
        position = GeoPoint(lon, lat, float(district.relief.height_at(x, y)) + 100.0)
        time = NOW + timedelta(seconds=2 * index)
        pose = Pose(position, Attitude(90.0, -90.0))
        exposures.append(TrueExposure(index, time, pose))
        events.append(CameraEvent(index, time, position, 100.0, pose.attitude))
    return Roll("test", tuple(exposures), tuple(events))


def make_photos(root: Path) -> Inputs:
    """Write the district and the photos; what a person would give to `ingest`."""
    district = make_district(2)
    planted = plant(district, district.patrol_codes, 2)
    boat = next(item for item in planted if item.class_name == "boat" and item.violation)
    folder = root / "district"
    write_district(folder, district, planted)
    take_photos(district, planted, cross_over(boat, district), CAMERA, root / "photos", Light())
    (root / "photos" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    return Inputs(root / "photos", folder / "cells.gpkg", folder / "zones.gpkg", folder / "dem.tif")
