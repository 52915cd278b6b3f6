from datetime import UTC, datetime

import pytest
from PIL import Image

from geo.camera import Camera
from geo.pose import Attitude, GeoPoint, Pose
from geo.track import CameraEvent
from simulations.exposures import TrueExposure
from simulations.light import Light
from simulations.photography import Roll, take_photos
from simulations.town import make_district

NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
NADIR = Attitude(0.0, -90.0)


@pytest.fixture(scope="module")
def district():
    return make_district(4)


def roll_over(district, clock_error_s):
    ((lon, lat),) = district.frame.lonlat_from_xy([[0.0, 0.0]])
    place = GeoPoint(float(lon), float(lat), 120.0)
    truth = TrueExposure(1, NOON, Pose(place, NADIR), clock_error_s)
    return Roll("T-1", (truth,), (CameraEvent(1, NOON, place, 100.0, NADIR),))


@pytest.mark.parametrize("clock_error_s", [0.0, 0.437, -0.25])
def test_a_photos_time_is_the_cameras_own(district, tmp_path, clock_error_s):
    camera = Camera.centred(80, 60, 80.0)
    take_photos(district, (), roll_over(district, clock_error_s), camera, tmp_path, Light())
    (path,) = tmp_path.glob("*.jpg")
    with Image.open(path) as image:
        tags = image.getexif().get_ifd(0x8769)
    text = f"{tags[0x9003]}.{tags[0x9291]} {tags[0x9011]}"
    taken_at = datetime.strptime(text, "%Y:%m:%d %H:%M:%S.%f %z")
    assert (taken_at - NOON).total_seconds() == pytest.approx(clock_error_s, abs=1e-3)
