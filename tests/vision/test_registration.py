from dataclasses import replace
from functools import partial

import numpy as np
import rasterio
import shapely
from affine import Affine

from geo.raster import read_map
from tests.vision.scene import LOCAL
from tests.vision.test_adjustment import GROUND, PICTURE, adjusted, block, errors_m
from vision.registration import marks_from_map


def written_map(tmp_path):
    """The ground of the adjustment's tests as an orthophoto."""
    path = tmp_path / "map.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=600, height=600, count=3, dtype="uint8",
        crs=LOCAL.crs.to_wkt(), transform=Affine(0.2, 0, 12 - 60 - 0.1, 0, -0.2, 7 + 60 + 0.1),
    ) as out:  # fmt: skip
        out.write(np.repeat(PICTURE[None], 3, axis=0))
    return path


def test_photos_are_put_where_a_map_has_what_they_show(tmp_path):
    frames, pictures, truth = block(4, bias=(1.2, -0.8))
    marks = marks_from_map(
        frames,
        lambda frame: pictures[frame.photo_id],
        partial(read_map, written_map(tmp_path)),
        GROUND,
        LOCAL,
        map_sigma_m=0.3,
    )
    assert len({mark.photo for mark in marks}) == len(frames)
    without, done = adjusted(frames, pictures), adjusted(frames, pictures, control=marks)
    assert np.linalg.norm(errors_m(without.frames, truth).mean(axis=(0, 1))) > 1.0
    assert np.linalg.norm(errors_m(done.frames, truth).mean(axis=(0, 1))) < 0.25


def test_a_map_tells_photos_of_two_flights_with_one_file_name_apart(tmp_path):
    frames, pictures, truth = block(4, bias=(1.2, -0.8))
    alike = [replace(frame, path=f"{'ab'[k % 2]}/P{k // 2}.jpg") for k, frame in enumerate(frames)]
    marks = marks_from_map(
        alike,
        lambda frame: pictures[frame.photo_id],
        partial(read_map, written_map(tmp_path)),
        GROUND,
        LOCAL,
        map_sigma_m=0.3,
    )
    done = adjusted(alike, pictures, control=marks)
    assert np.linalg.norm(errors_m(done.frames, truth).mean(axis=(0, 1))) < 0.25


def test_a_map_is_read_around_a_place_at_the_scale_asked_for(tmp_path):
    area = LOCAL.to_lonlat(shapely.box(0, 0, 20, 10))
    picture, placement = read_map(written_map(tmp_path), area, 0.4)
    assert 24 <= picture.shape[0] <= 28
    assert 49 <= picture.shape[1] <= 53
    assert 0.38 < placement.gsd_m(picture.shape[1], picture.shape[0]) < 0.42
    far = LOCAL.to_lonlat(shapely.box(900, 900, 910, 910))
    assert read_map(written_map(tmp_path), far, 0.4) is None
