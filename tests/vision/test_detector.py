import cv2
import numpy as np
import pytest

from tests.vision.photos import GIMBAL, HEIGHTS, save_model, save_photo, textured
from vision.detector import OnnxDetector, detect_frames, open_detector
from vision.errors import ModelError, PhotoError
from vision.frames import read_frames
from vision.package import load_package
from vision.tiles import resized

pytest.importorskip("onnx")


@pytest.fixture
def detector(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    return open_detector(save_model(folder))


def red_square(left, top, side=120, size=(480, 640)):
    image = textured(size[1], size[0]) // 3
    image[top : top + side, left : left + side, 0] = 250
    return image


def photos(folder, count=1):
    for number in range(count):
        image = red_square(100 + 40 * number, 150)
        save_photo(folder / f"p{number}.jpg", image, xmp=GIMBAL | HEIGHTS)
    return read_frames(folder)


def test_maps_have_the_size_of_the_picture_and_the_values_of_the_model(detector):
    image = textured(200, 150)
    maps = detector.probabilities(image)
    np.testing.assert_allclose(maps, image.transpose(2, 0, 1) / 255, atol=1e-4)


def with_look(folder, table):
    """The detector of a model, and of the same one with a further look in its manifest."""
    manifest = save_model(folder)
    plain = open_detector(manifest)
    manifest.write_text(manifest.read_text(encoding="utf-8") + table, encoding="utf-8")
    return plain, open_detector(manifest)


def test_a_package_can_ask_for_a_far_look_at_some_classes(tmp_path):
    image = textured(200, 150)
    plain, looking = with_look(tmp_path, '[coarse]\nscale = 0.5\nclasses = ["smoke"]\n')
    near, both = plain.probabilities(image), looking.probabilities(image)
    np.testing.assert_array_equal(both[[0, 2]], near[[0, 2]])
    far = resized(image, 100, 75).transpose(2, 0, 1)[1] / 255
    expected = (near[1] + cv2.resize(far.astype(np.float32), (200, 150))) / 2
    np.testing.assert_allclose(both[1], expected, atol=1e-4)


def test_a_package_can_ask_for_the_mirror_image_of_what_may_be_some_class(tmp_path):
    image, sizes = textured(200, 150), []
    plain, detector = with_look(tmp_path, '[mirrored]\nclasses = ["smoke"]\nabove = 0.2\n')
    once, run = plain.probabilities(image), detector._maps
    detector._maps = lambda shown: sizes.append(shown.shape) or run(shown)
    np.testing.assert_allclose(detector.probabilities(image), once, atol=1e-6)
    assert len(sizes) == 2  # the model of the tests sees each pixel by itself: same answer
    detector.probabilities(np.zeros_like(image))
    assert len(sizes) == 3


def test_a_model_of_one_fixed_size_sees_whole_pictures_too(tmp_path):
    detector = OnnxDetector(load_package(save_model(tmp_path, side=128)))
    assert detector.probabilities(textured(200, 90)).shape == (3, 90, 200)


def test_normalisation_is_the_manifests(tmp_path):
    manifest = save_model(tmp_path)
    text = manifest.read_text().replace("mean = [0, 0, 0]", "mean = [0.5, 0, 0]")
    manifest.write_text(text.replace("std = [1, 1, 1]", "std = [0.5, 1, 2]"))
    maps = open_detector(manifest).probabilities(np.full((32, 32, 3), 204, np.uint8))
    np.testing.assert_allclose(maps[:, 5, 5], [0.6, 0.8, 0.4], atol=1e-4)


def test_what_is_in_a_photo_is_found_where_it_is(tmp_path, detector):
    frames = photos(tmp_path / "photos")
    ((frame, found),) = detect_frames(frames, tmp_path / "photos", detector)
    assert frame == frames[0]
    assert [d.class_name for d in found] == ["building"]
    assert found[0].polygon_px.bounds == pytest.approx((99.5, 149.5, 219.5, 269.5), abs=3)


def test_photos_come_in_order_one_by_one_whatever_the_workers(tmp_path, detector):
    frames = photos(tmp_path / "photos", 6)
    runs = [
        list(detect_frames(frames, tmp_path / "photos", detector, workers=workers))
        for workers in (1, 3)
    ]
    assert runs[0] == runs[1]
    assert [frame.photo_id for frame, _ in runs[0]] == [f"p{n}" for n in range(6)]


def test_only_a_few_photos_are_worked_on_ahead(tmp_path, detector):
    frames = photos(tmp_path / "photos", 6)
    taken = []
    running = detect_frames(
        (taken.append(f.photo_id) or f for f in frames), tmp_path / "photos", detector, workers=1
    )
    next(running)
    running.close()
    assert len(taken) == 3


def test_flawed_photos_are_passed_over(tmp_path, detector):
    folder = tmp_path / "photos"
    save_photo(folder / "a.jpg", np.full((480, 640, 3), 8, np.uint8), xmp=GIMBAL | HEIGHTS)
    (folder / "b.jpg").write_bytes(b"no photo")
    frames = read_frames(folder)
    assert list(detect_frames(frames, folder, detector)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_another_photo_in_the_place_of_the_one_that_was_read_is_refused(
    tmp_path, detector, workers
):
    frames = photos(tmp_path / "photos", 2)
    save_photo(tmp_path / "photos" / "p1.jpg", red_square(300, 150), xmp=GIMBAL | HEIGHTS)
    with pytest.raises(PhotoError, match=r"p1\.jpg: is another file.*aerogrid ingest"):
        list(detect_frames(frames, tmp_path / "photos", detector, workers=workers))


def test_a_photo_that_vanished_since_is_named(tmp_path, detector):
    frames = photos(tmp_path / "photos")
    (tmp_path / "photos" / "p0.jpg").unlink()
    with pytest.raises(PhotoError, match=r"p0\.jpg.*aerogrid ingest"):
        list(detect_frames(frames, tmp_path / "photos", detector))


def test_a_model_of_an_unknown_opset_is_refused(tmp_path):
    with pytest.raises(ModelError, match="opset"):
        open_detector(save_model(tmp_path, opset=99))


def test_a_model_with_other_classes_than_its_manifest_is_refused(tmp_path):
    manifest = save_model(tmp_path)
    text = manifest.read_text().replace(", 'boat'", "").replace("boat = 0.5", "")
    manifest.write_text(text)
    with pytest.raises(ModelError, match=r"3 maps.*2 classes"):
        open_detector(manifest)
