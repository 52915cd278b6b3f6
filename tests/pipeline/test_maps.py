"""A case's map shows the ground where it is."""

import numpy as np
import rasterio
import shapely

from geo.pose import Attitude
from geo.terrain import FlatTerrain
from pipeline.maps import write_case_map
from tests.vision.scene import CAMERA, LOCAL, frame_of, outline_px, pose_at, square


def test_a_thing_in_a_photo_is_drawn_at_its_place_on_the_map(tmp_path):
    pose = pose_at(0.0, 0.0, Attitude(30.0, -75.0))
    thing = square(4.0, 12.0, 8.0)
    seen, _ = outline_px(thing, pose)
    picture = np.full((CAMERA.height_px, CAMERA.width_px, 3), 90, np.uint8)
    x, y = np.meshgrid(np.arange(CAMERA.width_px), np.arange(CAMERA.height_px))
    picture[shapely.contains_xy(seen, x, y)] = (250, 10, 10)
    path = tmp_path / "case.tif"
    place = LOCAL.to_lonlat(thing)
    assert write_case_map(path, frame_of("a", pose), picture, place, FlatTerrain(0.0), LOCAL)
    with rasterio.open(path) as made:
        red = made.read(1) > 200
        rows, columns = np.nonzero(red)
        east, north = rasterio.transform.xy(made.transform, rows, columns)
        pixel_m = made.transform.a
        assert made.read(4).max() == 255
        assert made.colorinterp[3].name == "alpha"
        assert made.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert abs(red.sum() * pixel_m**2 - 64.0) < 2.0
    assert abs(np.mean(east) - 4.0) < 0.15
    assert abs(np.mean(north) - 12.0) < 0.15


def test_a_photo_without_a_pose_has_no_map(tmp_path):
    place = LOCAL.to_lonlat(square(0.0, 0.0))
    picture = np.zeros((960, 1280, 3), np.uint8)
    path = tmp_path / "case.tif"
    assert not write_case_map(path, frame_of("a", None), picture, place, FlatTerrain(0.0), LOCAL)
    assert not path.exists()


def test_the_same_photo_gives_the_same_bytes(tmp_path):
    pose = pose_at(0.0, 0.0, Attitude(30.0, -75.0))
    picture = np.random.default_rng(1).integers(0, 255, (960, 1280, 3), np.uint8)
    place = LOCAL.to_lonlat(square(4.0, 12.0, 30.0))
    paths = [tmp_path / "one.tif", tmp_path / "two.tif"]
    for path in paths:
        assert write_case_map(path, frame_of("a", pose), picture, place, FlatTerrain(0.0), LOCAL)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with rasterio.open(paths[0]) as made:
        assert made.overviews(1) or max(made.shape) <= 512
