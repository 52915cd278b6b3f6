import os
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from geo.camera import Camera
from geo.pose import Attitude, PoseSigma
from geo.projection import ground_from_pixels, pixels_from_ground, position_m
from geo.raster import read_terrain
from geo.terrain import FlatTerrain
from tests.vision.scene import LOCAL, frame_of, pose_at
from vision.adjustment import adjust_frames
from vision.control_points import ControlPoint
from vision.frames import read_for_matching, read_frames
from vision.locate import covariances_m2

DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[3] / "shared"))
BRIGHTON = DATA / "georef" / "brighton"
GROUND = FlatTerrain(0.0)
CAMERA = Camera.centred(400, 300, 312.0)
SIGMA = PoseSigma(1.0, 0.5, 0.8, 1.5)
ROWS = [(12.0 * i, 14.0 * j) for j in range(2) for i in range(3)]


def ground_picture():
    """Ground of 120 m x 120 m at 0.2 m a pixel, with something to see everywhere."""
    rng = np.random.default_rng(11)
    grey = np.zeros((600, 600), np.float32)
    for cells, weight in ((30, 60), (100, 60), (220, 50)):
        coarse = rng.random((cells, cells), np.float32)
        grey += weight * cv2.resize(coarse, (600, 600), interpolation=cv2.INTER_CUBIC)
    return np.clip(grey + 40, 0, 255).astype(np.uint8)


PICTURE = ground_picture()


def photograph(pose):
    """What the camera sees of the level ground, its middle at (12, 7) m."""
    x, y = np.meshgrid(np.arange(400.0), np.arange(300.0))
    pixels = np.column_stack([x.ravel(), y.ravel()])
    seen = ground_from_pixels(pixels, CAMERA, pose, GROUND, LOCAL)
    column = (seen[:, 0] - 12 + 60).reshape(300, 400) * 5
    row = (60 - (seen[:, 1] - 7)).reshape(300, 400) * 5
    grey = cv2.remap(PICTURE, column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR)
    return np.repeat(grey[:, :, None], 3, axis=2)


def block(seed, *, bias=(0.0, 0.0)):
    """Photos with measured poses that are off, their pictures, and their true poses."""
    rng = np.random.default_rng(seed)
    frames, pictures, truth = [], {}, {}
    for number, (x, y) in enumerate(ROWS):
        turn = rng.normal(0, 1, 3) * [1.5, 0.8, 0.8]
        true = pose_at(x, y, Attitude(10.0 + turn[0], -90 + turn[1], turn[2]))
        dx, dy = rng.normal(0, 0.25, 2) + bias
        measured = pose_at(x + dx, y + dy, Attitude(10.0, -90.0, 0.0), SIGMA)
        name = f"f/p{number}"
        frame = replace(
            frame_of(name, measured, 3.0 * number), camera=CAMERA, width_px=400, height_px=300,
            gsd_m=0.256,
        )  # fmt: skip
        frames.append(frame)
        pictures[name], truth[name] = photograph(true), true
    return frames, pictures, truth


def errors_m(frames, truth):
    """Distance between where each photo and the truth put some pixels."""
    pixels = np.array([[60.0, 60.0], [200.0, 150.0], [340.0, 250.0]])
    off = []
    for frame in frames:
        found = ground_from_pixels(pixels, frame.camera, frame.pose, GROUND, LOCAL)
        true = ground_from_pixels(pixels, CAMERA, truth[frame.photo_id], GROUND, LOCAL)
        off.append(found[:, :2] - true[:, :2])
    return np.array(off)


def adjusted(frames, pictures, **options):
    return adjust_frames(frames, lambda frame: pictures[frame.photo_id], GROUND, **options)


def doubt_m(frame):
    """One standard deviation of the ground in the middle of a photo."""
    pixel = np.array([[199.5, 149.5]])
    ground = ground_from_pixels(pixel, frame.camera, frame.pose, GROUND, LOCAL)
    rays = frame.camera.rays_from_pixels(pixel)
    east, _, north = covariances_m2(rays, ground, frame.pose, LOCAL, 0.0)[0]
    return float(np.sqrt((east + north) / 2))


@pytest.fixture(scope="module")
def six():
    frames, pictures, truth = block(1)
    return frames, pictures, truth, adjusted(frames, pictures)


def test_photos_agree_after_the_adjustment(six):
    frames, _, truth, done = six
    assert done.why_not == ""
    assert done.after.p95_m < 0.15 < 1.0 < done.before.p95_m
    between = errors_m(done.frames, truth) - errors_m(done.frames, truth).mean(axis=(0, 1))
    assert np.abs(between).max() < 0.25
    before = errors_m(frames, truth)
    assert (
        np.linalg.norm(errors_m(done.frames, truth), axis=-1).mean()
        < 0.5 * np.linalg.norm(before, axis=-1).mean()
    )


def test_the_new_pose_says_where_it_is_from_and_doubts_less(six):
    frames, _, _, done = six
    for before, after in zip(frames, done.frames, strict=True):
        assert "adjusted by" in after.pose.source
        assert after.pose.source.endswith(f"before: {before.pose.source}")
        assert after.pose.sigma.axis_deg < before.pose.sigma.axis_deg
        assert after.photo_id == before.photo_id


def test_adjusting_again_from_the_same_photos_gives_the_same(six):
    frames, pictures, _, done = six
    assert adjusted(frames, pictures).frames == done.frames


def test_a_photo_that_a_viewer_turned_is_named_and_used(six):
    frames, pictures, truth, _ = six
    turned = pictures | {"f/p2": np.ascontiguousarray(pictures["f/p2"][::-1, ::-1])}
    done = adjusted(frames, turned)
    assert [c.photo_id for c in done.changes if c.quarters] == ["f/p2"]
    assert any(r.startswith("turned: by 180 degrees") for r in done.frames[2].reasons)
    pixels = np.array([[60.0, 60.0], [340.0, 250.0]])
    shown = ground_from_pixels(pixels, CAMERA, done.frames[2].pose, GROUND, LOCAL)
    true = ground_from_pixels([399, 299] - pixels, CAMERA, truth["f/p2"], GROUND, LOCAL)
    assert np.abs(shown - true).max() < 1.0


def test_an_edited_photo_without_a_neighbour_loses_its_pose(six):
    frames, pictures, _, _ = six
    lonely = replace(
        frames[0], photo_id="f/far", pose=pose_at(900.0, 0.0, Attitude(0, -90)),
        reasons=("edited: last saved by 'a viewer'",),
    )  # fmt: skip
    done = adjusted([*frames, lonely], pictures | {"f/far": pictures["f/p0"]})
    assert done.frames[-1].pose is None
    assert "an edited picture is not trusted" in done.frames[-1].reasons[-1]
    assert all(frame.pose is not None for frame in done.frames[:-1])


def test_a_position_that_does_not_fit_its_neighbours_is_named(six):
    frames, pictures, truth, _ = six
    off = replace(frames[4], pose=pose_at(12.0, 22.0, Attitude(10.0, -90.0, 0.0), SIGMA))
    done = adjusted([*frames[:4], off, *frames[5:]], pictures)
    named = [f.photo_id for f in done.frames if any(r.startswith("odd pose") for r in f.reasons)]
    assert named == ["f/p4"]
    assert np.linalg.norm(errors_m(done.frames, truth)[4], axis=-1).max() < 1.0


def test_photos_of_nothing_in_common_stay_as_they_were():
    frames, pictures, _ = block(2)
    blank = {name: np.full_like(picture, 128) for name, picture in pictures.items()}
    done = adjusted(frames, blank)
    assert done.frames == tuple(frames)
    assert "no two photos show the same ground" in done.why_not
    assert "fewer than two photos" in adjusted(frames[:1], pictures).why_not


def test_control_points_take_out_what_all_positions_share():
    frames, pictures, truth = block(3, bias=(1.2, -0.8))
    marks = []
    for number, (x, y) in enumerate([(0.0, 0.0), (24.0, 0.0), (12.0, 14.0)]):
        lon, lat = LOCAL.lonlat_from_xy(np.array([[x, y]]))[0]
        for frame in frames:
            pixel = pixels_from_ground(
                np.array([[x, y, 0.0]]), CAMERA, truth[frame.photo_id], LOCAL
            )[0]
            if (pixel > 0).all() and (pixel < [399, 299]).all():
                name = frame.path.split("/")[-1]
                marks.append(ControlPoint(f"g{number}", lon, lat, 0.0, name, *pixel))
    without, with_marks = adjusted(frames, pictures), adjusted(frames, pictures, control=marks)
    assert np.linalg.norm(errors_m(without.frames, truth).mean(axis=(0, 1))) > 1.0
    assert np.linalg.norm(errors_m(with_marks.frames, truth), axis=-1).max() < 0.2
    assert with_marks.control_points == 3
    sigmas = [doubt_m(frame) for frame in with_marks.frames]
    assert max(sigmas) < 0.15 < 0.8 < doubt_m(without.frames[0])


@pytest.mark.skipif(not BRIGHTON.is_dir(), reason=f"the shared photos are not at {DATA}")
def test_real_photos_agree_and_those_turned_by_a_viewer_are_named(tmp_path):
    for n in (21, 22, 25, 26, 33, 34):
        shutil.copy(BRIGHTON / "images" / f"DJI_00{n}.JPG", tmp_path)
    terrain = read_terrain(BRIGHTON / "dsm.tif")
    frames = read_frames(tmp_path, terrain=terrain, trust_edited=True)
    done = adjust_frames(frames, partial(read_for_matching, tmp_path), terrain)
    assert {c.photo_id for c in done.changes if c.quarters == 2} == {"DJI_0025", "DJI_0026"}
    assert done.after.p95_m < 0.3
    assert done.before.p95_m > 2.0
    moved = [np.linalg.norm(c.moved_m) for c in done.changes]
    assert len(moved) == 6
    assert max(moved) < 2.0
    assert position_m(done.frames[0].pose, LOCAL)[2] == pytest.approx(198.0, abs=2.0)
